"""The line under everything: file, size, scale and where it comes from; model, device and its speed."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from lungviewer.core.ct import CT
from lungviewer.core.image import ImageInfo
from lungviewer.core.types import SLIDE
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.names import shown
from lungviewer.ui.prose import Plain
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.words import scale_source

_DEVICES = {"cpu": "CPU", "cuda": "GPU (CUDA)", "directml": "GPU (DirectML)"}


class StatusLine(QWidget):
    """Reads the session; the main window tells it what the viewer has opened."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._info: ImageInfo | None = None
        self._image = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._image.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._model = Plain()
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(18)
        row.addWidget(self._image, 1)
        row.addWidget(self._model)
        session.current_changed.connect(self._another_image)
        session.outcome_changed.connect(self._outcome)
        session.model_changed.connect(self._show_model)
        session.model_changed.connect(self._show_image)  # in millimetres for a model of CT
        self._show_model()

    @Slot(object)
    def show_info(self, info: ImageInfo) -> None:
        """What the viewer has opened."""
        self._info = info
        self._show_image()

    @Slot()
    def _another_image(self) -> None:
        self._info = None
        self._show_image()

    @Slot(object)
    def _outcome(self, path: object) -> None:
        if path == self._session.current:
            self._show_model()

    @Slot()
    def _show_image(self) -> None:
        current, info = self._session.current, self._info
        parts = [] if current is None else [shown(self._session.opened.name_of(current))]
        if info is not None:
            parts.append(self.tr("{w} × {h} pixels").format(w=info.width, h=info.height))
            spec = self._session.spec
            if info.kind == CT:
                parts += self._ct_scale()
            elif info.um_per_px is None and spec is not None and spec.modality == CT:
                parts.append(self.tr("mm per pixel unknown"))
            elif info.um_per_px is None:
                parts.append(self.tr("µm per pixel unknown"))
            else:
                number = QLocale().toString(info.um_per_px, "g", 4)
                source = scale_source(info.um_per_px_source)
                parts.append(self.tr("{number} µm per pixel ({source})").format(number=number, source=source))
        self._image.setText("  ·  ".join(parts))

    def _ct_scale(self) -> list[str]:
        series = self._session.series()
        if series is None:
            return []
        if series.spacing_mm is None:
            return [self.tr("mm per pixel unknown")]
        number = QLocale().toString(series.spacing_mm[0], "g", 3)
        return [self.tr("{number} mm per pixel").format(number=number)]

    @Slot()
    def _show_model(self) -> None:
        info = self._session.engine_info
        if self._session.engine_error is not None:
            self._model.setText(self.tr("No model"))
            return
        if info is None:
            self._model.setText(self.tr("Loading the model …"))
            return
        made = info.provenance
        parts = [f"{made.model} {made.model_version}", _DEVICES.get(made.device, made.device)]
        record = self._session.record(self._session.current) if self._session.current else None
        if record is not None and record.seconds and record.tiles:
            rate = QLocale().toString(record.seconds / record.tiles * 1000, "f", 0)
            kinds = {SLIDE: self.tr("{ms} ms per tile"), CT: self.tr("{ms} ms per slice")}
            text = kinds.get(record.kind, self.tr("{ms} ms per field"))
            parts.append(text.format(ms=rate))
        self._model.setText("  ·  ".join(parts))

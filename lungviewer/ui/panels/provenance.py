"""What made the answer, so that it can be made again."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.types import ImageRecord
from lungviewer.ui.ct.facts import series_facts
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.icons import icon
from lungviewer.ui.mapping.facts import slide_facts
from lungviewer.ui.names import tooltip
from lungviewer.ui.panels.shown import Shown
from lungviewer.ui.prose import Plain
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.words import scale_source

_EIGHT_BITS = " int8"
_HASH_SHOWN = 12


class ProvenanceSection(QWidget):
    """Facts about image, model and machine; all of them can be copied."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._facts: dict[str, str] = {}
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self._grid.setVerticalSpacing(2)
        self.rows: list[tuple[QLabel, ElidedLabel]] = []
        self.copy = QPushButton(icon("copy"), self.tr("Copy all of this"))
        self.copy.clicked.connect(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        column.addLayout(self._grid)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)

    def show_state(self, state: Shown) -> None:
        self._facts = self._image_facts(state)
        if state.record is not None:
            made_here = state.result is not None and state.result.record == state.record
            self._facts |= self._model_facts(state.record, made_here)
        while len(self.rows) < len(self._facts):
            self._add_row()
        for (name, value), (fact, text) in zip(self.rows, self._facts.items(), strict=False):
            name.setText(fact)
            shown = text[:_HASH_SHOWN] + "…" if fact == "SHA-256" else text
            value.setText(shown)
            value.setToolTip(tooltip(text))
            value.setAccessibleName(f"{fact}: {text}")
        for row, widgets in enumerate(self.rows):
            for widget in widgets:
                widget.setVisible(row < len(self._facts))
        self.copy.setEnabled(bool(self._facts))

    def facts(self) -> dict[str, str]:
        """What is shown, whole, by its name."""
        return dict(self._facts)

    def _add_row(self) -> None:
        row = len(self.rows)
        name, value = Plain(), ElidedLabel()
        name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._grid.addWidget(name, row, 0)
        self._grid.addWidget(value, row, 1)
        self.rows.append((name, value))

    def _image_facts(self, state: Shown) -> dict[str, str]:
        if state.path is None:
            return {}
        record, series = state.record, self._session.series(state.path)
        if series is not None:
            return series_facts(series, self._session.slice.index)
        facts = {self.tr("File"): state.path.name}
        if record is not None and record.width_px is not None:
            facts[self.tr("Size")] = self.tr("{width} × {height} px").format(
                width=record.width_px, height=record.height_px
            )
            facts |= self._scale(state, record)
        if state.result is not None and state.result.slide is not None and state.spec is not None:
            facts |= slide_facts(state.result.slide, state.spec)
        return facts

    def _scale(self, state: Shown, record: ImageRecord) -> dict[str, str]:
        if record.um_per_px is None:
            return {self.tr("Scale"): self.tr("unknown")}
        source = "" if state.result is None else state.result.um_per_px_source
        if state.path is not None and self._session.scale_of(state.path) is not None:
            source = "user"
        number = QLocale().toString(record.um_per_px, "g", 4)
        return {
            self.tr("Scale"): self.tr("{number} µm/px").format(number=number),
            self.tr("Stated by"): scale_source(source),
        }

    def _model_facts(self, record: ImageRecord, made_here: bool) -> dict[str, str]:
        """What made the answer. Which version of the program wrote a row of a scan, the row does not say."""
        eight = record.backend.endswith(_EIGHT_BITS)
        info = self._session.engine_info
        program = f"lungviewer {info.provenance.app_version}" if info is not None and made_here else ""
        facts = {
            self.tr("Model"): record.model,
            self.tr("Version"): record.model_version,
            "SHA-256": record.model_sha256,
            self.tr("Backend"): record.backend.removesuffix(_EIGHT_BITS),
            self.tr("Device"): record.device,
            self.tr("Precision"): self.tr("8 bits") if eight else self.tr("32 bits"),
            self.tr("Program"): program,
            self.tr("Analysed"): record.analysed_at.replace("T", " ").replace("+00:00", " UTC"),
        }
        return {name: text for name, text in facts.items() if text}

    @Slot()
    def _copy(self) -> None:
        lines = [self.tr("Research use only, not for diagnosis.")]
        lines += [f"{name}: {text}" for name, text in self._facts.items()]
        QGuiApplication.clipboard().setText("\n".join(lines))

"""What few people change about a scan: overlay pictures, precision, scale."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.model import ModelSpec
from lungviewer.packs.names import MODEL_INT8
from lungviewer.ui.batch.state import BatchOptions
from lungviewer.ui.path_line import PathLine
from lungviewer.ui.settings import Settings


class OptionsBox(QWidget):
    """Folded away until it is asked for."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._more = QToolButton()
        self._more.setText(self.tr("More options"))
        self._more.setAutoRaise(True)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.clicked.connect(self._toggle)
        self._draw = QCheckBox(self.tr("&Draw a picture with the explanation for every image"))
        self._overlays = PathLine(self.tr("Folder for the pictures"), self.tr("Choose …"))
        self._precision = QComboBox()
        self._precision.setAccessibleName(self.tr("Precision"))
        self._precision.addItem(self.tr("32 bits: what the model card's figures are about"), "fp32")
        self._precision.addItem(self.tr("8 bits: faster, rounds more"), "int8")
        self._scale = QDoubleSpinBox()
        self._scale.setAccessibleName(self.tr("Micrometres per pixel of all images"))
        self._scale.setDecimals(4)
        self._scale.setRange(0, 20)
        self._scale.setSingleStep(0.05)
        self._scale.setSpecialValueText(self.tr("what each file says"))
        self._scale.setSuffix(self.tr(" µm per pixel"))
        self._scale.setKeyboardTracking(False)
        self._lay_out()
        self.reset(settings)
        self._draw.toggled.connect(self._told)
        self._overlays.given.connect(self._folder_given)
        self._overlays.asked.connect(self._choose)
        self._precision.currentIndexChanged.connect(self._told)
        self._scale.valueChanged.connect(self._told)

    def reset(self, settings: Settings) -> None:
        """As the settings have it."""
        self._draw.setChecked(False)
        self._chosen = False
        self._overlays.show_text("")
        self._precision.setCurrentIndex(max(0, self._precision.findData(settings.precision)))
        self._scale.setValue(0)
        self._unfold(False)

    def options(self, fresh: bool) -> BatchOptions:
        """What is chosen now."""
        folder = self._overlays.text().strip()
        return BatchOptions(
            overlays=Path(folder).expanduser() if self._draw.isChecked() and folder else None,
            precision=self._precision.currentData(),
            um_per_px=self._scale.value() or None,
            fresh=fresh,
        )

    def propose_overlays(self, report: Path) -> None:
        """A folder beside the report, unless one was chosen."""
        if not self._chosen:
            self._overlays.show_text(str(report.with_name(f"{report.stem} pictures")))

    def take_spec(self, spec: ModelSpec | None) -> None:
        """Offer eight bits only when the pack has them."""
        has = spec is None or MODEL_INT8 in spec.files
        item = self._precision.model().item(1)
        if item.isEnabled() != has:
            item.setEnabled(has)
            if not has:
                self._precision.setCurrentIndex(0)

    @Slot()
    def _toggle(self) -> None:
        self._unfold(self._body.isHidden())

    def _unfold(self, on: bool) -> None:
        self._body.setVisible(on)
        self._more.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)

    @Slot()
    def _folder_given(self) -> None:
        self._chosen = True
        self._told()

    @Slot()
    def _told(self) -> None:
        self._overlays.setEnabled(self._draw.isChecked())
        self.changed.emit()

    @Slot()
    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder for the pictures"), self._overlays.text()
        )
        if folder:
            self._overlays.take(Path(folder))

    def _lay_out(self) -> None:
        self._overlays.setEnabled(False)
        self._body = QWidget()
        form = QFormLayout(self._body)
        form.setContentsMargins(24, 0, 0, 0)
        form.addRow(self._draw)
        form.addRow(self.tr("Pictures into"), self._overlays)
        form.addRow(self.tr("Precision"), self._precision)
        form.addRow(self.tr("Scale"), self._scale)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._more)
        column.addWidget(self._body)

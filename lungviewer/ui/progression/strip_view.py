"""A strip: pictures along the stage axis side by side, under each its place and what the classifier says."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lungviewer.core.model import ModelSpec
from lungviewer.core.simulator import SimulatorSpec, Step, stage_label
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.panels.bars import Bars
from lungviewer.ui.progression.judged import class_bars, malignant_words, trust_words
from lungviewer.ui.progression.picture import SquarePicture

_SMALLEST_PX = 84


class StripCell(QWidget):
    """One picture with its words."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = SquarePicture(self.tr("Picture of the strip"), _SMALLEST_PX)
        self.stage, self.malignant = ElidedLabel(), ElidedLabel()
        for label in (self.stage, self.malignant):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.bars = Bars(self.tr("Calibrated probabilities"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.picture, 1)
        for part in (self.stage, self.malignant, self.bars):
            column.addWidget(part)

    def show_step(self, step: Step, spec: SimulatorSpec, classifier: ModelSpec | None) -> None:
        place = f"{step.stage:.2f}  {stage_label(spec.stages, step.stage)}"
        call = malignant_words(step, classifier)
        trust = trust_words(step.prediction)
        self.picture.show_grey(step.image, ", ".join(part for part in (place, call, trust) if part))
        self.stage.setText(place)
        self.malignant.setText(call)
        self.malignant.setVisible(bool(call))
        self.malignant.setToolTip(trust)
        bars, faded = class_bars(step, classifier)
        self.bars.show_bars(bars, faded=faded)


class StripView(QWidget):
    """As many cells as steps."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[StripCell] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(10)
        self.setAccessibleName(self.tr("Strip along the stage axis"))

    def show_steps(self, steps: tuple[Step, ...], spec: SimulatorSpec, classifier: ModelSpec | None) -> None:
        """Cells are kept where their number stays, so that nothing jumps."""
        while len(self.cells) > len(steps):
            cell = self.cells.pop()
            self._row.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        while len(self.cells) < len(steps):
            self.cells.append(StripCell())
            self._row.addWidget(self.cells[-1], 1)
        for cell, step in zip(self.cells, steps, strict=True):
            cell.show_step(step, spec, classifier)

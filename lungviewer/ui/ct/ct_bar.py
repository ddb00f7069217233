"""What stands below a CT picture: the bar of slices, the film, and the window."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QToolButton, QVBoxLayout, QWidget

from lungviewer.ui.ct.cine import FASTEST, SLOWEST, Cine
from lungviewer.ui.ct.current_slice import CurrentSlice
from lungviewer.ui.ct.slice_bar import SliceBar
from lungviewer.ui.ct.slice_marks import SliceMark
from lungviewer.ui.ct.window_controls import WindowControls
from lungviewer.ui.ct.window_level import WindowLevel
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Plain


class CtBar(QWidget):
    """Two rows; of a single slice only the window's. `done`: keys go to the picture again."""

    done = Signal()

    def __init__(
        self, slices: CurrentSlice, cine: Cine, levels: WindowLevel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._slices, self._cine = slices, cine
        self.slices = SliceBar(slices)
        self.where = Plain()
        self.play = QToolButton()
        self.play.clicked.connect(cine.toggle)
        self.speed = QSpinBox()
        self.speed.setRange(SLOWEST, FASTEST)
        self.speed.setSuffix(self.tr(" /s"))
        self.speed.setAccessibleName(self.tr("Slices per second"))
        self.speed.setToolTip(self.tr("Slices per second"))
        self.speed.valueChanged.connect(cine.set_speed)
        self.speed.lineEdit().returnPressed.connect(self.done)
        self.window_controls = WindowControls(levels)
        self.window_controls.done.connect(self.done)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 4)
        column.setSpacing(2)
        self._top = QWidget()
        top = QHBoxLayout(self._top)
        top.setContentsMargins(0, 0, 0, 0)
        self.ends = Plain(), Plain()
        top.addWidget(self.ends[0])
        top.addWidget(self.slices, 1)
        top.addWidget(self.ends[1])
        top.addWidget(self.where)
        column.addWidget(self._top)
        bottom = QHBoxLayout()
        bottom.setSpacing(4)
        bottom.addWidget(self.play)
        bottom.addWidget(self.speed)
        bottom.addSpacing(8)
        bottom.addWidget(self.window_controls, 1)
        column.addLayout(bottom)
        cine.changed.connect(self._show_cine)
        slices.changed.connect(self._show_place)
        self._show_cine()
        self._show_place()

    def show_ends(self, first: str, last: str) -> None:
        """Letters for the sides of the patient on which the first and the last slice lie; "": unknown."""
        for label, letters in zip(self.ends, (first, last), strict=True):
            label.setText(letters)
            label.setVisible(bool(letters))

    def show_marks(self, marks: Mapping[int, SliceMark]) -> None:
        """What is known of the slices, by their indices."""
        self.slices.show_marks(marks)

    @Slot()
    def _show_place(self) -> None:
        several = self._slices.count > 1
        for part in (self._top, self.play, self.speed):
            part.setVisible(several)
        here = self.tr("{number} / {count}").format(number=self._slices.index + 1, count=self._slices.count)
        self.where.setText(here)
        widest = self.tr("{number} / {count}").format(number=self._slices.count, count=self._slices.count)
        self.where.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest))

    @Slot()
    def _show_cine(self) -> None:
        playing = self._cine.playing
        self.play.setIcon(icon("pause" if playing else "resume"))
        words = self.tr("Pause") if playing else self.tr("Play the slices")
        self.play.setAccessibleName(words)
        self.play.setToolTip(words)
        self.speed.setValue(self._cine.speed)

"""The stage axis: a slider with the names of the stages below their places."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QSlider, QStyle, QStyleOptionSlider, QVBoxLayout, QWidget

from lungviewer.core.simulator import Stage, stage_label

_STEPS = 100
_KEY_STEP, _PAGE_STEP = 2, 25


class StageSlider(QWidget):
    """`moved` carries the place on the axis, while it is dragged and by the keyboard."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._stages: tuple[Stage, ...] = ()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setSingleStep(_KEY_STEP)
        self.slider.setPageStep(_PAGE_STEP)
        self.slider.setTickPosition(QSlider.TickPosition.NoTicks)
        self.slider.setAccessibleName(self.tr("Stage"))
        self.slider.valueChanged.connect(self._changed)
        self._labels = _Labels(self.slider)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.slider)
        column.addWidget(self._labels)

    def set_stages(self, stages: tuple[Stage, ...]) -> None:
        """What the axis goes through."""
        self._stages = stages
        self._labels.show_shares([(stage.label, self._share(stage.position)) for stage in stages])

    def place(self) -> float:
        """Where on the axis the slider stands."""
        first, last = self._stages[0].position, self._stages[-1].position
        return first + (last - first) * self.slider.value() / _STEPS

    def show_place(self, stage: float) -> None:
        """Stand at the nearest place, without saying so."""
        before = self.slider.blockSignals(True)
        self.slider.setValue(round(self._share(stage) * _STEPS))
        self.slider.blockSignals(before)
        self._describe()

    def _share(self, position: float) -> float:
        first, last = self._stages[0].position, self._stages[-1].position
        return (position - first) / (last - first)

    @Slot()
    def _changed(self) -> None:
        if self._stages:
            self._describe()
            self.moved.emit(self.place())

    def _describe(self) -> None:
        self.slider.setAccessibleDescription(stage_label(self._stages, self.place()))


class _Labels(QWidget):
    """Names below the slider, each under the place where the handle stands for it."""

    def __init__(self, slider: QSlider) -> None:
        super().__init__()
        self._slider = slider
        self._shares: list[tuple[str, float]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.fontMetrics().height() + 8)

    def show_shares(self, shares: list[tuple[str, float]]) -> None:
        self._shares = shares
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        style = self._slider.style()
        handle = style.pixelMetric(QStyle.PixelMetric.PM_SliderLength, option, self._slider)
        room = self.width() - handle
        for label, share in self._shares:
            middle = round(handle / 2 + share * room)
            painter.drawLine(middle, 0, middle, 4)
            width = self.fontMetrics().horizontalAdvance(label) + 2
            left = min(max(0, middle - width // 2), self.width() - width)
            painter.drawText(QRect(left, 5, width, self.height() - 5), Qt.AlignmentFlag.AlignCenter, label)

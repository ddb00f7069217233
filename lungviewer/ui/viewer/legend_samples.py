"""Samples of what is painted over the image: the colours from low to high, and the hatching."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QBrush, QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from lungviewer.core.colourmap import RGBA, over_white
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.viewer.hatch_item import hatch_brush


class Ramp(QWidget):
    """The colours as they look over glass; the part below the threshold is left
    empty."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QImage()
        self._threshold = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_colours(self, colours: RGBA, threshold: float) -> None:
        """256×4 colours from low to high; those below `threshold` (0–1) are not shown."""
        self._picture, self._threshold = rgb_image(over_white(colours)[None]), threshold
        self.update()

    def sizeHint(self) -> QSize:
        height = self.fontMetrics().height()
        return QSize(6 * height, max(8, height * 2 // 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture.isNull():
            return
        painter = QPainter(self)
        box = self.rect().adjusted(0, 0, -1, -1)
        first = round(self._threshold * self._picture.width())
        left = box.left() + round(self._threshold * box.width())
        if first < self._picture.width():
            painter.drawImage(
                QRect(left, box.top(), box.right() - left + 1, box.height()),
                self._picture,
                QRect(first, 0, self._picture.width() - first, 1),
            )
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawRect(box)


class HatchSample(QWidget):
    """Hatching as it is over the image."""

    def __init__(self) -> None:
        super().__init__()
        self._brush: QBrush = hatch_brush()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        height = self.fontMetrics().height()
        return QSize(2 * height, max(8, height * 2 // 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._brush)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

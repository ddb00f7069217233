"""Which colour stands for which class."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from lungviewer.core.model import ClassSpec


class ClassKey(QWidget):
    """A line per class: its colour and its name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassSpec, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_classes(self, classes: Sequence[ClassSpec]) -> None:
        if tuple(classes) != self._classes:
            self._classes = tuple(classes)
            self.updateGeometry()
            self.update()

    @property
    def text(self) -> str:
        return ", ".join(each.label for each in self._classes)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        longest = max((metrics.horizontalAdvance(each.label) for each in self._classes), default=0)
        return QSize(longest + self._swatch.width() + self._gap, len(self._classes) * self._row_px)

    @property
    def _row_px(self) -> int:
        return self.fontMetrics().height() + 2

    @property
    def _gap(self) -> int:
        return max(6, self.fontMetrics().height() // 2)

    @property
    def _swatch(self) -> QSize:
        """As large as the sample of hatching beside it."""
        height = self.fontMetrics().height()
        return QSize(2 * height, max(8, height * 2 // 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, swatch = QPainter(self), self._swatch
        metrics, ink = painter.fontMetrics(), self.palette().color(QPalette.ColorRole.WindowText)
        left = swatch.width() + self._gap
        for row, each in enumerate(self._classes):
            top = row * self._row_px
            box = QRect(
                0, top + (self._row_px - swatch.height()) // 2, swatch.width() - 1, swatch.height() - 1
            )
            painter.setPen(ink)
            painter.setBrush(QColor(each.colour))
            painter.drawRect(box)
            words = QRect(left, top, max(0, self.width() - left), self._row_px)
            label = metrics.elidedText(each.label, Qt.TextElideMode.ElideRight, words.width())
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)

"""The field of a check with its area hidden, the area outlined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lungviewer.core.image import RGB
from lungviewer.ui.qimage import rgb_image

_SIDE_PX = 150


class HiddenPicture(QWidget):
    """Small and square; nothing to see until a check was made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QImage()
        self._edges: list[QLineF] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        text = self.tr(
            "The strongest field as the model saw it: the outlined area was covered with colder tissue."
        )
        self.setAccessibleName(text)
        self.setToolTip(text)

    def show_picture(self, pixels: RGB, hidden: npt.NDArray[np.bool_]) -> None:
        self._picture = rgb_image(pixels)
        self._edges = outline(hidden)
        self.show()
        self.update()

    def clear(self) -> None:
        self._picture, self._edges = QImage(), []
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(_SIDE_PX, _SIDE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(self.rect()), self._picture)
        painter.scale(self.width(), self.height())
        # Dark under light: one of the two is seen on any tissue.
        for colour, width in ((Qt.GlobalColor.black, 3), (Qt.GlobalColor.white, 1)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLines(self._edges)


def outline(hidden: npt.NDArray[np.bool_]) -> list[QLineF]:
    """The border between hidden cells and others, in a square of side 1."""
    rows, columns = hidden.shape
    padded = np.pad(hidden, 1)
    lines = []
    for y, x in zip(*np.nonzero(padded[:-1, 1:-1] != padded[1:, 1:-1]), strict=True):
        lines.append(QLineF(x / columns, y / rows, (x + 1) / columns, y / rows))
    for y, x in zip(*np.nonzero(padded[1:-1, :-1] != padded[1:-1, 1:]), strict=True):
        lines.append(QLineF(x / columns, y / rows, x / columns, (y + 1) / rows))
    return lines

"""One slice of CT in the scene."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget


class SliceItem(QGraphicsItem):
    """A picture over a rectangle of level-0 pixels, smooth at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self._rect = QRectF()

    @property
    def image(self) -> QImage:
        """What is shown; null when nothing is."""
        return self._image

    def set_rect(self, rect: QRectF) -> None:
        """Where slices lie from now on."""
        self.prepareGeometryChange()
        self._rect = rect

    def show_image(self, image: QImage) -> None:
        """Show another picture; a null one shows nothing."""
        self._image = image
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(self._rect, self._image)

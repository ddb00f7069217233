"""Hatching that means "nothing is known here": the same fine lines at any zoom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from lungviewer.exporters.hatching import hatch_tile
from lungviewer.ui.qimage import rgba_image


def hatch_brush() -> QBrush:
    """A brush of screen pixels, dark beside light, so that it is seen on glass as well as on ink."""
    return QBrush(rgba_image(hatch_tile()))


class HatchItem(QGraphicsItem):
    """Rectangles in level-0 pixels, hatched in screen pixels."""

    def __init__(self, rects: Sequence[QRectF] = (), parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._brush = hatch_brush()
        self._rects: list[QRectF] = []
        self._bounds = QRectF()
        self.set_rects(rects)

    def set_rects(self, rects: Sequence[QRectF], bounds: QRectF | None = None) -> None:
        """Hatch these and nothing else. `bounds`: of them all, where somebody knows."""
        self.prepareGeometryChange()
        self._rects = list(rects)
        self._bounds = QRectF() if bounds is None else bounds
        for rect in self._rects if bounds is None else ():
            self._bounds = self._bounds.united(rect)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        to_screen = painter.worldTransform()
        back, invertible = to_screen.inverted()
        if not self._rects or not invertible:
            return
        # The lines move with the image, by whole pixels, but neither grow nor turn with it.
        start = to_screen.map(QPointF(0, 0))
        pinned = QTransform.fromTranslate(round(start.x()), round(start.y()))
        self._brush.setTransform(pinned * back)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brush)
        painter.drawRects(self._rects)

"""A frame round a tile: the one that is pointed at, or the one that was asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from lungviewer.ui.viewer.slide_view import SlideView

_OVER_TISSUE = 30.0
_DARK, _LIGHT = QColor(20, 20, 20), QColor(255, 255, 255)
_MARK_MS = 3000
_MARK_INSET_PX = 4


class TileFrame(QGraphicsItem):
    """A line round a tile, as thin on the screen at any zoom, dark beside light. It stands out by less than
    the two pixels by which Qt paints more than it was told."""

    def __init__(self, light_px: int = 3, dark_px: int = 1) -> None:
        super().__init__()
        self._rect = QRectF()
        self._lines = ((_LIGHT, light_px), (_DARK, dark_px))
        self.setZValue(_OVER_TISSUE)
        self.setVisible(False)

    def set_rect(self, rect: QRectF) -> None:
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        for colour, width in self._lines:
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(self._rect)


class TileMark(QObject):
    """Marks the tile that the view was sent to, until the view moves again or a moment has passed."""

    def __init__(self, view: SlideView) -> None:
        super().__init__(view)
        self._view = view
        self.frame = TileFrame(5, 3)
        view.scene().addItem(self.frame)
        self._moment = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._moment.timeout.connect(self.end)
        view.view_changed.connect(self.end)

    def mark(self, rect: QRectF) -> None:
        """`rect` in level-0 pixels. A tile that is larger than the view is framed by the view's edge."""
        inset = _MARK_INSET_PX / self._view.zoom
        seen = self._view.l0_rect_seen().adjusted(inset, inset, -inset, -inset)
        self.frame.set_rect(rect.intersected(seen))
        self.frame.setVisible(True)
        self._view.viewport().update()
        self._moment.start()

    @Slot()
    def end(self) -> None:
        if self.frame.isVisible():
            self._moment.stop()
            self.frame.setVisible(False)
            self._view.viewport().update()

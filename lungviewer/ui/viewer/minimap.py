"""The whole image, small, with its map, its tissue, and what the view shows of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QTransform
from PySide6.QtWidgets import QWidget

from lungviewer.core.tissue_map import Outline
from lungviewer.ui.viewer.outlines import straight_pieces

_DARK, _LIGHT = QColor(20, 20, 20), QColor(255, 255, 255)
_LEAST_SHARE = 0.02
_LINE_STEPS = 400
"""Tissue is outlined to this part of the longer side: finer than a pixel of the small picture."""


class Minimap(QWidget):
    """Turned as the view is. A press or drag asks the view to go there; by keyboard, the arrow keys of the
    view do the same."""

    jump_asked = Signal(float, float)  # l0_x, l0_y

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Minimap"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture = QImage()
        self._small = QImage()
        self._l0_size, self._aspect = (1, 1), 1.0
        self._angle = 0
        self._seen = QRectF()
        self._map, self._map_rect, self._map_opacity = QImage(), QRectF(), 0.0
        self._tissue: list[QLineF] = []

    def show_image(self, picture: QImage, l0_size: tuple[int, int], aspect: float = 1.0) -> None:
        """Begin with another image. `aspect`: how much higher than wide its pixels are."""
        self._picture, self._l0_size, self._small = picture, l0_size, QImage()
        self._aspect = aspect
        self.update()

    def show_map(self, picture: QImage, l0_rect: QRectF) -> None:
        """Lay the colours of a map over the image; an empty picture takes them away."""
        self._map, self._map_rect = picture, l0_rect
        self.update()

    def set_map_opacity(self, share: float) -> None:
        if share != self._map_opacity:
            self._map_opacity = share
            self.update()

    def show_tissue(self, rings: Sequence[Outline]) -> None:
        """Draw these closed lines round the tissue, and no others; what is too small to be told apart is left
        out."""
        least = max(self._l0_size) * _LEAST_SHARE
        large = [ring for ring in rings if np.ptp(ring, axis=0).max() >= least]
        pieces = straight_pieces(large, max(self._l0_size) / _LINE_STEPS)
        self._tissue = [QLineF(*each) for each in pieces.tolist()]
        self.update()

    def show_seen(self, l0_rect: QRectF, angle: int) -> bool:
        """What the view covers, and how far it is turned. True when that is another angle than before."""
        turned = angle != self._angle
        if turned:
            self._small = QImage()
        self._seen, self._angle = l0_rect, angle
        self.update()
        return turned

    def size_within(self, most: QSize) -> QSize:
        """The size at which the whole image fits, turned as it is."""
        turned = QTransform().rotate(self._angle).mapRect(self._shape()).size().toSize()
        fitted = turned.scaled(most, Qt.AspectRatioMode.KeepAspectRatio)
        return fitted.expandedTo(QSize(16, 16))

    def _shape(self) -> QRectF:
        width, height = self._l0_size
        return QRectF(0, 0, width, height * self._aspect)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        wanted = (QRectF(self.rect()).size() * ratio).toSize()
        if self._small.size() != wanted and not self._picture.isNull():
            turned = self._picture.transformed(QTransform().rotate(self._angle))
            self._small = turned.scaled(
                wanted, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        painter.drawImage(self.rect(), self._small)
        self._paint_findings(painter)
        edge = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(self.palette().color(QPalette.ColorRole.Dark))
        painter.drawRect(edge)
        seen = self._from_l0().mapRect(self._seen).intersected(edge.adjusted(1, 1, -1, -1))
        for colour, width in ((_LIGHT, 4), (_DARK, 2)):
            pen = QPen(colour, width)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(seen)

    def _paint_findings(self, painter: QPainter) -> None:
        """Map and tissue."""
        painter.save()
        painter.setWorldTransform(self._from_l0(), combine=True)
        if not self._map.isNull() and self._map_opacity > 0:
            painter.setOpacity(self._map_opacity)
            painter.drawImage(self._map_rect, self._map)
            painter.setOpacity(1.0)
        if self._tissue:
            pen = QPen(_DARK, 1)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawLines(self._tissue)
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def _go(self, at: QPointF) -> None:
        l0 = self._from_l0().inverted()[0].map(at)
        self.jump_asked.emit(l0.x(), l0.y())

    def _from_l0(self) -> QTransform:
        """From level-0 pixels to this widget's."""
        turn = QTransform().rotate(self._angle)
        turned = turn.mapRect(QRectF(0, 0, *self._l0_size))
        shift = QTransform.fromTranslate(-turned.x(), -turned.y())
        return (
            turn
            * shift
            * QTransform.fromScale(self.width() / turned.width(), self.height() / turned.height())
        )

"""The deep-zoom view: where one looks, how near, and turned how far."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from lungviewer.ui.viewer.ruler import Ruler
from lungviewer.ui.viewer.shared_source import SharedSource
from lungviewer.ui.viewer.tile_layer import TileLayer

_LARGEST_ZOOM = 32.0
"""Screen pixels per level-0 pixel: beyond that there is nothing but squares."""

_FIT_SHARE = 0.5  # of the fitting zoom: how far one may zoom out
_ROOM = 4.0  # of the longer side, round the image, so that any point of it can be in the middle
_WHEEL_UNITS_FOR_DOUBLE = 360.0  # three notches of a mouse wheel
_ARROW_SHARE, _PAGE_SHARE = 0.125, 0.9


class SlideView(QGraphicsView):
    """Shows one image in a scene whose coordinates are level-0 pixels.

    `zoom` is device-independent screen pixels per level-0 pixel. The point in the middle, the zoom and the
    angle are what is true; the scroll bars follow, so that nothing drifts by rounding.
    """

    view_changed = Signal()  # zoom, angle or place

    def __init__(self, cache_bytes: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        scene = QGraphicsScene(self)
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.setScene(scene)
        self.tiles = TileLayer(scene, cache_bytes, self)
        self.ruler = Ruler()
        self._l0_size: tuple[int, int] | None = None
        self._centre = QPointF()
        self._zoom, self._angle, self._aspect = 1.0, 0, 1.0
        self._black = False
        self.foreground: list[Callable[[QPainter], None]] = []  # paint over it, in pixels of the viewport
        self._fitted = True
        self._dragged_from: QPointF | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Only smooth scaling: with Antialiasing, hairlines show between tiles.
        self.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform)
        # A tile that arrives has its own place painted and no more; whatever moves has all of it painted.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Slide view"))
        self.setMinimumSize(160, 120)
        for part in (self, self.viewport()):
            # Graphics views take drops for their scene; here they are the window's.
            part.setAcceptDrops(False)
        self._colour_ground()

    # --- what is shown -----------------------------------------------------------------------------

    def show_image(self, source: SharedSource, thumbnail: QImage) -> None:
        """Begin with an image, fitted into the view. Owns `source` from now on."""
        self._begin(source.info.width, source.info.height, 1.0)
        self.tiles.show(source, thumbnail)
        self.fit()

    def show_plane(self, width: int, height: int, aspect: float) -> None:
        """Begin with pixels that somebody else puts into the scene, on a black ground. `aspect`: how much
        higher than wide they are."""
        self._begin(width, height, aspect)
        self._black = True
        self._colour_ground()
        self.fit()

    def _begin(self, width: int, height: int, aspect: float) -> None:
        self.clear()
        self._l0_size, self._aspect, self._angle = (width, height), aspect, 0
        room = _ROOM * max(width, height)
        self.setSceneRect(QRectF(0, 0, width, height).adjusted(-room, -room, room, room))

    def clear(self) -> None:
        """Show nothing."""
        self._l0_size = None
        self._dragged_from = None
        self._black = False
        self._colour_ground()
        self.ruler.clear()
        self.tiles.clear()
        self.viewport().update()

    # --- where one looks ---------------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        return self._zoom

    @property
    def angle(self) -> int:
        """Degrees clockwise, 0 to 359."""
        return self._angle

    @property
    def aspect(self) -> float:
        """How much higher than wide a pixel is."""
        return self._aspect

    @property
    def has_black_ground(self) -> bool:
        return self._black

    @property
    def has_image(self) -> bool:
        return self._l0_size is not None

    @property
    def l0_centre(self) -> QPointF:
        """The point of the image that is in the middle of the view."""
        return QPointF(self._centre)

    @property
    def image_rect(self) -> QRectF:
        """The image, in level-0 pixels; empty when there is none."""
        return QRectF(0, 0, *self._l0_size) if self._l0_size is not None else QRectF()

    def l0_rect_seen(self) -> QRectF:
        """What the view covers, in level-0 pixels; also outside the image."""
        return self._to_l0().mapRect(QRectF(self.viewport().rect()))

    def l0_at(self, point: QPointF) -> QPointF:
        """The level-0 pixel under a point of the viewport."""
        return self._to_l0().map(point)

    def shows_whole_image(self) -> bool:
        if self._l0_size is None:
            return True
        slack = 1 / self._zoom
        return self.l0_rect_seen().adjusted(-slack, -slack, slack, slack).contains(self.image_rect)

    def fit(self) -> None:
        """The whole image, as large as it goes, and again whenever the view changes its size."""
        if self._l0_size is None:
            return
        self._fitted = True
        self._zoom = self._fitting_zoom()
        self._centre = QPointF(self._l0_size[0] / 2, self._l0_size[1] / 2)
        self._apply()

    def set_zoom(self, zoom: float, fixed: QPointF | None = None) -> None:
        """Zoom so that the level-0 pixel under `fixed` (a point of the viewport; None: its middle) stays."""
        if self._l0_size is None:
            return
        zoom = min(
            max(zoom, min(self._fitting_zoom() * _FIT_SHARE, 1.0)), max(_LARGEST_ZOOM, self._fitting_zoom())
        )
        at = fixed if fixed is not None else self._middle()
        under = self.l0_at(at)
        self._fitted = False
        self._zoom = zoom
        back, _ = self._turned().inverted()
        self._move_to(under - back.map(at - self._middle()))

    def zoom_by(self, factor: float, fixed: QPointF | None = None) -> None:
        self.set_zoom(self._zoom * factor, fixed)

    def rotate_by(self, degrees: int) -> None:
        """Turn the image clockwise about the middle of the view."""
        self._angle = (self._angle + degrees) % 360
        if self._fitted:
            self.fit()
        else:
            self._apply()

    def jump_to(self, l0_x: float, l0_y: float) -> None:
        """Bring a point of the image into the middle."""
        if self._l0_size is not None:
            self._fitted = False
            self._move_to(QPointF(l0_x, l0_y))

    def pan_by(self, dx: float, dy: float) -> None:
        """Look further to the right and down, by screen pixels."""
        back, _ = self._turned().inverted()
        centre = self._centre + back.map(QPointF(dx, dy))
        self.jump_to(centre.x(), centre.y())

    def _move_to(self, centre: QPointF) -> None:
        if self._l0_size is None:
            return
        width, height = self._l0_size
        self._centre = QPointF(min(max(centre.x(), 0.0), width), min(max(centre.y(), 0.0), height))
        self._apply()

    def _fitting_zoom(self) -> float:
        width, height = self._l0_size or (1, 1)
        turned = QTransform().rotate(self._angle).mapRect(QRectF(0, 0, width, height * self._aspect))
        room = self.viewport().size()
        return min(max(1, room.width()) / turned.width(), max(1, room.height()) / turned.height())

    def _middle(self) -> QPointF:
        return QPointF(self.viewport().width() / 2, self.viewport().height() / 2)

    def _turned(self) -> QTransform:
        return QTransform().rotate(self._angle).scale(self._zoom, self._zoom * self._aspect)

    def _to_l0(self) -> QTransform:
        return self.viewportTransform().inverted()[0]

    def _apply(self) -> None:
        wanted = self._turned()
        if self.transform() != wanted:
            self.setTransform(wanted)
        self.centerOn(self._centre)
        if self.ruler.following:
            self.ruler.extend(self._centre)
        self._look()
        self.viewport().update()
        self.view_changed.emit()

    def _look(self) -> None:
        transform = self.viewportTransform()
        per_l0 = math.hypot(transform.m11(), transform.m12())
        self.tiles.look_at(self.l0_rect_seen(), per_l0 * self.devicePixelRatioF())

    # --- the person --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if self._l0_size is not None and left and self.ruler.on:
            self.ruler.begin(self.l0_at(event.position()))
            self.viewport().update()
        elif self._l0_size is not None and (left or event.button() == Qt.MouseButton.MiddleButton):
            self._dragged_from = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is not None:
            moved = self._dragged_from - event.position()
            self._dragged_from = event.position()
            self.pan_by(moved.x(), moved.y())
        elif self.ruler.drawing:
            self.ruler.extend(self.l0_at(event.position()))
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
        self.ruler.end()
        self.show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self.ruler.on:
            closer = not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.zoom_by(2.0 if closer else 0.5, event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(2.0 ** (event.angleDelta().y() / _WHEEL_UNITS_FOR_DOUBLE), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that move; all others are the pane's."""
        width, height = self.viewport().width(), self.viewport().height()
        steps = {
            Qt.Key.Key_Left: (-_ARROW_SHARE * width, 0.0),
            Qt.Key.Key_Right: (_ARROW_SHARE * width, 0.0),
            Qt.Key.Key_Up: (0.0, -_ARROW_SHARE * height),
            Qt.Key.Key_Down: (0.0, _ARROW_SHARE * height),
            Qt.Key.Key_PageUp: (0.0, -_PAGE_SHARE * height),
            Qt.Key.Key_PageDown: (0.0, _PAGE_SHARE * height),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.ignore()
        else:
            self.pan_by(*step)

    def show_cursor(self) -> None:
        """The cursor for what a press would do."""
        self.viewport().setCursor(
            Qt.CursorShape.CrossCursor if self.ruler.on else Qt.CursorShape.OpenHandCursor
        )

    # --- painting ----------------------------------------------------------------------------------

    def drawForeground(self, painter: QPainter, rect: QRectF | object) -> None:
        to_screen = painter.worldTransform()
        painter.resetTransform()
        self.ruler.paint(painter, to_screen)
        for paint in self.foreground:
            paint(painter)
        painter.setWorldTransform(to_screen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
        elif self._l0_size is not None:
            self._apply()

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange and self._l0_size is not None:
            self._look()
        return handled

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour_ground()

    def _colour_ground(self) -> None:
        black = Qt.GlobalColor.black
        self.setBackgroundBrush(black if self._black else self.palette().color(QPalette.ColorRole.Window))

"""What mouse and keys mean while CT is shown: the wheel goes through slices, the right button changes the
window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from lungviewer.ui.ct.current_slice import CurrentSlice
from lungviewer.ui.ct.slice_keys import go_by_key
from lungviewer.ui.ct.window_level import WindowLevel
from lungviewer.ui.viewer.slide_view import SlideView

_WHEEL_UNITS = 120
"""One notch of a mouse wheel; touchpads turn in smaller parts."""

_PAN_SHARE = 0.125


class SliceInput(QObject):
    """Watches a view while `on`. With Ctrl the wheel zooms, and so it does where there is one slice; Shift
    with the arrow keys moves the picture up and down."""

    def __init__(self, view: SlideView, slices: CurrentSlice, levels: WindowLevel) -> None:
        super().__init__(view)
        self._view, self._slices, self._levels = view, slices, levels
        self.on = False
        self._turned = 0
        self._pressed_at = QPointF()
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not self.on:
            return False
        kind = event.type()
        if kind == QEvent.Type.KeyPress and watched is self._view and isinstance(event, QKeyEvent):
            return self._pan(event) or go_by_key(event, self._slices)
        if watched is not self._view.viewport():
            return False
        if kind == QEvent.Type.Wheel and isinstance(event, QWheelEvent):
            return self._wheel(event)
        if isinstance(event, QMouseEvent):
            return self._drag(event)
        return kind == QEvent.Type.ContextMenu

    def _wheel(self, event: QWheelEvent) -> bool:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or self._slices.count < 2:
            return False
        self._turned -= event.angleDelta().y()
        steps = int(self._turned / _WHEEL_UNITS)
        self._turned -= steps * _WHEEL_UNITS
        self._slices.step(steps)
        event.accept()
        return True

    def _drag(self, event: QMouseEvent) -> bool:
        right = event.button() == Qt.MouseButton.RightButton
        if event.type() == QEvent.Type.MouseButtonPress and right:
            self._pressed_at = event.position()
            self._levels.begin_drag()
        elif event.type() == QEvent.Type.MouseMove and self._levels.dragging:
            self._levels.drag(event.position() - self._pressed_at)
        elif event.type() == QEvent.Type.MouseButtonRelease and right:
            self._levels.end_drag()
        else:
            return event.type() == QEvent.Type.MouseButtonDblClick and right
        return True

    def _pan(self, event: QKeyEvent) -> bool:
        """The arrow keys alone go through slices."""
        way = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if way is None or plain != Qt.KeyboardModifier.ShiftModifier:
            return False
        self._view.pan_by(0.0, way * _PAN_SHARE * self._view.viewport().height())
        return True

"""What a person points at: with the mouse, or with the middle of the view while keys move it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent

from lungviewer.ui.viewer.slide_view import SlideView

_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Pointer(QObject):
    """Watches a view. `moved`: another place may be pointed at; zooming and panning move it too."""

    moved = Signal()

    def __init__(self, view: SlideView) -> None:
        super().__init__(view)
        self._view = view
        self._cursor: QPointF | None = None
        self._by_keys = False
        view.viewport().setMouseTracking(True)
        view.viewport().installEventFilter(self)
        view.installEventFilter(self)
        view.view_changed.connect(self.moved)

    @property
    def l0_at(self) -> QPointF | None:
        """The place in level-0 pixels, also outside the image; None: nothing is pointed at."""
        if not self._view.has_image:
            return None
        if self._by_keys:
            return self._view.l0_centre if self._view.hasFocus() else None
        return None if self._cursor is None else self._view.l0_at(self._cursor)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._point(event.position(), by_keys=False)
        elif kind == QEvent.Type.Leave and watched is self._view.viewport():
            self._point(None, by_keys=self._by_keys)
        elif kind == QEvent.Type.KeyPress and watched is self._view:
            self._point(self._cursor, by_keys=True)
        elif kind == QEvent.Type.FocusIn and isinstance(event, QFocusEvent) and watched is self._view:
            self._point(self._cursor, by_keys=self._by_keys or event.reason() in _BY_KEYBOARD)
        elif kind == QEvent.Type.FocusOut and watched is self._view:
            self._point(self._cursor, by_keys=self._by_keys)
        return False

    def _point(self, cursor: QPointF | None, by_keys: bool) -> None:
        self._cursor, self._by_keys = cursor, by_keys
        self.moved.emit()

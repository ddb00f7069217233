"""What keys do while the slide view has the keyboard. Arrows and page keys are the view's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from lungviewer.ui.shortcuts import MAGNIFICATIONS

if TYPE_CHECKING:
    from lungviewer.ui.explaining import Explaining
    from lungviewer.ui.viewer.pane import ViewerPane

_ZOOM_STEP = 2**0.5
_OPACITY_STEP = 0.05


class ViewerKeys:
    """Turns a key into a call; keys that mean nothing here are left to the window."""

    def __init__(self, pane: ViewerPane, explaining: Explaining) -> None:
        self._pane = pane
        self._explaining = explaining
        key = Qt.Key
        self._does: dict[Qt.Key, Callable[[], object]] = {
            key.Key_0: pane.fit,
            key.Key_Plus: lambda: pane.zoom_by(_ZOOM_STEP),
            key.Key_Equal: lambda: pane.zoom_by(_ZOOM_STEP),
            key.Key_Minus: lambda: pane.zoom_by(1 / _ZOOM_STEP),
            key.Key_Space: lambda: explaining.set_visible(not explaining.visible),
            key.Key_BracketLeft: lambda: explaining.set_opacity(explaining.opacity - _OPACITY_STEP),
            key.Key_BracketRight: lambda: explaining.set_opacity(explaining.opacity + _OPACITY_STEP),
            key.Key_C: pane.show_next_class,
        }
        first = int(key.Key_1)
        for number, magnification in enumerate(MAGNIFICATIONS):
            self._does[Qt.Key(first + number)] = self._magnify(magnification)

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        """True when the key meant something."""
        if modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            return False
        if key == Qt.Key.Key_R:
            self._pane.rotate_by(-90 if modifiers & Qt.KeyboardModifier.ShiftModifier else 90)
            return True
        if key == Qt.Key.Key_Escape:
            return self._pane.remove_ruler_line()
        action = self._does.get(key)
        if action is None:
            return False
        action()
        return True

    def _magnify(self, magnification: float) -> Callable[[], None]:
        return lambda: self._pane.zoom_to_magnification(magnification)

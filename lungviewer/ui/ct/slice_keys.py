"""The keys that go through slices: the same in the picture and in the bar below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from lungviewer.ui.ct.current_slice import CurrentSlice

PAGE = 10
"""Slices that Page Up and Page Down go."""

_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: PAGE,
    Qt.Key.Key_PageUp: -PAGE,
}


def go_by_key(event: QKeyEvent, slices: CurrentSlice) -> bool:
    """Go where a key says; False when it says nothing of slices."""
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier or slices.count < 2:
        return False
    key = Qt.Key(event.key())
    if key == Qt.Key.Key_Home:
        slices.select(0)
    elif key == Qt.Key.Key_End:
        slices.select(slices.count - 1)
    elif key in _STEPS:
        slices.step(_STEPS[key])
    else:
        return False
    return True

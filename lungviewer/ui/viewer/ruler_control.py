"""The ruler by menu and by keys."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from lungviewer.ui.viewer.notes import Notes
from lungviewer.ui.viewer.slide_view import SlideView


class RulerControl(QObject):
    """While the ruler is on, dragging draws a line instead of moving the image."""

    ended = Signal()  # by Esc: whatever shows that it is on shows that no more

    def __init__(self, view: SlideView, notes: Notes) -> None:
        super().__init__(view)
        self._view, self._notes = view, notes

    def set_on(self, on: bool) -> None:
        """On, with a hint how to use it, or off."""
        ruler = self._view.ruler
        ruler.on = on
        if not on:
            ruler.clear()
        self._view.show_cursor()
        hint = self.tr("Ruler: drag a line, or Enter, arrow keys, Enter. Esc ends it.") if on else ""
        self._notes.say("ruler", hint)
        self._view.viewport().update()

    @property
    def takes_escape(self) -> bool:
        return self._view.ruler.on or self._view.ruler.ends is not None

    def press(self, event: QKeyEvent) -> bool:
        """What a key does to the line; False when it is none of the ruler's."""
        ruler = self._view.ruler
        if event.key() == Qt.Key.Key_Escape and self.takes_escape:
            self.set_on(False)
            self.ended.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and ruler.on:
            ruler.mark(self._view.l0_centre)
        else:
            return False
        return True

"""When the minimap is shown: while it is wanted, and the view does not show the whole image."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lungviewer.ui.viewer.minimap import Minimap
from lungviewer.ui.viewer.slide_view import SlideView


class MinimapControl(QObject):
    """`look` after the view has moved."""

    changed = Signal()  # it came, went or was turned: it needs another place

    def __init__(self, view: SlideView, minimap: Minimap) -> None:
        super().__init__(view)
        self._view, self._minimap = view, minimap
        self._on = True
        minimap.jump_asked.connect(view.jump_to)

    def set_on(self, on: bool) -> None:
        """Wanted, or not."""
        self._on = on
        self.look()

    def look(self) -> None:
        """Show what the view sees."""
        view = self._view
        turned = self._minimap.show_seen(view.l0_rect_seen(), view.angle)
        shown = self._on and view.has_image and not view.shows_whole_image()
        if shown == self._minimap.isHidden() or turned:  # not at every step of a drag: sizing takes a while
            self._minimap.setVisible(shown)
            self.changed.emit()

"""All that the view shows of an answer: map, tissue, and the numbers of the tile that is pointed at."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lungviewer.core.image import ImageInfo
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import Hidden
from lungviewer.ui.viewer.explained import next_class
from lungviewer.ui.viewer.furniture import Furniture
from lungviewer.ui.viewer.inspector import TileInspector
from lungviewer.ui.viewer.overlay import Overlay
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.tissue_layer import TissueLayer


class Findings(QObject):
    """Reads the session; `show` brings all of it up to date."""

    changed = Signal()  # a plate says more or less than before

    def __init__(self, session: ViewerSession, view: SlideView, furniture: Furniture) -> None:
        super().__init__(view)
        self._session = session
        self._overlay = Overlay(session, view.scene(), furniture)
        self.tissue = TissueLayer(view.scene(), furniture.minimap)
        self._inspector = TileInspector(view, furniture.tile)
        self._inspector.changed.connect(self.changed)

    def hide_while(self, hidden: Hidden) -> None:
        """Tell nothing of an image's answer while `hidden` is true of it."""
        self._overlay.hidden = hidden

    def show(self, info: ImageInfo | None) -> None:
        """Show what belongs to the current image; `info` None: no image is there yet."""
        session = self._session
        result = session.result() if info is not None else None
        slide = None if result is None else result.slide
        self._overlay.show(info)
        self.tissue.show(None if slide is None else slide.tissue)
        told = session.explaining.visible and not self._overlay.hidden(session.current)
        self._inspector.show(slide if told else None, session.spec)

    def show_next_class(self) -> None:
        """Show the map of the class after this one, or, where the calls of a slide are shown, of this one;
        "after" would name a call that is hidden."""
        session, result = self._session, self._session.result()
        if self._overlay.hidden(session.current) or result is None:
            return
        if result.slide is not None and session.explaining.layer == "calls":
            session.explaining.set_layer("probability")
        elif (class_id := next_class(session)) is not None:
            session.explaining.set_class(class_id)

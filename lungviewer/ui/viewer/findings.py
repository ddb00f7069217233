"""All that the view shows of an answer: map, tissue, and the numbers of the tile that is pointed at."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Signal, Slot

from lungviewer.core.image import ImageInfo
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import Hidden
from lungviewer.ui.viewer.explained import next_class
from lungviewer.ui.viewer.furniture import Furniture
from lungviewer.ui.viewer.inspector import TileInspector
from lungviewer.ui.viewer.overlay import Overlay
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.tile_frame import TileMark
from lungviewer.ui.viewer.tissue_layer import TissueLayer


class Findings(QObject):
    """Reads the session; `show` brings all of it up to date."""

    changed = Signal()  # a plate says more or less than before

    def __init__(self, session: ViewerSession, view: SlideView, furniture: Furniture) -> None:
        super().__init__(view)
        self._session, self._furniture = session, furniture
        self._overlay = Overlay(session, view.scene(), furniture)
        self.tissue = TissueLayer(view.scene(), furniture.minimap)
        self._inspector = TileInspector(view, furniture.tile)
        self._inspector.changed.connect(self.changed)
        self._inspector.moved.connect(self._moved)
        self._mark = TileMark(view)
        self._slide: SlideMap | None = None
        self._view = view
        view.view_changed.connect(self._look)

    def hide_while(self, hidden: Hidden) -> None:
        """Tell nothing of an image's answer while `hidden` is true of it."""
        self._overlay.hidden = hidden

    def may_tell(self) -> bool:
        """Whether the answer of the current image may be told."""
        return not self._overlay.hidden(self._session.current)

    def made_by(self) -> str:
        """The model of the current answer by name and version, and the day of the answer, as far as known."""
        result = self._session.result() if self.may_tell() else None
        if result is None:
            return ""
        row = result.record
        return ", ".join(filter(None, (f"{row.model} {row.model_version}".strip(), row.analysed_at[:10])))

    def show(self, info: ImageInfo | None, index: int | None = None) -> None:
        """Show what belongs to the current image; `info` None: no image is there yet. `index`: the slice of a
        series that is seen."""
        session = self._session
        result = session.result() if info is not None else None
        slide = None if result is None else result.slide
        self._overlay.show(info, index)
        self.tissue.show(None if slide is None else slide.tissue)
        told = session.explaining.visible and self.may_tell()
        self._slide = slide if told else None
        self._inspector.show(self._slide, session.spec)
        self._look()

    def mark(self, l0_x: float, l0_y: float) -> None:
        """Mark the tile at a point of the slide for a while; nothing where no tiles are told of."""
        number = None if self._slide is None else self._slide.grid.number_at(l0_x, l0_y)
        if self._slide is not None and number is not None:
            rect = self._slide.grid.rect(number)
            self._mark.mark(QRectF(rect.x, rect.y, rect.width, rect.height))

    @Slot()
    def _moved(self) -> None:
        self._furniture.place_tile()

    @Slot()
    def _look(self) -> None:
        self._overlay.look_from(self._view.zoom)

    def show_next_class(self) -> None:
        """Show the map of the class after this one, or, where the calls of a slide are shown, of this one;
        "after" would name a call that is hidden."""
        session, result = self._session, self._session.result()
        if not self.may_tell() or result is None:
            return
        if result.slide is not None and session.explaining.layer == "calls":
            session.explaining.set_layer("probability")
        elif (class_id := next_class(session)) is not None:
            session.explaining.set_class(class_id)

"""Brings heat map, legend and remarks up to what is known and chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsScene

from lungviewer.core.ct import CT
from lungviewer.core.image import ImageInfo
from lungviewer.core.types import SLIDE, Status
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.ct.slice_marks import call_words
from lungviewer.ui.explaining import colours_of
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import Hidden
from lungviewer.ui.viewer.cell_item import Steps
from lungviewer.ui.viewer.cell_scores import score_table
from lungviewer.ui.viewer.explained import Explained, explained
from lungviewer.ui.viewer.furniture import Furniture
from lungviewer.ui.viewer.heat_layer import HeatLayer
from lungviewer.ui.viewer.scales import magnification_of, tint
from lungviewer.ui.viewer.slide_cells import REFUSED, call_table, tile_steps
from lungviewer.ui.words import headline

_SMALL_PX = 320
_WHOLE_TILES = ("calls", "probability")
"""Layers that have one colour per tile."""


class Overlay:
    """Reads the session and its `explaining`; paints the map anew only when it would look different.
    `hidden` says whether a blinded reviewer has not decided about an image yet."""

    def __init__(self, session: ViewerSession, scene: QGraphicsScene, furniture: Furniture) -> None:
        self._session = session
        self._furniture = furniture
        self._heat = HeatLayer(scene)
        self.hidden: Hidden = _told
        self._what: Explained | None = None
        self._painted: tuple[object, ...] = ()
        self._steps: Steps | None = None
        self._um_per_px: float | None = None
        self._zoom = 1.0

    def show(self, info: ImageInfo | None, index: int | None = None) -> None:
        """Show what belongs to the current image; `info` None: no image is there yet. `index`: the slice of a
        series that is seen."""
        how = self._session.explaining
        told = info is not None and not self.hidden(self._session.current)
        what = explained(self._session, index) if told else None
        spec = self._session.spec
        words, hatched = self._refusal(index) if info is not None else ("", False)
        self._furniture.notes.say("refused", words)
        painted = self._paint(what, info if hatched else None)
        self._um_per_px = None if info is None else info.um_per_px
        self._heat.set_visible(how.visible)
        shown = what if how.visible else None
        legend, minimap = self._furniture.legend, self._furniture.minimap
        if shown is not None:
            legend.explain(shown, how.colour_map, how.threshold, self._heat.unknown_share, spec)
        legend.setVisible(shown is not None)
        self.look_from(self._zoom)
        if painted:
            minimap.show_map(*self._heat.small_picture(_SMALL_PX))
        minimap.set_map_opacity(how.opacity if shown is not None else 0.0)

    def look_from(self, zoom: float) -> None:
        """The view is this near: screen pixels per level-0 pixel."""
        self._zoom, what, opacity = zoom, self._what, self._session.explaining.opacity
        strength = opacity
        if what is not None and what.layer in _WHOLE_TILES:
            strength = tint(opacity, magnification_of(zoom, self._um_per_px))
        self._heat.set_opacity(strength)
        self._furniture.legend.say_faint(strength < opacity)

    def _refusal(self, index: int | None) -> tuple[str, bool]:
        """Why the image, or the slice of it that is seen, was refused, and whether that hatches all of it: a
        slice of CT has to be read by a person, whatever a model says."""
        session = self._session
        path, spec, result = session.current, session.spec, session.result()
        if result is not None and result.series is not None:
            call = None if index is None else result.series.calls.get(index)
            if call is None or call.prediction.status is not Status.REFUSED:
                return "", False
            return call_words(call, spec), False
        if path is None or (session.is_pending(path) and (result is None or session.series() is not None)):
            return "", False  # what was said before, if anything, is being asked anew
        record = session.record(path)
        if record is None or record.status is not Status.REFUSED:
            return "", False
        of_ct = record.kind == CT or (spec is not None and spec.modality == CT)
        return headline(record, spec), record.kind != SLIDE and not of_ct

    def _paint(self, what: Explained | None, refused: ImageInfo | None) -> bool:
        """Whether anything had to be painted."""
        how, before = self._session.explaining, self._what
        look = (how.threshold, how.colour_map, refused)
        if _same(what, before) and look == self._painted:
            return False
        self._what, self._painted = what, look
        if what is not None and what.slide is not None:
            earlier = None if before is None else before.slide
            if earlier is None or earlier.grid != what.slide.grid:
                earlier, self._steps = None, None
                self._heat.clear()
            self._paint_slide(what, what.slide, earlier)
            return True
        self._heat.clear()
        self._steps = None
        if what is not None:
            self._heat.show(what.heatmap, how.threshold, how.colour_map, what.peak, what.layer)
        if refused is not None:
            self._heat.mark_refused(QRectF(0, 0, refused.width, refused.height))
        return True

    def _paint_slide(self, what: Explained, slide: SlideMap, before: SlideMap | None) -> None:
        """A map of a slide grows: what is there is brought up to date, not made anew."""
        how, spec = self._session.explaining, self._session.spec
        if slide is not before or self._steps is None:
            steps = tile_steps(slide)
            refused = steps == REFUSED
            if self._steps is None or not np.array_equal(refused, self._steps == REFUSED):
                whole = QRectF(0, 0, slide.info.width, slide.info.height)
                self._heat.hatch(refused, slide.grid.cells_rect, whole)
            self._steps = steps
            self._heat.unknown_share = float(refused.mean())
        if what.layer == "calls":
            self._heat.show_steps(self._steps, slide.grid.cells_rect)
            self._heat.set_colours(call_table([] if spec is None else [c.colour for c in spec.classes]))
        else:
            self._heat.show_scores(what.heatmap, 1.0 if what.layer == "probability" else None)
            self._heat.set_colours(score_table(how.threshold, colours_of(what.layer, how.colour_map)))


def _same(one: Explained | None, other: Explained | None) -> bool:
    """Whether two would be painted alike. Maps are compared as objects: their grids are arrays, and an id
    could come back."""
    if one is None or other is None:
        return one is other
    if one.slice is not None:
        return one.slice is other.slice and (one.class_id, one.peak) == (other.class_id, other.peak)
    return one.heatmap is other.heatmap and one.slide is other.slide and one.layer == other.layer


def _told(_path: Path | None) -> bool:
    """No answer is hidden."""
    return False

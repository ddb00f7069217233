"""Brings heat map, legend and remarks up to what is known and chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsScene

from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import ImageInfo
from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import Hidden
from lungviewer.ui.viewer.explained import Explained, explained
from lungviewer.ui.viewer.heat_layer import HeatLayer
from lungviewer.ui.viewer.legend import Legend
from lungviewer.ui.viewer.notes import Notes
from lungviewer.ui.words import headline


class Overlay:
    """Reads the session and its `explaining`; paints the map anew only when it would look different.
    `hidden` says whether a blinded reviewer has not decided about an image yet."""

    def __init__(self, session: ViewerSession, scene: QGraphicsScene, legend: Legend, notes: Notes) -> None:
        self._session = session
        self._legend = legend
        self._notes = notes
        self._heat = HeatLayer(scene)
        self.hidden: Hidden = _told
        self._heatmap: Heatmap | None = None
        self._painted: tuple[object, ...] = ()

    def show(self, info: ImageInfo | None) -> None:
        """Show what belongs to the current image; `info` None: no image is there yet."""
        how = self._session.explaining
        told = info is not None and not self.hidden(self._session.current)
        what = explained(self._session) if told else None
        record = self._refusal() if info is not None else None
        spec = self._session.spec
        self._notes.say("refused", headline(record, spec) if record is not None else "")
        self._paint(what, info if record is not None else None)
        self._heat.set_opacity(how.opacity)
        self._heat.set_visible(how.visible)
        shown = what if how.visible else None
        if shown is not None:
            self._legend.explain(shown, how.colour_map, how.threshold, self._heat.unknown_share)
        self._legend.setVisible(shown is not None)

    def _refusal(self) -> ImageRecord | None:
        path = self._session.current
        record = None if path is None else self._session.record(path)
        return record if record is not None and record.status is Status.REFUSED else None

    def _paint(self, what: Explained | None, refused: ImageInfo | None) -> None:
        how = self._session.explaining
        heatmap = what.heatmap if what is not None else None
        # Maps are compared as objects: their grids are arrays, and an id could come back.
        if heatmap is self._heatmap and (how.threshold, how.colour_map, refused) == self._painted:
            return
        self._heatmap, self._painted = heatmap, (how.threshold, how.colour_map, refused)
        self._heat.clear()
        if heatmap is not None:
            self._heat.show(heatmap, how.threshold, how.colour_map)
        if refused is not None:
            self._heat.mark_refused(QRectF(0, 0, refused.width, refused.height))


def _told(_path: Path | None) -> bool:
    """No answer is hidden."""
    return False

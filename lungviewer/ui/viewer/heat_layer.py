"""The heat map over the image, at its true place: a small grid, never blurred, and hatching where nothing is
known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGraphicsScene

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.ui.explaining import colours_of
from lungviewer.ui.viewer.cell_boxes import boxes_of
from lungviewer.ui.viewer.cell_item import CellItem, Steps, Table
from lungviewer.ui.viewer.cell_scores import CellScores, score_table
from lungviewer.ui.viewer.explained import EVIDENCE
from lungviewer.ui.viewer.hatch_item import HatchItem

_OVER_TILES = 10.0
_REFUSED_STRENGTH = 0.45


class HeatLayer:
    """The overlay's items in a scene of level-0 pixels. Whoever uses it tells it what to show."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._cells = CellItem()
        self._scores = CellScores()
        self._holes = HatchItem()
        self._refusal = HatchItem()
        self._refusal.setOpacity(_REFUSED_STRENGTH)
        for item in (self._cells, self._holes, self._refusal):
            item.setZValue(_OVER_TILES)
            item.setVisible(False)
            scene.addItem(item)
        self.unknown_share = 0.0

    def show(
        self,
        heatmap: Heatmap,
        threshold: float,
        colour_map: str,
        peak: float | None = None,
        layer: str = EVIDENCE,
    ) -> None:
        """Show the map of a picture in place of what was shown, in the colours of its `layer`: scores
        relative to the strongest, or to `peak`, clear where they are below the threshold (0–1), holes
        hatched."""
        self.show_scores(heatmap, peak)
        self.set_colours(score_table(threshold, colours_of(layer, colour_map)))
        self.hatch(np.isnan(heatmap.grid), heatmap.rect)
        self.unknown_share = float(np.isnan(heatmap.grid).mean())

    def show_scores(self, heatmap: Heatmap, peak: float | None) -> None:
        """Show a map, or a later state of the same one. `peak`: the score that has the last colour; None: the
        map's own largest."""
        if self._scores.update(heatmap, peak):
            self._cells.show_cells(self._scores.steps, _qrect(heatmap.rect))

    def show_steps(self, steps: Steps, rect: Rect) -> None:
        """Show cells that are in steps of the table already; `rect` in level-0 pixels."""
        self._scores = CellScores()
        self._cells.show_cells(steps, _qrect(rect))

    def set_colours(self, table: Table) -> None:
        """Colour the cells by this table."""
        self._cells.set_table(table)

    def hatch(self, cells: npt.NDArray[np.bool_], rect: Rect, within: QRectF | None = None) -> None:
        """Hatch those cells of a grid over `rect` (level-0 pixels) that are True, and no others; nothing
        outside `within`."""
        self._holes.set_rects(boxes_of(cells, rect, within), _qrect(rect))

    def mark_refused(self, rect: QRectF) -> None:
        """Hatch a whole image lightly, instead of its holes."""
        self._holes.set_rects([])
        self._refusal.set_rects([rect])

    def clear(self) -> None:
        """Show no map and no refusal."""
        self.show_steps(np.empty((0, 0), np.uint8), Rect(0.0, 0.0, 0.0, 0.0))
        self._holes.set_rects([])
        self._refusal.set_rects([])
        self.unknown_share = 0.0

    def small_picture(self, most_px: int) -> tuple[QImage, QRectF]:
        """The colours alone, at most `most_px` each way, and what they cover in level-0 pixels."""
        return self._cells.small_picture(most_px)

    def set_opacity(self, share: float) -> None:
        """Of the colours; hatching stays as it is."""
        self._cells.setOpacity(share)

    def set_visible(self, on: bool) -> None:
        for item in (self._cells, self._holes, self._refusal):
            item.setVisible(on)


def _qrect(rect: Rect) -> QRectF:
    return QRectF(rect.x, rect.y, rect.width, rect.height)

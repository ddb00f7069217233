"""What the tiles of a slide were called, one cell per tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtGui import QColor

from lungviewer.core.types import Status
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.viewer.cell_item import Steps, Table

REFUSED, NO_CALL = 254, 255
"""The steps of a tile that was refused, and of one that was not looked at; a call has its class's number."""


def tile_steps(slide: SlideMap) -> Steps:
    """For every cell of the slide's grid what its tile was called, as the class's place in the pack."""
    number_of: Mapping[str | None, int] = {class_id: i for i, class_id in enumerate(slide.probability)}
    steps = np.full(len(slide.grid), NO_CALL, np.uint8)
    tiles = slide.tiles.values()
    numbers = np.fromiter(slide.tiles.keys(), np.int64, len(tiles))
    refused = Status.REFUSED
    calls = (REFUSED if t.status is refused else number_of.get(t.predicted, NO_CALL) for t in tiles)
    steps[numbers] = np.fromiter(calls, np.uint8, len(tiles))
    return steps.reshape(slide.grid.rows, slide.grid.columns)


def call_table(colours: Sequence[str]) -> Table:
    """The colours (#rrggbb) of the classes, in the pack's order; everything else is clear."""
    table = np.zeros((256, 4), np.uint8)
    for i, colour in enumerate(colours):
        table[i] = QColor(colour).toTuple()
    return table

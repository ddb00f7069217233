"""Outlines of tissue as lines that can be drawn fast from any distance."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.tissue_map import Outline, TissueMap

Rings = list[Outline]
"""Closed lines."""

Pieces = npt.NDArray[np.float64]
"""N×4 level-0 pixels: x0, y0, x1, y1."""


def rings_of(tissue: TissueMap) -> Rings:
    """Every closed line of a tissue map, those of holes among them."""
    return [ring for outline, holes in tissue.outlines() for ring in (outline, *holes)]


def straight_pieces(rings: Sequence[Outline], slack: float) -> Pieces:
    """Closed lines as straight pieces that leave them by at most `slack` level-0 pixels (Douglas & Peucker
    1973)."""
    pieces = [np.empty((0, 4))]
    for ring in rings:
        points = cv2.approxPolyDP(ring.astype(np.float32)[:, None], slack, closed=True)[:, 0]
        pieces.append(np.hstack([points, np.roll(points, -1, axis=0)]).astype(np.float64))
    return np.concatenate(pieces)

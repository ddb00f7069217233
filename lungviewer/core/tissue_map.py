"""Where on a slide there is tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import Overview
from lungviewer.core.slide_grid import TileGrid

Outline = npt.NDArray[np.float64]
"""N×2 level-0 pixels (x, y), open: the first point is not repeated."""


@dataclass(frozen=True, slots=True)
class TissueMap:
    """`mask` H×W, True where there is tissue, over the whole slide of `width`×`height` level-0 pixels.

    `threshold` is the one that was used; `automatic`: nobody gave it.
    """

    mask: npt.NDArray[np.bool_]
    width: int
    height: int
    threshold: float
    automatic: bool

    def shares(self, grid: TileGrid) -> npt.NDArray[np.float64]:
        """For every tile of a grid, by number: the share of its square, as far as it lies on the slide,
        that is tissue."""
        raise NotImplementedError

    def areas_mm2(self, grid: TileGrid) -> npt.NDArray[np.float64]:
        """For every tile of a grid, by number: mm² of tissue that belong to it alone (`TileGrid.number_at`).
        They add up to all tissue of the slide."""
        raise NotImplementedError

    def outlines(self) -> list[tuple[Outline, list[Outline]]]:
        """Every piece of tissue: its outline and the outlines of the holes in it."""
        raise NotImplementedError


def find_tissue(overview: Overview, width: int, height: int, threshold: float | None = None) -> TissueMap:
    """Find the tissue of a slide on a small picture of it.

    Args:
        width, height: of the slide, level-0 pixels.
        threshold: how much stain counts as tissue, 0 to 1; None: chosen for this slide.
    """
    raise NotImplementedError

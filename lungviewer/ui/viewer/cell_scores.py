"""Scores in steps of colour, brought up to date where they changed: the map of a slide has a million cells
and grows ten times a second."""

from __future__ import annotations

import numpy as np

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.ui.viewer.cell_item import Steps, Table

UNKNOWN = 255
"""The step of a cell of which nothing is known; scores have the steps from 0 to 254."""

_TOP = 254


class CellScores:
    """The steps of one map, kept from one state of it to the next."""

    def __init__(self) -> None:
        self.steps: Steps = np.empty((0, 0), np.uint8)
        self._grid = np.empty((0, 0), np.float32)
        self._rect: Rect | None = None
        self._peak = 0.0

    def update(self, heatmap: Heatmap, peak: float | None) -> bool:
        """Take over a map; `peak`: the score that counts as 1, None: the map's own largest. True when there
        is anything new to show."""
        grid = np.ascontiguousarray(heatmap.grid, np.float32)
        top = _largest(grid) if peak is None else peak
        rows: np.ndarray | slice = slice(None)
        if grid.shape == self._grid.shape and (heatmap.rect, top) == (self._rect, self._peak):
            # As bits: a NaN is not equal to itself.
            rows = np.flatnonzero((grid.view(np.uint32) != self._grid.view(np.uint32)).any(axis=1))
            if not len(rows):
                return False
        else:
            self.steps = np.empty(grid.shape, np.uint8)
        self._grid, self._rect, self._peak = grid, heatmap.rect, top
        self.steps[rows] = _in_steps(grid[rows], top)
        return True


def score_table(threshold: float, colours: Table) -> Table:
    """The colours of the steps; `colours` go from 0 to 1. Clear below `threshold` (0–1) and where nothing is
    known."""
    table = np.zeros((256, 4), np.uint8)
    table[: _TOP + 1] = colours[np.rint(np.arange(_TOP + 1) * (255 / _TOP)).astype(int)]
    table[: round(threshold * _TOP)] = 0
    return table


def _in_steps(grid: np.ndarray, peak: float) -> Steps:
    scaled = grid * np.float32(_TOP / peak if peak > 0 else 0.0)
    np.clip(scaled, 0, _TOP, out=scaled)
    np.rint(scaled, out=scaled)
    return np.where(np.isnan(scaled), np.float32(UNKNOWN), scaled).astype(np.uint8)


def _largest(grid: np.ndarray) -> float:
    top = float(np.fmax.reduce(grid, axis=None)) if grid.size else 0.0
    return 0.0 if np.isnan(top) else top

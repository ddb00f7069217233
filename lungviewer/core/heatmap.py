"""Where in the tissue an answer comes from: a small grid of scores with its place on the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.geometry import Rect


@dataclass(frozen=True, slots=True)
class HeatmapSummary:
    """`peak` score, its centre in level-0 pixels, and the share of the grid that was analysed."""

    peak: float
    top_x: float
    top_y: float
    analysed_share: float


@dataclass(frozen=True, slots=True)
class Heatmap:
    """`grid` H×W float32, NaN where nothing was analysed; `rect` is what it covers, in level-0 pixels."""

    grid: FloatArray
    rect: Rect

    def normalised(self, peak: float | None = None) -> FloatArray:
        """Scores as 0–1 of `peak` (default: this map's own largest); NaN stays NaN."""
        top = self._largest() if peak is None else peak
        if not top > 0:
            return self.grid * np.float32(0)
        return (self.grid / np.float32(top)).clip(0, 1).astype(np.float32)

    def summary(self) -> HeatmapSummary | None:
        """None when no cell was analysed."""
        known = ~np.isnan(self.grid)
        if not known.any():
            return None
        row, column = np.unravel_index(np.nanargmax(self.grid), self.grid.shape)
        rows, columns = self.grid.shape
        return HeatmapSummary(
            peak=float(self.grid[row, column]),
            top_x=self.rect.x + (float(column) + 0.5) * self.rect.width / columns,
            top_y=self.rect.y + (float(row) + 0.5) * self.rect.height / rows,
            analysed_share=float(known.mean()),
        )

    def _largest(self) -> float:
        return float(np.nanmax(self.grid)) if not np.isnan(self.grid).all() else 0.0


def stitch(fields: Sequence[Rect], maps: Sequence[FloatArray | None], width: int, height: int) -> Heatmap:
    """Lay the maps of overlapping square fields over their image, averaging where they overlap.

    Args:
        fields: where each map lies, level-0 pixels; all of one side length.
        maps: one h×h map per field, or None for a field that was refused (its cells stay NaN).
        width, height: of the image; the result covers all of it.
    """
    known = [m for m in maps if m is not None]
    cells = known[0].shape[0] if known else 1
    cell = fields[0].width / cells
    rows, columns = max(1, math.ceil(height / cell - 1e-6)), max(1, math.ceil(width / cell - 1e-6))
    total = np.zeros((rows, columns), np.float64)
    count = np.zeros((rows, columns), np.int32)
    centre_y = (np.arange(rows) + 0.5) * (height / rows)
    centre_x = (np.arange(columns) + 0.5) * (width / columns)
    for rect, values in zip(fields, maps, strict=True):
        if values is None:
            continue
        y0, y1 = np.searchsorted(centre_y, (rect.y, rect.y + rect.height))
        x0, x1 = np.searchsorted(centre_x, (rect.x, rect.x + rect.width))
        take_y = ((centre_y[y0:y1] - rect.y) / cell).astype(int).clip(0, cells - 1)
        take_x = ((centre_x[x0:x1] - rect.x) / cell).astype(int).clip(0, cells - 1)
        total[y0:y1, x0:x1] += values[np.ix_(take_y, take_x)]
        count[y0:y1, x0:x1] += 1
    grid = np.full((rows, columns), np.nan, np.float32)
    np.divide(total, count, out=grid, where=count > 0, casting="unsafe")
    return Heatmap(grid, Rect(0.0, 0.0, float(width), float(height)))

"""Where in the tissue an answer comes from: a small grid of scores with its place on the image."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.geometry import Rect


@dataclass(frozen=True, slots=True)
class HeatmapSummary:
    """`peak` score and its centre in level-0 pixels."""

    peak: float
    top_x: float
    top_y: float


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
        if np.isnan(self.grid).all():
            return None
        row, column = np.unravel_index(np.nanargmax(self.grid), self.grid.shape)
        rows, columns = self.grid.shape
        return HeatmapSummary(
            peak=float(self.grid[row, column]),
            top_x=self.rect.x + (float(column) + 0.5) * self.rect.width / columns,
            top_y=self.rect.y + (float(row) + 0.5) * self.rect.height / rows,
        )

    def _largest(self) -> float:
        return float(np.nanmax(self.grid)) if not np.isnan(self.grid).all() else 0.0


class HeatmapBuilder:
    """Heat maps that grow: square maps are laid down one by one, the mean counts where they overlap.

    Several layers (one per class) grow together, because their maps cover the same places. The order in
    which maps are laid down does not matter: sums are kept in float64, where those of a few float32 numbers
    are exact or differ by far less than a float32 shows. Memory depends on the number of cells only. Used
    from one thread.
    """

    def __init__(self, rect: Rect, columns: int, rows: int, layers: int = 1) -> None:
        """`rect`: what the maps cover, in level-0 pixels, in columns×rows cells."""
        self.rect = rect
        self._mean = np.full((layers, rows, columns), np.nan, np.float32)
        self._total = np.zeros((layers, rows, columns), np.float64)
        self._count = np.zeros((rows, columns), np.uint16)

    def add(self, place: Rect, values: FloatArray) -> None:
        """Lay layers×h×w maps (one layer: h×w will do) over `place`, level-0 pixels: each cell takes the
        value under its centre."""
        self.add_all([place], values.reshape(1, -1, *values.shape[-2:]))

    def add_all(self, places: Sequence[Rect], values: FloatArray) -> None:
        """Lay N×layers×h×w maps over N places: `add` of each, but much faster."""
        alike: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        for number, place in enumerate(places):
            (y0, y1), (x0, x1) = self._cells(place)
            if y0 < y1 and x0 < x1:
                alike[y1 - y0, x1 - x0].append((number, y0, x0))
        for (down, across), found in alike.items():
            which, top, left = (np.array(column) for column in zip(*found, strict=True))
            chosen = [places[number] for number in which]
            rows, columns = top[:, None] + np.arange(down), left[:, None] + np.arange(across)
            take_y = self._take([(p.y, p.height) for p in chosen], values.shape[-2], rows, vertical=True)
            take_x = self._take([(p.x, p.width) for p in chosen], values.shape[-1], columns, vertical=False)
            laid = values[which[:, None, None], :, take_y[:, :, None], take_x[:, None, :]]
            if len(found) == 1:  # no cell twice: many times as fast
                self._lay(
                    np.moveaxis(laid[0], -1, 0),
                    slice(top[0], top[0] + down),
                    slice(left[0], left[0] + across),
                )
                continue
            here = rows[:, :, None], columns[:, None, :]
            for layer, total in enumerate(self._total):
                np.add.at(total, here, laid[..., layer])
            np.add.at(self._count, here, 1)
            self._mean[:, *here] = self._total[:, *here] / self._count[here]

    def _lay(self, laid: FloatArray, down: slice, across: slice) -> None:
        """Layers×h×w values over one rectangle of cells."""
        total, count = self._total[:, down, across], self._count[down, across]
        total += laid
        count += 1
        self._mean[:, down, across] = total / count

    def heatmaps(self) -> list[Heatmap]:
        """What is there so far, one map per layer; NaN where nothing was laid down. Later additions do not
        change it."""
        return [Heatmap(grid, self.rect) for grid in self._mean.copy()]

    def heatmap(self) -> Heatmap:
        """`heatmaps` of a builder of one layer."""
        return self.heatmaps()[0]

    def _cells(self, place: Rect) -> tuple[tuple[int, int], tuple[int, int]]:
        """(first, after the last) row and column of the cells whose centres lie in `place`."""
        rows, columns = self._count.shape
        high, wide = self.rect.height / rows, self.rect.width / columns
        y0, y1 = (math.ceil((edge - self.rect.y) / high - 0.5) for edge in (place.y, place.y + place.height))
        x0, x1 = (math.ceil((edge - self.rect.x) / wide - 0.5) for edge in (place.x, place.x + place.width))
        return (max(0, y0), min(rows, y1)), (max(0, x0), min(columns, x1))

    def _take(
        self,
        intervals: Sequence[tuple[float, float]],
        count: int,
        cells: npt.NDArray[np.int64],
        *,
        vertical: bool,
    ) -> npt.NDArray[np.int64]:
        """Which of the `count` values in each of N intervals (start, length) its row of N×k cells takes."""
        origin, extent = (self.rect.y, self.rect.height) if vertical else (self.rect.x, self.rect.width)
        cell = extent / self._count.shape[0 if vertical else 1]
        start, length = (np.array(column)[:, None] for column in zip(*intervals, strict=True))
        centres = origin + (cells + 0.5) * cell
        return np.asarray(((centres - start) * (count / length)).astype(np.int64).clip(0, count - 1))


def stitch(
    fields: Sequence[Rect], maps: Sequence[FloatArray | None], layers: int, width: int, height: int
) -> list[Heatmap]:
    """Lay the maps of overlapping square fields over their image, averaging where they overlap: a map for
    each layer (class).

    Args:
        fields: where each map lies, level-0 pixels; all of one side length.
        maps: layers×h×h for each field, or None where it was refused (its cells stay NaN).
        width, height: of the image; the result covers all of it.
    """
    known = [m for m in maps if m is not None]
    cell = fields[0].width / (known[0].shape[-1] if known else 1)
    rows, columns = max(1, math.ceil(height / cell - 1e-6)), max(1, math.ceil(width / cell - 1e-6))
    builder = HeatmapBuilder(Rect(0.0, 0.0, float(width), float(height)), columns, rows, layers)
    for rect, values in zip(fields, maps, strict=True):
        if values is not None:
            builder.add(rect, values)
    return builder.heatmaps()

"""The sheet that tissue is painted on: three planes of dye, edges that wrap round, lengths in µm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.services.phantom.noise import Plane, fractal, noise, warp, wrap_pad

Points = npt.NDArray[np.float64]
"""n×2 positions (x, y) in µm."""


@dataclass(slots=True)
class Canvas:
    """`size`×`size` pixels at `px` pixels per µm, with amounts of dye in optical density units."""

    size: int
    px: float
    rng: np.random.Generator
    haematoxylin: Plane = field(init=False)
    eosin: Plane = field(init=False)
    red: Plane = field(init=False)
    chromatin: Plane = field(init=False)

    def __post_init__(self) -> None:
        self.haematoxylin = np.zeros((self.size, self.size), np.float32)
        self.eosin = np.zeros_like(self.haematoxylin)
        self.red = np.zeros_like(self.haematoxylin)
        coarse, fine = self.noise(1.9), self.noise(0.9)
        self.chromatin = (coarse * np.float32(0.8) + fine * np.float32(0.6)).astype(np.float32)

    @property
    def span_um(self) -> float:
        return self.size / self.px

    def noise(self, cell_um: float) -> Plane:
        return noise(self.rng, self.size, max(cell_um * self.px, 1.0))

    def fractal(self, cell_um: float, octaves: int = 3) -> Plane:
        return fractal(self.rng, self.size, max(cell_um * self.px, 1.0), octaves)

    def warped(self, plane: Plane, cell_um: float, by_um: float) -> Plane:
        """Push the plane about by a smooth random field of deviation `by_um`."""
        amount = np.float32(by_um * self.px)
        return warp(plane, self.noise(cell_um) * amount, self.noise(cell_um) * amount)

    def lay(self, cover: Plane, haematoxylin: Plane | float, eosin: Plane | float) -> None:
        """Replace what is there by new amounts where `cover` is 1, in part where it is between."""
        for plane, amount in ((self.haematoxylin, haematoxylin), (self.eosin, eosin)):
            plane += cover * (np.float32(amount) if isinstance(amount, float) else amount) - cover * plane
        self.red *= 1 - cover

    def window(
        self, x_um: float, y_um: float, reach_um: float
    ) -> tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], Plane, Plane]:
        """Index of a square window that wraps round, and each pixel's (x, y) in µm from its centre."""
        reach = min(int(reach_um * self.px) + 2, (self.size - 1) // 2)
        column, row = x_um * self.px, y_um * self.px
        columns = np.arange(int(column) - reach, int(column) + reach + 1)
        rows = np.arange(int(row) - reach, int(row) + reach + 1)
        dx = ((columns + 0.5 - column) / self.px).astype(np.float32)
        dy = ((rows + 0.5 - row) / self.px).astype(np.float32)
        grid_x, grid_y = np.meshgrid(dx, dy)
        return (rows[:, None] % self.size, columns[None, :] % self.size), grid_x, grid_y

    def at(self, plane: Plane, points: Points) -> npt.NDArray[np.float32]:
        """The plane's values at positions in µm."""
        pixels = np.floor(points * self.px).astype(int) % self.size
        return np.asarray(plane[pixels[:, 1], pixels[:, 0]], dtype=np.float32)

    def scatter(
        self,
        spacing_um: float,
        where: Callable[[Points], npt.NDArray[np.bool_]] | None = None,
        tries: int = 9,
    ) -> Points:
        """Random points no closer than `spacing_um` (round the edges too), kept where `where` says so.

        Dart throwing: R. L. Cook, "Stochastic sampling in computer graphics", ACM TOG 5 (1986).
        """
        span = self.span_um
        count = max(4, int(tries * (span / spacing_um) ** 2))
        darts = self.rng.random((count, 2)) * span
        if where is not None:
            darts = darts[where(darts)]
        cells = max(1, int(span / spacing_um))
        taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
        kept = [dart for dart in darts.tolist() if _place(dart, taken, cells, span, spacing_um)]
        return np.array(kept, np.float64).reshape(-1, 2)


def _place(
    dart: list[float],
    taken: dict[tuple[int, int], list[tuple[float, float]]],
    cells: int,
    span: float,
    spacing: float,
) -> bool:
    x, y = dart
    column, row = int(x / span * cells) % cells, int(y / span * cells) % cells
    for near_row in range(row - 1, row + 2):
        for near_column in range(column - 1, column + 2):
            for other_x, other_y in taken.get((near_column % cells, near_row % cells), ()):
                dx = abs(x - other_x)
                dy = abs(y - other_y)
                dx, dy = min(dx, span - dx), min(dy, span - dy)
                if dx * dx + dy * dy < spacing * spacing:
                    return False
    taken.setdefault((column, row), []).append((x, y))
    return True


def distance_inside(mask: npt.NDArray[np.bool_], px: float) -> Plane:
    """µm from each True pixel to the nearest False one (up to about 60), 0 elsewhere; edges wrap round."""
    margin = _margin(mask.shape[0], px)
    padded = wrap_pad(mask.astype(np.uint8), margin)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[margin:-margin, margin:-margin]
    return np.asarray(np.minimum(distance, 60.0 * px) / px, dtype=np.float32)


def _margin(size: int, px: float) -> int:
    return max(1, min(size // 2, int(60 * px)))


def signed_distance(mask: npt.NDArray[np.bool_], px: float) -> Plane:
    """µm to the mask's edge, positive inside."""
    return distance_inside(mask, px) - distance_inside(~mask, px)


def direction(height: Plane) -> tuple[Plane, Plane]:
    """Unit vector of steepest ascent at each pixel, (x, y); edges wrap round."""
    down = np.roll(height, -1, 0) - np.roll(height, 1, 0)
    right = np.roll(height, -1, 1) - np.roll(height, 1, 1)
    length = np.hypot(right, down) + np.float32(1e-6)
    return right / length, down / length


def cell_borders(canvas: Canvas, centres: Points, warp_um: float = 0.8) -> Plane:
    """µm from each pixel to the border between it and the nearest other cell (a Voronoi diagram)."""
    size, px = canvas.size, canvas.px
    seeds = np.ones((size, size), np.uint8)
    names = np.zeros((size, size), np.int32)
    pixels = np.floor(centres * px).astype(int) % size
    seeds[pixels[:, 1], pixels[:, 0]] = 0
    names[pixels[:, 1], pixels[:, 0]] = np.arange(len(pixels))
    margin = _margin(size, px)
    padded_seeds, padded_names = wrap_pad(seeds, margin), wrap_pad(names, margin)
    _, labels = cv2.distanceTransformWithLabels(padded_seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    # A seed and its continuation past the edge are one cell: give both the same name.
    name_of = np.zeros(int(labels.max()) + 1, np.int32)
    name_of[labels[padded_seeds == 0]] = padded_names[padded_seeds == 0]
    labels = name_of[labels[margin : margin + size, margin : margin + size]]
    border = (labels != np.roll(labels, 1, 0)) | (labels != np.roll(labels, 1, 1))
    return canvas.warped(distance_inside(~border, px), 6.0, warp_um)


def smoothstep(low: float, high: float, value: Plane) -> Plane:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)

"""How the levels of an image are divided into square tiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QRectF

from lungviewer.core.image import ImageInfo

TILE_PX = 256


class TileKey(NamedTuple):
    """A tile of one image: index of the level, column and row."""

    level: int
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class TileBox:
    """Where a tile lies, in pixels of its level."""

    x: int
    y: int
    width: int
    height: int


class TileGrid:
    """The tiles of all levels of one image."""

    def __init__(self, info: ImageInfo) -> None:
        self.levels = info.levels
        # A level may hold a part of a pixel more than the image: not shown, or it would stick out.
        self._sizes = [
            (
                max(1, min(level.width, math.floor(info.width / level.downsample + 1e-6))),
                max(1, min(level.height, math.floor(info.height / level.downsample + 1e-6))),
            )
            for level in info.levels
        ]

    def box(self, key: TileKey) -> TileBox:
        """Where a tile lies in its level."""
        width, height = self._sizes[key.level]
        x, y = key.column * TILE_PX, key.row * TILE_PX
        return TileBox(x, y, min(TILE_PX, width - x), min(TILE_PX, height - y))

    def l0_rect(self, key: TileKey) -> QRectF:
        """Where a tile lies in level-0 pixels."""
        box, downsample = self.box(key), self.levels[key.level].downsample
        return QRectF(box.x * downsample, box.y * downsample, box.width * downsample, box.height * downsample)

    def count_in(self, level: int, l0_rect: QRectF) -> int:
        """How many tiles of a level touch a rectangle."""
        (x0, x1), (y0, y1) = self._span(level, l0_rect, 0)
        return max(0, x1 - x0) * max(0, y1 - y0)

    def tiles_in(self, level: int, l0_rect: QRectF, ring: int = 0) -> list[TileKey]:
        """Tiles of a level that touch a rectangle, and `ring` more on every side; the middle first."""
        (x0, x1), (y0, y1) = self._span(level, l0_rect, ring)
        middle = l0_rect.center() / (TILE_PX * self.levels[level].downsample)
        keys = [TileKey(level, column, row) for row in range(y0, y1) for column in range(x0, x1)]
        keys.sort(key=lambda k: (k.column + 0.5 - middle.x()) ** 2 + (k.row + 0.5 - middle.y()) ** 2)
        return keys

    def _span(self, level: int, l0_rect: QRectF, ring: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """(first, after the last) column and row of the tiles that touch a rectangle."""
        side = TILE_PX * self.levels[level].downsample
        columns, rows = (math.ceil(length / TILE_PX) for length in self._sizes[level])
        across = _span(l0_rect.left() / side, l0_rect.right() / side, columns, ring)
        return across, _span(l0_rect.top() / side, l0_rect.bottom() / side, rows, ring)


def _span(start: float, stop: float, count: int, ring: int) -> tuple[int, int]:
    return max(0, math.floor(start) - ring), min(count, math.ceil(stop) + ring)

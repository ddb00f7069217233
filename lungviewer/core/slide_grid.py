"""Where a whole slide is looked at: square tiles of the model's field of view, on a regular grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lungviewer.core.errors import ImageTooSmall, SpacingUnknown
from lungviewer.core.geometry import LARGEST_ENLARGEMENT, REFUSED_ENLARGEMENT, SMALLEST_FIELD_SHARE, Rect
from lungviewer.core.image import ImageLevel
from lungviewer.core.model import InputSpec

LARGEST_OVERLAP = 0.75
_BLOCK_PX = 2048
"""Tiles are read block by block of this many pixels of the level, so that what a decoder keeps of
neighbouring tiles is used before it is dropped."""


@dataclass(frozen=True, slots=True)
class TileGrid:
    """A pure plan. Tiles are `side`×`side` level-0 pixels and begin every `step` pixels from (0, 0); those of
    the last column and row may reach beyond the slide. A tile's number is row·columns + column. `doubts` are
    reason codes for which every answer asks for review."""

    width: int
    height: int
    um_per_px: float
    side: int
    step: int
    columns: int
    rows: int
    doubts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.columns * self.rows

    def place(self, number: int) -> tuple[int, int]:
        """(x, y) of a tile's top left corner, level-0 pixels."""
        row, column = divmod(number, self.columns)
        return column * self.step, row * self.step

    def rect(self, number: int) -> Rect:
        """What the model sees of a tile, level-0 pixels."""
        x, y = self.place(number)
        return Rect(float(x), float(y), float(self.side), float(self.side))

    def cell(self, number: int) -> Rect:
        """What a tile alone stands for where tiles overlap: the step×step square in its middle. These squares
        cover the slide without overlap."""
        x, y = self.place(number)
        margin = (self.side - self.step) / 2
        return Rect(x + margin, y + margin, float(self.step), float(self.step))

    @property
    def cells_rect(self) -> Rect:
        """What all cells cover together, level-0 pixels."""
        margin = (self.side - self.step) / 2
        return Rect(margin, margin, float(self.columns * self.step), float(self.rows * self.step))

    @property
    def tiles_rect(self) -> Rect:
        """What all tiles cover together, level-0 pixels: the slide and what the last ones reach beyond it."""
        across, down = ((n - 1) * self.step + self.side for n in (self.columns, self.rows))
        return Rect(0.0, 0.0, float(across), float(down))

    def number_at(self, x: float, y: float) -> int | None:
        """The tile whose cell holds a point (level-0 pixels); at the rim, the nearest; None off the slide."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        margin = (self.side - self.step) / 2
        column, row = (math.floor((at - margin) / self.step) for at in (x, y))
        return min(max(row, 0), self.rows - 1) * self.columns + min(max(column, 0), self.columns - 1)

    @property
    def tile_um(self) -> float:
        """Side of a tile in µm."""
        return self.side * self.um_per_px

    def reading_level(self, levels: Sequence[ImageLevel], size: int) -> int:
        """The coarsest level that still has `size` pixels across a tile; 0 when none has. Half a pixel may be
        missing: levels have whole sizes, so a half-size one of 40,001 pixels is 2.00005 times smaller."""
        fine_enough = [i for i, level in enumerate(levels) if self.side / level.downsample >= size - 0.5]
        return max(fine_enough, default=0)

    def in_reading_order(self, numbers: Iterable[int], downsample: float = 1.0) -> list[int]:
        """The same tiles, neighbours close together: in blocks from the top left, row by row in each."""
        block = max(1, round(_BLOCK_PX * downsample / self.step))

        def key(number: int) -> tuple[int, int, int]:
            row, column = divmod(number, self.columns)
            return row // block, column // block, number

        return sorted(numbers, key=key)


def plan_grid(
    width: int, height: int, um_per_px: float | None, spec: InputSpec, overlap: float = 0.0
) -> TileGrid:
    """Cover a slide with tiles of the model's field of view.

    The side is rounded to whole pixels, as WSInfer does, so that tiles written to a table are exactly those
    that were looked at.

    Args:
        um_per_px: of level 0.
        overlap: share of the side by which neighbours overlap, 0 to 0.75.

    Raises:
        SpacingUnknown: `um_per_px` is None.
        ImageTooSmall: the slide is smaller than 70 % of a field, or its fields have too few pixels.
        ValueError: an overlap outside its range.
    """
    if not 0 <= overlap <= LARGEST_OVERLAP:
        raise ValueError(f"an overlap of {overlap}")
    if um_per_px is None:
        raise SpacingUnknown("The slide does not state its µm per pixel.")
    side = max(1, round(spec.field_um / um_per_px))
    if min(width, height) < side * SMALLEST_FIELD_SHARE:
        raise ImageTooSmall(
            f"The slide covers {min(width, height) * um_per_px:.0f} µm; "
            f"the model needs fields of {spec.field_um:.0f} µm."
        )
    if side * REFUSED_ENLARGEMENT < spec.size:
        raise ImageTooSmall(
            f"A field of the slide has only {side} pixels; the model looks at {spec.size}.",
            hint="Scan it at a higher magnification.",
        )
    step = max(1, round(side * (1 - overlap)))
    columns, rows = (max(1, math.ceil((length - side) / step) + 1) for length in (width, height))
    doubts = ("low_resolution",) if side * LARGEST_ENLARGEMENT < spec.size else ()
    return TileGrid(width, height, um_per_px, side, step, columns, rows, doubts)

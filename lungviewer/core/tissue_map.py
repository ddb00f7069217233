"""Where on a slide there is tissue."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import Overview
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.tissue_outlines import outlines_of
from lungviewer.core.tissue_shape import pieces_of_tissue
from lungviewer.core.tissue_stain import read_stain

Outline = npt.NDArray[np.float64]
"""N×2 level-0 pixels (x, y), open: the first point is not repeated."""

_Floats = npt.NDArray[np.float64]
_LARGEST_BYTES = 64 * 2**20
"""Of a mask that is read back, one bit a pixel."""


@dataclass(frozen=True, slots=True)
class TissueMap:
    """`mask` H×W, True where there is tissue, over the whole slide of `width`×`height` level-0 pixels: a
    pixel of it is width/W × height/H of them.

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
        left, top = (np.arange(n, dtype=np.float64) * grid.step for n in (grid.columns, grid.rows))
        right, bottom = np.minimum(left + grid.side, self.width), np.minimum(top + grid.side, self.height)
        before = self._tissue_before(np.concatenate([left, right]), np.concatenate([top, bottom]))
        across = before[:, grid.columns :] - before[:, : grid.columns]
        tissue = across[grid.rows :] - across[: grid.rows]
        return np.asarray(np.clip(tissue / np.outer(bottom - top, right - left), 0, 1).ravel())

    def areas_mm2(self, grid: TileGrid) -> npt.NDArray[np.float64]:
        """For every tile of a grid, by number: mm² of tissue that belong to it alone (`TileGrid.number_at`).
        They add up to all tissue of the slide (`tissue_mm2`)."""
        margin = (grid.side - grid.step) / 2
        columns, rows = (
            np.concatenate([[0.0], np.minimum(margin + grid.step * np.arange(1.0, count), length), [length]])
            for count, length in ((grid.columns, self.width), (grid.rows, self.height))
        )
        before = self._tissue_before(columns, rows)
        areas = np.diff(np.diff(before, axis=0), axis=1)
        return np.asarray(np.maximum(areas, 0).ravel() * (grid.um_per_px**2 / 1e6))

    def tissue_mm2(self, um_per_px: float) -> float:
        """All tissue of the slide in mm². `um_per_px`: of level 0."""
        return float(self.mask.mean()) * self.width * self.height * um_per_px**2 / 1e6

    def outlines(self) -> list[tuple[Outline, list[Outline]]]:
        """Every piece of tissue: its outline and the outlines of the holes in it. No line touches or crosses
        another one or itself; the area is that of the mask but for its corners."""
        scale = np.array([self.width, self.height]) / self.mask.shape[::-1]
        return [(outer * scale, [hole * scale for hole in holes]) for outer, holes in outlines_of(self.mask)]

    def to_bytes(self) -> bytes:
        """For keeping; `from_bytes` reads it back."""
        facts = {
            "mask": self.mask.shape,
            "slide": (self.width, self.height),
            "threshold": float(self.threshold),
            "automatic": bool(self.automatic),
        }
        return zlib.compress(json.dumps(facts).encode() + b"\n" + np.packbits(self.mask).tobytes(), 6)

    @classmethod
    def from_bytes(cls, kept: bytes) -> TissueMap:
        """Raises ValueError when the bytes are not those of a map, or damaged."""
        stream = zlib.decompressobj()
        try:
            content = stream.decompress(kept, _LARGEST_BYTES)
        except zlib.error as error:
            raise ValueError("a damaged tissue map") from error
        if not stream.eof or stream.unused_data:
            raise ValueError("an incomplete tissue map")
        head, _, bits = content.partition(b"\n")
        facts = json.loads(head)
        try:
            (rows, columns), (width, height) = facts["mask"], facts["slide"]
            threshold, automatic = facts["threshold"], facts["automatic"]
        except (KeyError, TypeError) as error:
            raise ValueError("not a tissue map") from error
        sound = all(type(n) is int and n > 0 for n in (rows, columns, width, height))
        if not sound or type(threshold) is not float or type(automatic) is not bool:
            raise ValueError("not a tissue map")
        if len(bits) != -(-rows * columns // 8):
            raise ValueError("a tissue map of another size than it says")
        flat = np.unpackbits(np.frombuffer(bits, np.uint8), count=rows * columns)
        return cls(flat.astype(np.bool_).reshape(rows, columns), width, height, threshold, automatic)

    def _tissue_before(self, xs: _Floats, ys: _Floats) -> _Floats:
        """Level-0 pixels of tissue above and to the left of every (x, y), len(ys)×len(xs). Between the edges
        of mask pixels the running sum is linear in x and in y, so this is exact."""
        rows, columns = self.mask.shape
        # numpy's own running sum down the columns takes ten times as long.
        sums = np.diff(cv2.integral(self.mask.view(np.uint8)), axis=1)[1:]
        down = _between(sums, ys * (rows / self.height))
        across = _between(np.cumsum(down.T, axis=0), xs * (columns / self.width))
        return np.asarray(across.T * ((self.width / columns) * (self.height / rows)))


def _between(sums: npt.NDArray[np.integer] | _Floats, at: _Floats) -> _Floats:
    """Running sums of rows, `sums[i]` up to the end of row i, at places between the rows' ends."""
    whole = np.minimum(np.floor(at).astype(np.intp), len(sums) - 1)
    before = np.where((whole > 0)[:, None], sums[whole - 1], 0)
    return np.asarray(before + (sums[whole] - before) * (at - whole)[:, None])


def find_tissue(overview: Overview, width: int, height: int, threshold: float | None = None) -> TissueMap:
    """Find the tissue of a slide on a small picture of it, 1,000 to 2,500 pixels on its longest side.

    Bare glass, whatever its tint, dust, bubbles, unscanned places, blue, green and black ink and the edges of
    the cover glass are no tissue. Red ink is not told from blood, nor purple ink from stain: both are tissue
    here. Parts that could not be read count as tissue, and so does carbon or a fold inside tissue.

    Args:
        width, height: of the slide, level-0 pixels.
        threshold: how much stain counts as tissue, 0 to 1: the share of green light that is missing beside
            red or blue (core/tissue_stain.py). A higher one never adds tissue. None: chosen for this slide,
            0.02 to 0.1. Well-stained tissue has 0.2 and more.

    Raises:
        ValueError: a threshold outside 0 to 1.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"a tissue threshold of {threshold}")
    picture = read_stain(overview.pixels, overview.readable)
    used = picture.automatic if threshold is None else float(threshold)
    mask = pieces_of_tissue(picture, used) | ~overview.readable
    return TissueMap(mask, width, height, used, threshold is None)

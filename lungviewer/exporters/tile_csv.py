"""The table of a slide's tiles, in the layout of WSInfer's, so that what reads those reads these.

`minx,miny,width,height,prob_<class>…` come first: level-0 pixels in the frame of the file (not cropped to
bounds), probabilities in full precision, an empty cell where there is none. Our columns follow. As WSInfer
writes it, with pandas: UTF-8 without a byte order mark (a reader that does not expect one takes it for a part
of the first column's name), line feeds, one row a tile. Excel reads such a table too; nothing but codes, ids
and numbers is in it.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from lungviewer.core.paths import atomic_write
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.exporters.cells import text_cell

_PLACE = ("minx", "miny", "width", "height")
_PROBABILITY = "prob_"
_OURS = ("confidence", "status", "reason", "trust_score", "tissue_fraction")
_LONGEST_HEADER = 1 << 16


def write_tile_csv(
    target: Path,
    grid: TileGrid,
    tiles: Iterable[SlideTile],
    class_ids: Sequence[str],
    offset: tuple[int, int] = (0, 0),
) -> int:
    """Write the table so that `target` is either the old file or the whole new one.

    Refused tiles keep their probabilities; `confidence` is empty unless the answer is a call.

    Args:
        tiles: walked once and not kept.
        class_ids: in the order of the tiles' probabilities.
        offset: where our level-0 pixel (0, 0) lies in the frame of the file (`ImageInfo.offset`).

    Returns:
        The number of rows, without the header.

    Raises:
        OutputUnwritable: see `atomic_write`. What else `tiles` raises passes through; in both cases nothing
            is left behind.
    """
    count = 0
    with atomic_write(target) as stream:
        stream.write(_line([*_PLACE, *(_PROBABILITY + text_cell(c) for c in class_ids), *_OURS]))
        for tile in tiles:
            x, y = grid.place(tile.number)
            chances = tile.probabilities or (None,) * len(class_ids)
            row = [
                *(str(n) for n in (x + offset[0], y + offset[1], grid.side, grid.side)),
                *map(_number, chances),
                _number(tile.confidence),
                tile.status.value,
                text_cell("; ".join(tile.reasons)),
                _number(tile.trust_score),
                _number(tile.tissue),
            ]
            stream.write(_line(row))
            count += 1
    return count


def is_tile_csv(path: Path) -> bool:
    """Whether a file begins like a table written by `write_tile_csv` (WSInfer's own do not)."""
    try:
        with path.open("rb") as stream:
            header = stream.readline(_LONGEST_HEADER).decode("utf-8", "replace").rstrip("\n").split(",")
    except OSError:
        return False
    return header[: len(_PLACE)] == list(_PLACE) and header[-len(_OURS) :] == list(_OURS)


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _number(value: float | None) -> str:
    """All its digits; empty for None and for what is no number."""
    return "" if value is None or not math.isfinite(value) else repr(float(value))

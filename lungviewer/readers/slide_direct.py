"""Levels of TIFF slides that are read past OpenSlide, which only says what they are.

OpenSlide decodes the same tiles to the same pixels, but interpolates them where a level is not smaller by a
whole number (readers/slide.py), and takes longer (`python -m benchmarks.slide_reading`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungviewer.core.errors import ImageError
from lungviewer.readers.tiff_structure import tiff_structure
from lungviewer.readers.tiff_tiles import TiledPage, TileReader, describe_page

_VENDORS = frozenset({"aperio", "generic-tiff"})
"""Formats whose levels are plain pages. In others tiles overlap, lie apart, or are put together."""


@dataclass(frozen=True, slots=True)
class DirectLevels:
    """The pages of those levels of one file that can be read directly, by OpenSlide's number of the level."""

    tiles: TileReader
    pages: dict[int, TiledPage]


def direct_levels(path: Path, vendor: str, sizes: Sequence[tuple[int, int]]) -> DirectLevels | None:
    """What can be read directly of a slide that OpenSlide has opened; None if nothing.

    Args:
        sizes: (width, height) of OpenSlide's levels, whose pages are found by them.
    """
    if vendor not in _VENDORS:
        return None
    try:
        with tiff_structure(path) as file:
            found = {(page.width, page.height): page for page in _whole_pages(file)}
        tiles = TileReader(path.open("rb"))
    except (ImageError, OSError):
        return None
    pages = {number: found[size] for number, size in enumerate(sizes) if size in found}
    # A kind of coding that is refused here may still be one that OpenSlide reads.
    pages = {number: page for number, page in pages.items() if _decodes(tiles, page)}
    if not pages:
        tiles.close()
        return None
    return DirectLevels(tiles, pages)


def _whole_pages(file: Any) -> Iterator[TiledPage]:
    """Tiled RGB pages. Tiles that were left out are drawn from other levels by OpenSlide, so none may be.

    Not those of one size: which of them is a level, OpenSlide decides by more than that.
    """
    tiled = [page for page in file.pages if page.is_tiled]
    times = Counter((page.imagewidth, page.imagelength) for page in tiled)
    for page in tiled:
        if times[page.imagewidth, page.imagelength] > 1:
            continue
        try:
            described = describe_page(page)
        except ImageError:
            continue
        if described.layout.channels == 3 and all(described.sizes):
            yield described


def _decodes(tiles: TileReader, page: TiledPage) -> bool:
    try:
        tiles.read(page, page.width // 2, page.height // 2, 1, 1)
    except ImageError:
        return False
    return True

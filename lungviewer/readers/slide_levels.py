"""The levels of a slide: which are useful, what each pixel of them covers, and where a read begins.

A coarser level is smaller by a whole number, and the odd pixels at the end are left out; the ratio of the
sizes is then a little more than that number (4443 / 2221 = 2.0005), and would put the far end of a slide some
pixels off. Other programs store whole tiles of a level, and white or garbage behind its end: 6144 pixels are
half of 12000 (and 144 of nothing). A level whose number cannot be told is not shown at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lungviewer.core.errors import ImageCorrupt, ImageTooLarge, UnsupportedFormat
from lungviewer.core.image import ImageInfo, ImageLevel

MAX_SIDE = 2_000_000
MAX_PIXELS = 1 << 38
COARSEST_PIXELS = 400_000_000
"""A slide whose coarsest level is larger cannot be looked at as a whole in reasonable time."""

MAX_TILE_PIXELS = 1 << 26


@dataclass(frozen=True, slots=True)
class FileLevel:
    """One level of the file, cropped: what a reader shows of it is `width`×`height` of its pixels from
    (`left`, `top`). `number` is the file's own, `downsample` ours."""

    number: int
    left: int
    top: int
    width: int
    height: int
    downsample: float


def check_slide(width: int, height: int, tile: tuple[int, int] = (1, 1)) -> None:
    """Judge what a file says about itself before anything is allocated for it. Sizes in pixels.

    Raises:
        ImageCorrupt: a side of zero or less.
        ImageTooLarge: larger than any slide is, or stored in tiles too large to hold one in memory.
    """
    if width < 1 or height < 1:
        raise ImageCorrupt("The slide says that it has no pixels.")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"The slide says that it is {width} × {height} pixels; no scanner makes such slides.",
            hint="The file is probably damaged; export it again from its source.",
        )
    if tile[0] * tile[1] > MAX_TILE_PIXELS:
        raise ImageTooLarge(
            f"The slide is stored in tiles of {tile[0]} × {tile[1]} pixels, too large to be read.",
            hint="Export it again with tiles of 256 or 512 pixels.",
        )


def useful_levels(
    sizes: Sequence[tuple[int, int]],
    crop: tuple[int, int, int, int] | None = None,
    tiles: Sequence[tuple[int, int]] = (),
) -> tuple[FileLevel, ...]:
    """Levels from the largest down, each smaller than the one before.

    Args:
        sizes: (width, height) of the file's levels, largest first.
        crop: (x, y, width, height) in level-0 pixels: what there is to see; default everything.
        tiles: (width, height) of the tiles that each level is stored in, (1, 1) if in none; default none.

    Raises:
        UnsupportedFormat: even the coarsest level is too large to be looked at as a whole.
    """
    kept: list[FileLevel] = []
    full = (0, 0)
    for number, ((width, height), tile) in enumerate(zip(sizes, tiles or [(1, 1)] * len(sizes), strict=True)):
        full = full if number else (width, height)
        ratio = downsample(full, (width, height), tile)
        if ratio is None or (kept and ratio <= kept[-1].downsample):
            continue
        width, height = _filled(full[0] / ratio, width), _filled(full[1] / ratio, height)
        l0_left, l0_top, l0_width, l0_height = crop or (0, 0, *full)
        left, top = start_pixel(l0_left, ratio), start_pixel(l0_top, ratio)
        right = width if crop is None else min(width, start_pixel(l0_left + l0_width, ratio))
        bottom = height if crop is None else min(height, start_pixel(l0_top + l0_height, ratio))
        if left < right and top < bottom:
            kept.append(FileLevel(number, left, top, right - left, bottom - top, ratio))
    if kept and kept[-1].width * kept[-1].height > COARSEST_PIXELS:
        raise UnsupportedFormat(
            f"The slide has no coarser levels: the smallest is {kept[-1].width} × {kept[-1].height} pixels.",
            hint="Export it again as a pyramid, for example as pyramidal OME-TIFF.",
        )
    return tuple(kept)


def _filled(expected: float, side: int) -> int:
    """The side of a level without what it was padded with."""
    return side if side <= math.ceil(expected) else max(1, math.floor(expected))


def downsample(full: tuple[int, int], size: tuple[int, int], tile: tuple[int, int] = (1, 1)) -> float | None:
    """Level-0 pixels per pixel of a level of `size`; the whole number if it is one but for what is left over,
    or for what fills its last `tile` up.

    None for a level of another shape, for one that is larger than level 0, and where it cannot be told.
    """
    if min(size) < 1 or size[0] > full[0] or size[1] > full[1]:
        return None
    mean = (full[0] / size[0] + full[1] / size[1]) / 2
    # Of a very small level several numbers could be meant: most likely it was halved again and again.
    power, nearest = 2 ** round(math.log2(mean)), round(mean)
    if _is_exact(full, size, power):
        return float(power)
    meant = _before_padding(full, size, tile)
    if _is_exact(full, size, nearest):
        meant.add(nearest)
    if meant:
        return float(meant.pop()) if len(meant) == 1 else None
    # No whole number: what the longer side says must be true of the other, to a pixel of the level.
    long = 0 if size[0] >= size[1] else 1
    ratio = full[long] / size[long]
    return ratio if abs(full[1 - long] / ratio - size[1 - long]) <= 1 else None


def _is_exact(full: tuple[int, int], size: tuple[int, int], whole: int) -> bool:
    """Up to one pixel of the level was left out, or filled up."""
    return all(abs(length - side * whole) < whole for length, side in zip(full, size, strict=True))


def _before_padding(full: tuple[int, int], size: tuple[int, int], tile: tuple[int, int]) -> set[int]:
    """The whole numbers by which a level may be smaller if it was filled up to whole tiles: powers of two,
    and where there is none, others."""

    def fits(whole: int) -> bool:
        return all(
            abs(length - side * whole) < whole
            or (side % across == 0 and 0 < side * whole - length < across * whole)
            for length, side, across in zip(full, size, tile, strict=True)
        )

    least = math.floor(max(full[0] / size[0], full[1] / size[1]))
    powers = {2**n for n in range(max(full).bit_length()) if fits(2**n)}
    return powers or {whole for whole in range(least, least + 3) if fits(whole)}


def start_pixel(l0_place: float, ratio: float) -> int:
    """The whole pixel of a level that begins nearest to a place on level 0."""
    return math.floor(l0_place / ratio + 0.5)


def level_position(info: ImageInfo, level: int, x: float, y: float) -> tuple[float, float]:
    """Where a place (level-0 pixels of the image) lies in pixels of a level, counted as the file counts them:
    whole numbers are the edges of its pixels."""
    ratio = info.levels[level].downsample
    return (x + info.offset[0]) / ratio, (y + info.offset[1]) / ratio


def image_levels(levels: Iterable[FileLevel]) -> tuple[ImageLevel, ...]:
    """What the world is told about them."""
    return tuple(ImageLevel(level.width, level.height, level.downsample) for level in levels)

"""Coarser levels for a slide that has one level, as long as they can be held in memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import DecoderCrashed, DecodeTimeout, ImageCorrupt, ImageTruncated
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB, ImageLevel, ImageSource, Overview, SlideSource
from lungviewer.core.preprocess import resize_field
from lungviewer.readers.array_source import ArraySource
from lungviewer.readers.pyramid import PyramidSource

LARGEST_HELD_PIXELS = 256_000_000
"""The levels take as many bytes as level 0 has pixels, and all of it is read for the first of them. A larger
slide keeps its one level; its overview and thumbnail are put together of parts."""

_BLOCK_SIDE = 2048
_SMALLEST_SIDE = 256
_DIVISIBLE = (ImageCorrupt, ImageTruncated, DecoderCrashed)
_DAMAGE = (*_DIVISIBLE, DecodeTimeout)
_Box = tuple[int, int, int, int]


def with_levels(slide: SlideSource) -> SlideSource:
    """The slide itself when it has levels or is too large to hold them, else a `SlidePyramid` over it."""
    info = slide.info
    one = len(info.levels) == 1 and info.width * info.height <= LARGEST_HELD_PIXELS
    return SlidePyramid(slide) if one else slide


class SlidePyramid(PyramidSource):
    """A `SlideSource` of many levels over one that has only level 0, which it owns from then on.

    Level 0, overview, thumbnail and pictures beside the tissue are the slide's own; levels are made as
    `PyramidSource` makes them. Where a part of level 0 cannot be read, reading that part of any level raises
    ImageCorrupt, and the rest of the level is there.
    """

    def __init__(self, slide: SlideSource) -> None:
        super().__init__(slide)
        self._slide = slide
        self._damaged: list[_Box] = []

    @property
    def associated(self) -> tuple[str, ...]:
        """See `SlideSource.associated`."""
        return self._slide.associated

    def associated_image(self, name: str) -> RGB:
        """See `SlideSource.associated_image`."""
        return self._slide.associated_image(name)

    def overview(self, max_side: int) -> Overview:
        """See `SlideSource.overview`."""
        return self._slide.overview(max_side)

    def thumbnail(self, max_side: int) -> RGB:
        """See `ImageSource.thumbnail`."""
        return self._slide.thumbnail(max_side)

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """See `ImageSource.read`; damaged parts raise ImageCorrupt at every level."""
        if not 0 <= level < len(self._info.levels):
            raise ValueError(f"no level {level}: there are {len(self._info.levels)}")
        half = (1 << level) >> 1
        left, top = ((value + half >> level) << level for value in l0_origin)
        pixels = super().read((left, top), level, size, frame)
        right, bottom = left + (size[0] << level), top + (size[1] << level)
        for x0, y0, x1, y1 in self._damaged if level else ():
            if left < x1 and x0 < right and top < y1 and y0 < bottom:
                raise ImageCorrupt("A part of the slide is damaged.")
        return pixels

    def read_fields(
        self, rects: Sequence[Rect], level: int, size: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """See `SlideSource.read_fields`; those of level 0 are cut where the slide is open."""
        if level == 0:
            return self._slide.read_fields(rects, level, size)
        fields, readable = np.full((len(rects), size, size, 3), 255, np.uint8), np.zeros(len(rects), bool)
        for i, rect in enumerate(rects):
            x, y, side = rect.x / (1 << level), rect.y / (1 << level), rect.width / (1 << level)
            left, top = math.floor(x), math.floor(y)
            wanted = math.ceil(x + side) - left, math.ceil(y + side) - top
            try:
                pixels = self.read((left << level, top << level), level, wanted)
            except ImageCorrupt:
                continue
            fields[i] = resize_field(pixels, size, Rect(x - left, y - top, side, side))
            readable[i] = True
        return fields, readable

    def _halve(self, above: ImageSource, index: int) -> ArraySource:
        if index > 1:
            return super()._halve(above, index)
        level = self._info.levels[1]
        out = np.full((level.height, level.width, 3), 255, np.uint8)
        damaged: list[_Box] = []
        waiting = deque(_blocks((0, 0, level.width * 2, level.height * 2), _BLOCK_SIDE))
        while waiting:
            x0, y0, x1, y1 = box = waiting.popleft()
            try:
                pixels = above.read((x0, y0), 0, (x1 - x0, y1 - y0))
            except _DAMAGE as error:
                side = max(x1 - x0, y1 - y0) // 4 * 2
                if isinstance(error, _DIVISIBLE) and side >= _SMALLEST_SIDE:
                    waiting.extend(_blocks(box, side))
                else:
                    damaged.append(box)
                continue
            half = (x1 - x0) // 2, (y1 - y0) // 2
            there = out[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2]
            there[:] = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
        self._damaged = damaged
        info = replace(
            self._info,
            width=level.width,
            height=level.height,
            levels=(ImageLevel(level.width, level.height, 1.0),),
        )
        return ArraySource(out, info)


def _blocks(box: _Box, side: int) -> list[_Box]:
    """A box in parts of at most `side`, which is even, as its edges are."""
    x0, y0, x1, y1 = box
    return [
        (x, y, min(x + side, x1), min(y + side, y1)) for y in range(y0, y1, side) for x in range(x0, x1, side)
    ]

"""Coarser levels for an image that has one level, so that every image is shown by the same tile path."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np

from lungviewer.core.errors import ReadFailed
from lungviewer.core.image import RGB, ImageInfo, ImageLevel, ImageSource
from lungviewer.readers.array_source import ArraySource

COARSEST_SIDE = 512
"""Halving goes on until the longer side is no longer than this."""

_STRIPE_ROWS = 1024


class PyramidSource:
    """An `ImageSource` with levels of 2×, 4×, … over one that has only level 0, which it owns from then on.

    A level is made from the one above it when it is first read, each of its pixels the mean of four; what
    is left over at the right and lower edge (less than one pixel of the level) is not in it. All levels
    together take a third of the memory of level 0. Reads may come from several threads at once.
    """

    def __init__(self, source: ImageSource) -> None:
        self._levels: list[ImageSource | None] = [source]
        self._info = replace(source.info, levels=_halved(source.info))
        self._levels += [None] * (len(self._info.levels) - 1)
        self._making = threading.Lock()
        self._closed = False

    @property
    def info(self) -> ImageInfo:
        return self._info

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """See `ImageSource.read`; the origin is rounded down to a whole pixel of the level.

        Raises:
            ReadFailed: the image was closed.
            ValueError: no such level or frame, or a size below one pixel.
        """
        if not 0 <= level < len(self._info.levels):
            raise ValueError(f"no level {level}: there are {len(self._info.levels)}")
        return self._level(level).read((l0_origin[0] >> level, l0_origin[1] >> level), 0, size, frame)

    def thumbnail(self, max_side: int) -> RGB:
        """The whole image, longest side at most `max_side` pixels, by area averaging; never enlarged."""
        if max_side < 1:
            raise ValueError(f"cannot make a thumbnail of {max_side} pixels")
        longest = max(self._info.width, self._info.height)
        large_enough = [
            i for i, each in enumerate(self._info.levels) if max(each.width, each.height) >= max_side
        ]
        if longest <= max_side or not large_enough[1:]:
            return self._level(0).thumbnail(max_side)
        width = max(1, round(self._info.width * max_side / longest))
        height = max(1, round(self._info.height * max_side / longest))
        level = self._info.levels[large_enough[-1]]
        pixels = self._level(large_enough[-1]).read((0, 0), 0, (level.width, level.height))
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(small, dtype=np.uint8)

    def close(self) -> None:
        """Give back the image and every level. Safe to call twice."""
        self._closed = True
        with self._making:
            for source in self._levels:
                if source is not None:
                    source.close()
            self._levels[1:] = [None] * (len(self._levels) - 1)

    def _level(self, index: int) -> ImageSource:
        made = self._levels[index]
        if made is not None:
            return made
        with self._making:
            for i in range(1, index + 1):
                if self._closed:
                    raise ReadFailed("The image was already closed.")
                above = self._levels[i - 1]
                if self._levels[i] is None and above is not None:
                    self._levels[i] = self._halve(above, i)
            found = self._levels[index]
        if found is None:  # closed since
            raise ReadFailed("The image was already closed.")
        return found

    def _halve(self, above: ImageSource, index: int) -> ArraySource:
        """In stripes: a copy of the whole level above would double the memory of a large image."""
        level, upper = self._info.levels[index], self._info.levels[index - 1]
        out = np.empty((level.height, level.width, 3), np.uint8)
        across, down = (2 if upper.width > 1 else 1), (2 if upper.height > 1 else 1)
        for top in range(0, level.height, _STRIPE_ROWS):
            rows = min(_STRIPE_ROWS, level.height - top)
            stripe = above.read((0, top * down), 0, (level.width * across, rows * down))
            # Exactly two to one, so INTER_AREA is the mean of four and stripes do not show.
            cv2.resize(stripe, (level.width, rows), dst=out[top : top + rows], interpolation=cv2.INTER_AREA)
        info = replace(
            self._info,
            width=level.width,
            height=level.height,
            levels=(ImageLevel(level.width, level.height, 1.0),),
        )
        return ArraySource(out, info)


def _halved(info: ImageInfo) -> tuple[ImageLevel, ...]:
    levels = [ImageLevel(info.width, info.height, 1.0)]
    while max(levels[-1].width, levels[-1].height) > COARSEST_SIDE:
        last = levels[-1]
        levels.append(ImageLevel(max(1, last.width >> 1), max(1, last.height >> 1), last.downsample * 2))
    return tuple(levels)

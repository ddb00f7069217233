"""What every whole slide that is open in this process does, however its pixels are decoded."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, OutOfMemory
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB, ImageInfo, Overview
from lungviewer.readers.fields import read_fields
from lungviewer.readers.slide_colour import ToSrgb
from lungviewer.readers.slide_levels import FileLevel, level_position, start_pixel
from lungviewer.readers.slide_overview import survey


class LevelledSlide(abc.ABC):
    """A `SlideSource` over the levels of a file. `read` and everything made of it may be called from several
    threads at once; a subclass decodes.

    Args:
        levels: those of the file, one for each of `info.levels`.
        convert: from the colours of the file to those that are given out; None: as they are stored.
    """

    def __init__(self, info: ImageInfo, levels: Sequence[FileLevel], convert: ToSrgb | None) -> None:
        self._info = info
        self._levels = tuple(levels)
        self._convert = convert

    @property
    def info(self) -> ImageInfo:
        return self._info

    @property
    @abc.abstractmethod
    def associated(self) -> tuple[str, ...]:
        """See `SlideSource.associated`."""

    @abc.abstractmethod
    def associated_image(self, name: str) -> RGB:
        """See `SlideSource.associated_image`."""

    @abc.abstractmethod
    def close(self) -> None:
        """Give back files and memory. Safe to call twice, and while others read: they finish first."""

    @abc.abstractmethod
    def _decode(self, level: FileLevel, l_x: int, l_y: int, width: int, height: int) -> RGB:
        """A rectangle that lies inside a level of the file, in pixels of that level, as stored.

        Raises:
            ImageError: it cannot be decoded (ImageCorrupt, ImageTruncated: other parts still can).
        """

    @abc.abstractmethod
    def _require_open(self) -> None:
        """Raises ReadFailed when the slide was closed."""

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """See `ImageSource.read`. There is one frame.

        Raises:
            ImageCorrupt, ImageTruncated: the file is damaged there; other parts can still be read.
            ReadFailed, OutOfMemory: the slide was closed; there is no room for so many pixels.
            ValueError: no such level or frame, or a size below one pixel.
        """
        if not 0 <= level < len(self._levels) or frame != 0:
            raise ValueError(f"no level {level}, frame {frame}: there are {len(self._levels)} levels")
        if min(size) < 1:
            raise ValueError(f"cannot read {size[0]}×{size[1]} pixels")
        l_x, l_y = (start_pixel(place, 1.0) for place in level_position(self._info, level, *l0_origin))
        return self._cut(self._levels[level], l_x, l_y, *size)

    def read_fields(
        self, rects: Sequence[Rect], level: int, size: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """See `SlideSource.read_fields`."""
        self._require_open()
        return read_fields(self, rects, level, size)

    def overview(self, max_side: int) -> Overview:
        """See `SlideSource.overview`: made of the coarsest level that is large enough, by area averaging."""
        if max_side < 1:
            raise ValueError(f"cannot make an overview of {max_side} pixels")
        wanted = min(max_side, max(self._info.width, self._info.height))
        level = [each for each in self._levels if max(each.width, each.height) >= wanted][-1]

        def read(x: int, y: int, width: int, height: int) -> RGB:
            return self._cut(level, level.left + x, level.top + y, width, height)

        return survey(read, (level.width, level.height), max_side)

    def thumbnail(self, max_side: int) -> RGB:
        """The whole slide, longest side at most `max_side` pixels, never enlarged; damaged parts are white.

        Raises:
            ImageCorrupt: no part of it can be read.
        """
        seen = self.overview(max_side)
        if not seen.readable.any():
            raise ImageCorrupt("No part of the slide can be read.")
        return seen.pixels

    def _cut(self, level: FileLevel, l_x: int, l_y: int, width: int, height: int) -> RGB:
        self._require_open()
        left, right = max(l_x, level.left), min(l_x + width, level.left + level.width)
        top, bottom = max(l_y, level.top), min(l_y + height, level.top + level.height)
        try:
            if left >= right or top >= bottom:
                return np.full((height, width, 3), 255, np.uint8)
            inside = self._decode(level, left, top, right - left, bottom - top)
            if self._convert is not None:
                inside = self._convert(inside)
            if (right - left, bottom - top) == (width, height):
                return inside
            out = np.full((height, width, 3), 255, np.uint8)
        except MemoryError:
            raise OutOfMemory("There is not enough memory for so large a part of the slide.") from None
        out[top - l_y : bottom - l_y, left - l_x : right - l_x] = inside
        return out

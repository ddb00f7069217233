"""An image that is wholly in memory."""

from __future__ import annotations

import numpy as np

from lungviewer.core.errors import ReadFailed
from lungviewer.core.image import RGB, ImageInfo


class ArraySource:
    """An `ImageSource` over one H×W×3 uint8 RGB array, which it owns from then on.

    `read` and `thumbnail` may be called from several threads at once.
    """

    def __init__(self, pixels: RGB, info: ImageInfo) -> None:
        if pixels.dtype != np.uint8 or pixels.shape != (info.height, info.width, 3):
            raise ValueError(
                f"expected {info.height}×{info.width}×3 uint8, got {pixels.shape} {pixels.dtype}"
            )
        self._info = info
        self._pixels: RGB | None = np.ascontiguousarray(pixels)

    @property
    def info(self) -> ImageInfo:
        return self._info

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """See `ImageSource.read`. There is one level and one frame.

        Raises:
            ReadFailed: the image was closed.
            ValueError: no such level or frame, or a size below one pixel.
        """
        pixels = self._open_pixels()
        if level != 0 or frame != 0:
            raise ValueError(f"no level {level}, frame {frame}: a plain image has one of each")
        width, height = size
        if width < 1 or height < 1:
            raise ValueError(f"cannot read {width}×{height} pixels")
        left, top = l0_origin
        x0, x1 = max(left, 0), min(left + width, self._info.width)
        y0, y1 = max(top, 0), min(top + height, self._info.height)
        if (x1 - x0, y1 - y0) == size:
            return pixels[y0:y1, x0:x1].copy()
        out = np.full((height, width, 3), 255, np.uint8)
        if x0 < x1 and y0 < y1:
            out[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
        return out

    def thumbnail(self, max_side: int) -> RGB:
        """The whole image, longest side at most `max_side` pixels, by area averaging; never enlarged."""
        return shrink(self._open_pixels(), max_side)

    def close(self) -> None:
        """Give back the pixels. Safe to call twice."""
        self._pixels = None

    def _open_pixels(self) -> RGB:
        pixels = self._pixels  # read once: another thread may close at any moment
        if pixels is None:
            raise ReadFailed("The image was already closed.")
        return pixels


def shrink(pixels: RGB, max_side: int) -> RGB:
    """A copy with the longest side at most `max_side` pixels, by area averaging; never enlarged."""
    if max_side < 1:
        raise ValueError(f"cannot make a thumbnail of {max_side} pixels")
    height, width = pixels.shape[:2]
    size = shrunk_size((width, height), max_side)
    if size == (width, height):
        return pixels.copy()
    import cv2

    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, dtype=np.uint8)


def shrunk_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """(width, height) with the longest side at most `max_side` pixels; never larger than `size`."""
    longest = max(size)
    if longest <= max_side:
        return size
    return max(1, round(size[0] * max_side / longest)), max(1, round(size[1] * max_side / longest))

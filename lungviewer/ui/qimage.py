"""The one place where numpy pictures become Qt pictures."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from lungviewer.core.ct import HU
from lungviewer.core.image import RGB


def rgb_image(pixels: RGB) -> QImage:
    """H×W×3 uint8 RGB as an image in the window's own format (`Format_RGB32`), with its own memory.

    Painting that format costs nothing to convert; this function may be called in any thread.
    """
    height, width = pixels.shape[:2]
    return _owned(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA), width, height, QImage.Format.Format_RGB32)


def rgba_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    """H×W×4 uint8 RGBA, not premultiplied, as `Format_ARGB32` with its own memory."""
    height, width = pixels.shape[:2]
    return _owned(cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA), width, height, QImage.Format.Format_ARGB32)


def table_image(steps: npt.NDArray[np.uint8], table: npt.NDArray[np.uint8]) -> QImage:
    """An H×W picture of numbers, coloured by a 256×4 RGBA table, as `Format_ARGB32_Premultiplied` with its
    own memory. Colours are not premultiplied."""
    shares = table[:, 3:] / 255
    bgra = np.rint(table[:, (2, 1, 0, 3)] * np.where([True, True, True, False], shares, 1)).astype(np.uint8)
    bgra = np.ascontiguousarray(bgra).view(np.uint32)[:, 0]
    pixels = bgra.take(steps).view(np.uint8).reshape(*steps.shape, 4)
    return _owned(pixels, steps.shape[1], steps.shape[0], QImage.Format.Format_ARGB32_Premultiplied)


def ct_colours(table: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """The pixels of `ct_image` for all int16 values, from a `core.ct.window_table`. In the order of the
    values as unsigned numbers, so that looking one up needs no arithmetic."""
    grey = np.roll(table, -32768).astype(np.uint32)
    return np.asarray(grey * np.uint32(0x010101) | np.uint32(0xFF000000), np.uint32)


def ct_image(values: HU, colours: npt.NDArray[np.uint32]) -> QImage:
    """H×W Hounsfield units as an image in the window's own format (`Format_RGB32`), with its own memory;
    `colours` by `ct_colours`."""
    pixels = colours.take(np.ascontiguousarray(values).view(np.uint16))  # half as long as by an index
    height, width = values.shape
    return _owned(pixels.view(np.uint8).reshape(height, -1), width, height, QImage.Format.Format_RGB32)


def rgb_array(image: QImage) -> RGB:
    """An image as H×W×3 uint8 RGB, contiguous, with its own memory."""
    exact = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(exact.constBits(), np.uint8)
    rows = flat.reshape(exact.height(), exact.bytesPerLine())[:, : exact.width() * 3]
    # A copy, always: where no line is padded the array would lie in the image, which dies with this function.
    return rows.reshape(exact.height(), exact.width(), 3).copy()


def _owned(bgra: npt.NDArray[np.uint8], width: int, height: int, kind: QImage.Format) -> QImage:
    # On the little-endian machines that Qt runs on, these formats lie in memory as B G R A. `copy`
    # because the wrapped array dies with this function.
    return QImage(bgra.data, width, height, bgra.strides[0], kind).copy()

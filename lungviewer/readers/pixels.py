"""What every plain-picture decoder shares: its result, its limits, and the steps after decoding."""

from __future__ import annotations

import contextlib
import math
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, ImageTooLarge
from lungviewer.core.image import RGB
from lungviewer.readers.scale import NO_SCALE, Scale

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 100_000_000
MAX_SIDE = 65_535
SERIAL_PIXELS = 25_000_000
"""Pictures larger than this are decoded one at a time, so that two threads do not double the peak."""

DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders were seen, or are documented, to raise on damaged input. Memory is not among
them: running out of it is handled once, in raster.py."""

_one_big_picture = threading.Lock()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture: H×W×3 uint8 RGB, codes of what was changed on the way, and its scale."""

    pixels: RGB
    notes: tuple[str, ...] = ()
    scale: Scale = NO_SCALE


def check_size(width: int, height: int) -> None:
    """Judge declared dimensions before anything is allocated for them.

    Raises:
        ImageCorrupt: a side of zero or less.
        ImageTooLarge: more than 100 megapixels, or a side above 65,535.
    """
    if width < 1 or height < 1:
        raise ImageCorrupt("The image says that it has no pixels.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageTooLarge(f"The image is {width} × {height} pixels; up to 100 megapixels are read.")


@contextlib.contextmanager
def decoding(width: int, height: int) -> Iterator[None]:
    """Check the size, and hold the lock of big pictures while one is decoded."""
    check_size(width, height)
    if width * height <= SERIAL_PIXELS:
        yield
        return
    with _one_big_picture:
        yield


def grey_to_rgb(grey: npt.NDArray[np.uint8]) -> RGB:
    """H×W to H×W×3."""
    rgb: RGB = np.repeat(grey[..., None], 3, axis=2)
    return rgb


def rgb_of(picture: Image) -> RGB:
    """Pixels of a decoded Pillow picture, with as few copies as there can be. They may be read-only."""
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def to_8_bit(samples: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """16-bit samples over their whole range: v / 257, rounded. Never clipped, never stretched."""
    out = np.empty(samples.shape, np.uint8)
    for rows in _bands(samples.shape):
        out[rows] = (samples[rows].astype(np.uint32) + 128) // 257
    return out


def on_white(
    colour: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8], premultiplied: bool = False
) -> npt.NDArray[np.uint8]:
    """Composite H×W×C colour with H×W alpha on white, rounded to nearest."""
    out = np.empty(colour.shape, np.uint8)
    for rows in _bands(colour.shape):
        paint, cover = colour[rows].astype(np.uint16), alpha[rows, :, None].astype(np.uint16)
        if premultiplied:
            out[rows] = np.minimum(paint + (255 - cover), 255)
        else:
            out[rows] = (paint * cover + 255 * (255 - cover) + 127) // 255  # at most 65,152: it fits
    return out


def _bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Groups of rows of some four million samples, so that wider intermediate numbers stay small."""
    step = max(1, 4_000_000 // max(1, math.prod(shape[1:])))
    for top in range(0, shape[0], step):
        yield slice(top, top + step)


def flatten_alpha(colour: RGB, alpha: npt.NDArray[np.uint8], notes: list[str]) -> RGB:
    """`colour` on white; the note `alpha_on_white` is added only if something was transparent."""
    if int(alpha.min()) == 255:
        return np.ascontiguousarray(colour)
    notes.append("alpha_on_white")
    return on_white(colour, alpha)


def orient(pixels: RGB, orientation: int | None, notes: list[str]) -> RGB:
    """Turn the picture the way its EXIF or TIFF orientation (1–8) says it is to be seen.

    None stands for metadata that could not be read: the pixels stay, with a note.
    """
    if orientation is None:
        notes.append("exif_unreadable")
        return pixels
    if orientation not in _TURNS:
        return pixels
    notes.append("exif_rotated")
    quarter_turns, mirrored = _TURNS[orientation]
    turned = np.rot90(pixels, quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


# Quarter turns anticlockwise, then whether to mirror left and right (EXIF 2.32, table of tag 274).
_TURNS = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}


def is_srgb(profile: bytes) -> bool:
    """True if an ICC profile calls itself sRGB."""
    return b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def note_profile(profile: bytes, notes: list[str]) -> None:
    """Pixels are never converted through a colour profile; one that is not sRGB is noted."""
    if profile and not is_srgb(profile):
        notes.append("icc_ignored")

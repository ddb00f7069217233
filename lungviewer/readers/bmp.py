"""Windows bitmaps: plain and bit-field pixels. Run-length coding may leave pixels undefined: refused."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np

from lungviewer.core.errors import ImageCorrupt, ImageTruncated, UnsupportedPixels
from lungviewer.core.image import RGB
from lungviewer.readers.pixels import DECODER_ERRORS, Decoded, decoding, flatten_alpha, rgb_of

_PLAIN_CODINGS = frozenset({0, 3, 6})  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS
_DEPTHS = frozenset({1, 4, 8, 16, 24, 32})
_FILE_HEADER = 14
_OLD_HEADER = 12


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    bits: int
    coding: int
    pixels_at: int


def decode(data: bytes) -> Decoded:
    """Decode a BMP file. Rules and notes: readers/raster.py."""
    header = _read_header(data)
    notes: list[str] = []
    with decoding(header.width, header.height):
        row_bytes = (header.width * header.bits + 31) // 32 * 4
        if header.pixels_at + row_bytes * header.height > len(data):
            raise ImageTruncated("The BMP ends in the middle of its picture.")
        pixels = _pixels(data, notes)
    if pixels.shape[:2] != (header.height, header.width):
        raise ImageCorrupt("The BMP header makes no sense.")
    return Decoded(pixels, tuple(notes))


def _read_header(data: bytes) -> _Header:
    if len(data) < _FILE_HEADER + _OLD_HEADER:
        raise ImageTruncated("The BMP ends in its header.")
    pixels_at, size = struct.unpack_from("<II", data, 10)
    if len(data) < _FILE_HEADER + size:
        raise ImageTruncated("The BMP ends in its header.")
    if size == _OLD_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        coding = 0
    elif size >= 40:
        width, height, _, bits, coding = struct.unpack_from("<iiHHI", data, 18)
    else:
        raise UnsupportedPixels("The BMP is of an OS/2 kind that is not read.")
    if coding not in _PLAIN_CODINGS:
        raise UnsupportedPixels("The BMP is compressed.")
    if bits not in _DEPTHS:
        raise UnsupportedPixels(f"The BMP has {bits} bits per pixel.")
    if pixels_at < _FILE_HEADER + size:
        raise ImageCorrupt("The BMP header makes no sense.")
    return _Header(width, abs(height), bits, coding, pixels_at)


def _pixels(data: bytes, notes: list[str]) -> RGB:
    from PIL import BmpImagePlugin

    try:
        # The class itself, not Image.open: no other plug-in can be asked for its opinion.
        with BmpImagePlugin.BmpImageFile(io.BytesIO(data)) as picture:
            picture.load()
            kind = {"1": "bilevel", "L": "grey", "P": "palette"}.get(picture.mode)
            if kind is not None:
                notes.append(kind)
            if "A" not in picture.mode:
                return rgb_of(picture)
            both = np.asarray(picture.convert("RGBA"))
    except DECODER_ERRORS as error:
        if "bitfields" in str(error).lower():
            raise UnsupportedPixels("The BMP's colours are packed in an unusual way.") from None
        raise ImageCorrupt("The BMP is damaged.") from None
    return flatten_alpha(both[..., :3], both[..., 3], notes)

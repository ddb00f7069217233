"""The parts of a PNG file, every checksum verified.

Source: PNG specification, third edition (W3C 2025).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from lungviewer.core.errors import ImageCorrupt, ImageTruncated, UnsupportedPixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB_COLOUR, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB_COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
_DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB_COLOUR: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
_PICTURE_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


@dataclass(slots=True)
class Chunks:
    """The parts of a PNG. `picture` are the chunks that a decoder needs, as they stand in the file."""

    width: int = 0
    height: int = 0
    depth: int = 0
    kind: int = 0
    interlaced: bool = False
    palette: bytes = b""
    transparency: bytes | None = None
    coded: list[bytes] = field(default_factory=list)
    picture: list[bytes] = field(default_factory=list)
    other: dict[bytes, bytes] = field(default_factory=dict)


def walk(data: bytes) -> Chunks:
    """Read every chunk from the signature to IEND.

    Raises:
        ImageTruncated: the file ends before IEND does.
        ImageCorrupt: a checksum is wrong or the header makes no sense.
        UnsupportedPixels: a part that a decoder must understand and none here does.
    """
    chunks = Chunks()
    position = len(SIGNATURE)
    while True:
        if position + 12 > len(data):
            raise ImageTruncated("The PNG ends before its end marker.")
        length = int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            raise ImageTruncated("The PNG ends before its end marker.")
        stored = int.from_bytes(data[end - 4 : end], "big")
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != stored:
            raise ImageCorrupt("A checksum of the PNG is wrong.")
        if (name == b"IHDR") != (position == len(SIGNATURE)):
            raise ImageCorrupt("The PNG's header is missing or repeated.")
        _take(chunks, name, data[position + 8 : end - 4])
        if name in _PICTURE_CHUNKS:
            chunks.picture.append(data[position:end])
        if name == b"IEND":
            return chunks
        position = end


def _take(chunks: Chunks, name: bytes, body: bytes) -> None:
    if name == b"IHDR":
        _take_header(chunks, body)
    elif name == b"PLTE":
        if not body or len(body) % 3 or len(body) > 768:
            raise ImageCorrupt("The palette of the PNG is damaged.")
        chunks.palette = body
    elif name == b"tRNS":
        chunks.transparency = body
    elif name == b"IDAT":
        chunks.coded.append(body)
    elif name != b"IEND":
        if not name[:1].islower():  # capital letter: whoever does not know it cannot show the picture
            raise UnsupportedPixels("The PNG has a part that only the program that made it can read.")
        chunks.other.setdefault(name, body)


def _take_header(chunks: Chunks, body: bytes) -> None:
    if len(body) != 13:
        raise ImageCorrupt("The PNG's header is damaged.")
    chunks.width, chunks.height, chunks.depth, chunks.kind, method, filtering, interlace = struct.unpack(
        ">IIBBBBB", body
    )
    if chunks.depth not in _DEPTHS.get(chunks.kind, ()) or method or filtering or interlace > 1:
        raise ImageCorrupt("The PNG's header makes no sense.")
    chunks.interlaced = bool(interlace)

"""PNG with 16 bits per channel, which Pillow reads as 8.

PNG filters (specification, section 9) work byte by byte on neighbours of the same position within a
pixel. The upper bytes of all samples therefore are an 8-bit picture of their own, coded with the same
filters, and so are the lower bytes: Pillow decodes both, and nothing is lost.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, ImageTruncated
from lungviewer.core.image import RGB
from lungviewer.readers.pixels import DECODER_ERRORS, flatten_alpha, grey_to_rgb, to_8_bit
from lungviewer.readers.png_chunks import CHANNELS, GREY, GREY_ALPHA, RGB_ALPHA, SIGNATURE, Chunks

_Bytes = npt.NDArray[np.uint8]
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def decode_deep(chunks: Chunks, notes: list[str]) -> RGB:
    """Scale 16-bit samples to 8 over their whole range; notes are added as in readers/raster.py.

    Raises:
        ImageTruncated, ImageCorrupt: rows are missing or damaged.
    """
    filtered = np.frombuffer(_inflate(chunks), np.uint8)
    upper = _decode_half(chunks, filtered, 0)
    lower = _decode_half(chunks, filtered, 1)
    del filtered
    samples = upper.astype(np.uint16)
    samples <<= 8
    samples |= lower
    notes.append("16bit_scaled")
    eight = to_8_bit(samples)
    grey = chunks.kind in (GREY, GREY_ALPHA)
    if grey:
        notes.append("grey")
    colour = grey_to_rgb(eight[..., 0]) if grey else eight[..., :3]
    if chunks.kind in (GREY_ALPHA, RGB_ALPHA):
        return flatten_alpha(colour, eight[..., -1], notes)
    if chunks.transparency is None:
        return colour
    return flatten_alpha(colour, _keyed(chunks, samples), notes)


def _keyed(chunks: Chunks, samples: npt.NDArray[np.uint16]) -> _Bytes:
    """Alpha from the one colour that stands for transparency."""
    channels = CHANNELS[chunks.kind]
    if chunks.transparency is None or len(chunks.transparency) != 2 * channels:
        raise ImageCorrupt("The PNG's transparent colour is damaged.")
    key = np.array(struct.unpack(f">{channels}H", chunks.transparency), np.uint16)
    return np.where((samples == key).all(axis=2), 0, 255).astype(np.uint8)


def _passes(chunks: Chunks) -> list[tuple[int, int]]:
    """(rows, columns) of each interlace pass that has any; one pass if not interlaced."""
    steps = _ADAM7 if chunks.interlaced else ((0, 0, 1, 1),)
    sizes = [(-(-(chunks.height - y0) // dy), -(-(chunks.width - x0) // dx)) for x0, y0, dx, dy in steps]
    return [(rows, columns) for rows, columns in sizes if rows > 0 and columns > 0]


def _inflate(chunks: Chunks) -> bytes:
    """All filtered rows, and never more than the header asks for."""
    channels = CHANNELS[chunks.kind]
    wanted = sum(rows * (1 + 2 * columns * channels) for rows, columns in _passes(chunks))
    stream = zlib.decompressobj()
    parts: list[bytes] = []
    missing = wanted
    try:
        for coded in chunks.coded:
            if missing > 0:
                parts.append(stream.decompress(coded, missing))
                missing -= len(parts[-1])
    except zlib.error:
        raise ImageCorrupt("The PNG's picture is damaged.") from None
    if missing > 0:
        raise ImageTruncated("The PNG ends in the middle of its picture.")
    return b"".join(parts)


def _decode_half(chunks: Chunks, filtered: _Bytes, which: int) -> _Bytes:
    """height×width×channels upper (0) or lower (1) bytes of every sample."""
    from PIL import PngImagePlugin

    channels = CHANNELS[chunks.kind]
    rows_of_all_passes: list[bytes] = []
    at = 0
    for rows, columns in _passes(chunks):
        length = 1 + 2 * columns * channels
        block = filtered[at : at + rows * length].reshape(rows, length)
        half = np.empty((rows, 1 + columns * channels), np.uint8)
        half[:, 0] = block[:, 0]
        half[:, 1:] = block[:, 1 + which :: 2]
        rows_of_all_passes.append(half.tobytes())
        at += rows * length
    wrapped = _stored_png(chunks, b"".join(rows_of_all_passes))
    try:
        # The class itself, not Image.open: no other plug-in can be asked for its opinion.
        with PngImagePlugin.PngImageFile(io.BytesIO(wrapped)) as picture:
            picture.load()
            return np.asarray(picture).reshape(chunks.height, chunks.width, channels)
    except DECODER_ERRORS:
        raise ImageCorrupt("The PNG's picture is damaged.") from None


def _stored_png(chunks: Chunks, rows: bytes) -> bytes:
    """An 8-bit PNG of the same kind, not compressed."""
    header = struct.pack(">IIBBBBB", chunks.width, chunks.height, 8, chunks.kind, 0, 0, chunks.interlaced)
    coded = zlib.compress(rows, 0)
    return b"".join([SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", coded), *_chunk(b"IEND", b"")])


def _chunk(name: bytes, body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    return struct.pack(">I", len(body)), name, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))

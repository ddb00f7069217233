"""PNG: complete files only, every chunk's checksum verified.

Pillow accepts a PNG without its end and reads 16-bit colour as 8-bit. So the chunks are walked first
(png_chunks.py), and only those that hold the picture are handed on: text, profiles and animation can
neither grow in memory nor reach a decoder. 16 bits: png_deep.py.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np

from lungviewer.core.errors import ImageCorrupt, ImageTruncated
from lungviewer.core.image import RGB
from lungviewer.readers import scale
from lungviewer.readers.pixels import (
    DECODER_ERRORS,
    Decoded,
    decoding,
    flatten_alpha,
    note_profile,
    orient,
    rgb_of,
)
from lungviewer.readers.png_chunks import GREY, GREY_ALPHA, PALETTE, RGB_ALPHA, SIGNATURE, Chunks, walk
from lungviewer.readers.png_deep import decode_deep
from lungviewer.readers.tiff_tags import exif_facts

_PROFILE_LIMIT = 1 << 20
_USUAL_GAMMA = 45_455


def decode(data: bytes) -> Decoded:
    """Decode a PNG file. Rules and notes: readers/raster.py."""
    chunks = walk(data)
    notes: list[str] = []
    with decoding(chunks.width, chunks.height):
        pixels = decode_deep(chunks, notes) if chunks.depth == 16 else _decode_8(chunks, notes)
        frames = _frames(chunks)
        if frames > 1:
            notes.append(f"first_frame_of_{frames}")
        _note_colour_space(chunks, notes)
        orientation, _ = exif_facts(chunks.other.get(b"eXIf", b""))
        pixels = orient(pixels, orientation, notes)
    return Decoded(pixels, tuple(notes), scale.resolve(_claims(chunks)))


def _decode_8(chunks: Chunks, notes: list[str]) -> RGB:
    from PIL import PngImagePlugin

    try:
        # The class itself, not Image.open: no other plug-in can be asked for its opinion.
        with PngImagePlugin.PngImageFile(io.BytesIO(SIGNATURE + b"".join(chunks.picture))) as picture:
            picture.load()
            if chunks.kind == PALETTE:
                _check_palette(chunks, picture)
                notes.append("palette")
            if chunks.kind in (GREY, GREY_ALPHA):
                notes.append("bilevel" if chunks.depth == 1 else "grey")
            if chunks.transparency is None and chunks.kind not in (GREY_ALPHA, RGB_ALPHA):
                return rgb_of(picture)
            both = np.asarray(picture.convert("RGBA"))
    except DECODER_ERRORS as error:
        if "truncated" in str(error):
            raise ImageTruncated("The PNG ends in the middle of its picture.") from None
        raise ImageCorrupt("The PNG's picture is damaged.") from None
    return flatten_alpha(both[..., :3], both[..., 3], notes)


def _check_palette(chunks: Chunks, picture: Any) -> None:
    if int(np.asarray(picture).max()) >= len(chunks.palette) // 3:
        raise ImageCorrupt("The PNG uses colours that its palette does not have.")


def _frames(chunks: Chunks) -> int:
    control = chunks.other.get(b"acTL", b"")
    return int.from_bytes(control[:4], "big") if len(control) == 8 else 1


def _note_colour_space(chunks: Chunks, notes: list[str]) -> None:
    if b"iCCP" in chunks.other:
        _, _, coded = chunks.other[b"iCCP"].partition(b"\0")
        try:
            profile = zlib.decompressobj().decompress(coded[1:], _PROFILE_LIMIT)
        except zlib.error:
            profile = b"unreadable"
        note_profile(profile, notes)
    elif b"cICP" in chunks.other:
        notes.append("icc_ignored")
    elif b"sRGB" not in chunks.other and b"gAMA" in chunks.other:
        gamma = int.from_bytes(chunks.other[b"gAMA"][:4], "big")
        if abs(gamma - _USUAL_GAMMA) > _USUAL_GAMMA // 100:
            notes.append("gamma_ignored")


def _claims(chunks: Chunks) -> list[scale.ScaleClaim]:
    body = chunks.other.get(b"pHYs", b"")
    if len(body) != 9 or body[8] != 1:  # 1: pixels per metre; 0: only their shape is known
        return []
    x, y = struct.unpack_from(">II", body)
    return scale.per_unit(x, y, 1e6, "resolution tag")

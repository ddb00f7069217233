"""PNG: complete files only, every chunk's checksum verified.

Pillow accepts a PNG without its end and reads 16-bit colour as 8-bit. So the chunks are walked here,
and only those that hold the picture are handed on: text, profiles and animation can neither grow in
memory nor reach a decoder. Source: PNG specification, third edition (W3C 2025).
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, ImageTruncated, UnsupportedPixels
from lungviewer.core.image import RGB
from lungviewer.readers import scale
from lungviewer.readers.pixels import (
    DECODER_ERRORS,
    Decoded,
    decoding,
    flatten_alpha,
    grey_to_rgb,
    note_profile,
    orient,
    to_8_bit,
)
from lungviewer.readers.tiff_tags import exif_facts

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _RGB_ALPHA: (8, 16),
}
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGB_ALPHA: 4}
_PICTURE_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PROFILE_LIMIT = 1 << 20
_USUAL_GAMMA = 45_455
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(slots=True)
class _Chunks:
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


def decode(data: bytes) -> Decoded:
    """Decode a PNG file. Rules and notes: readers/raster.py."""
    chunks = _walk(data)
    notes: list[str] = []
    with decoding(chunks.width, chunks.height):
        pixels = _decode_16(chunks, notes) if chunks.depth == 16 else _decode_8(chunks, notes)
        frames = _frames(chunks)
        if frames > 1:
            notes.append(f"first_frame_of_{frames}")
        _note_colour_space(chunks, notes)
        orientation, _ = exif_facts(chunks.other.get(b"eXIf", b""))
        pixels = orient(pixels, orientation, notes)
    return Decoded(pixels, tuple(notes), scale.resolve(_claims(chunks)))


def _walk(data: bytes) -> _Chunks:
    """Read every chunk from the signature to IEND.

    Raises:
        ImageTruncated: the file ends before IEND does.
        ImageCorrupt: a checksum is wrong or the header makes no sense.
        UnsupportedPixels: a part that a decoder must understand and none here does.
    """
    chunks = _Chunks()
    position = len(_SIGNATURE)
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
        if (name == b"IHDR") != (position == len(_SIGNATURE)):
            raise ImageCorrupt("The PNG's header is missing or repeated.")
        _take(chunks, name, data[position + 8 : end - 4])
        if name in _PICTURE_CHUNKS:
            chunks.picture.append(data[position:end])
        if name == b"IEND":
            return chunks
        position = end


def _take(chunks: _Chunks, name: bytes, body: bytes) -> None:
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


def _take_header(chunks: _Chunks, body: bytes) -> None:
    if len(body) != 13:
        raise ImageCorrupt("The PNG's header is damaged.")
    chunks.width, chunks.height, chunks.depth, chunks.kind, method, filtering, interlace = struct.unpack(
        ">IIBBBBB", body
    )
    if chunks.depth not in _DEPTHS.get(chunks.kind, ()) or method or filtering or interlace > 1:
        raise ImageCorrupt("The PNG's header makes no sense.")
    chunks.interlaced = bool(interlace)


def _decode_8(chunks: _Chunks, notes: list[str]) -> RGB:
    from PIL import PngImagePlugin

    try:
        # The class itself, not Image.open: no other plug-in can be asked for its opinion.
        with PngImagePlugin.PngImageFile(io.BytesIO(_SIGNATURE + b"".join(chunks.picture))) as picture:
            picture.load()
            if chunks.kind == _PALETTE:
                _check_palette(chunks, picture)
                notes.append("palette")
            if chunks.kind in (_GREY, _GREY_ALPHA):
                notes.append("bilevel" if chunks.depth == 1 else "grey")
            if chunks.transparency is None and chunks.kind not in (_GREY_ALPHA, _RGB_ALPHA):
                return np.array(picture.convert("RGB"))
            both = np.asarray(picture.convert("RGBA"))
    except DECODER_ERRORS as error:
        if "truncated" in str(error):
            raise ImageTruncated("The PNG ends in the middle of its picture.") from None
        raise ImageCorrupt("The PNG's picture is damaged.") from None
    return flatten_alpha(both[..., :3], both[..., 3], notes)


def _check_palette(chunks: _Chunks, picture: Any) -> None:
    if int(np.asarray(picture).max()) >= len(chunks.palette) // 3:
        raise ImageCorrupt("The PNG uses colours that its palette does not have.")


def _decode_16(chunks: _Chunks, notes: list[str]) -> RGB:
    """OpenCV is the only decoder here that keeps all 16 bits."""
    _require_all_rows(chunks)
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    kept = b"".join(part for part in chunks.picture if part[4:8] != b"tRNS")
    try:
        raw = cv2.imdecode(np.frombuffer(_SIGNATURE + kept, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        raw = None
    if raw is None or raw.dtype != np.uint16 or raw.shape[:2] != (chunks.height, chunks.width):
        raise ImageCorrupt("The PNG's picture is damaged.")
    notes.append("16bit_scaled")
    if chunks.kind in (_GREY, _GREY_ALPHA):
        notes.append("grey")
    samples = raw if raw.ndim == 3 else raw[..., None]
    if samples.shape[2] >= 3:
        samples = samples[..., [2, 1, 0, *range(3, samples.shape[2])]]  # OpenCV's order is BGR(A)
    colour = to_8_bit(samples[..., :3]) if samples.shape[2] >= 3 else grey_to_rgb(to_8_bit(samples[..., 0]))
    alpha = _alpha_16(chunks, samples)
    return np.ascontiguousarray(colour) if alpha is None else flatten_alpha(colour, alpha, notes)


def _alpha_16(chunks: _Chunks, samples: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8] | None:
    if chunks.kind in (_GREY_ALPHA, _RGB_ALPHA):
        return to_8_bit(samples[..., -1])
    if chunks.transparency is None:
        return None
    channels = _CHANNELS[chunks.kind]
    if len(chunks.transparency) != 2 * channels:
        raise ImageCorrupt("The PNG's transparent colour is damaged.")
    key = np.array(struct.unpack(f">{channels}H", chunks.transparency), np.uint16)
    return np.where((samples[..., :channels] == key).all(axis=2), 0, 255).astype(np.uint8)


def _require_all_rows(chunks: _Chunks) -> None:
    """Inflate once without keeping anything: OpenCV has returned half pictures without a word."""
    bits = chunks.depth * _CHANNELS[chunks.kind]
    wanted = 0
    for x0, y0, dx, dy in _ADAM7 if chunks.interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(chunks.width - x0) // dx), -(-(chunks.height - y0) // dy)
        if columns > 0 and rows > 0:
            wanted += rows * (1 + (columns * bits + 7) // 8)
    stream = zlib.decompressobj()
    have = 0
    try:
        for part in chunks.coded:
            pending = part
            while pending and have < wanted:
                have += len(stream.decompress(pending, 1 << 20))
                pending = stream.unconsumed_tail
    except zlib.error:
        raise ImageCorrupt("The PNG's picture is damaged.") from None
    if have < wanted:
        raise ImageTruncated("The PNG ends in the middle of its picture.")


def _frames(chunks: _Chunks) -> int:
    control = chunks.other.get(b"acTL", b"")
    return int.from_bytes(control[:4], "big") if len(control) == 8 else 1


def _note_colour_space(chunks: _Chunks, notes: list[str]) -> None:
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


def _claims(chunks: _Chunks) -> list[scale.ScaleClaim]:
    body = chunks.other.get(b"pHYs", b"")
    if len(body) != 9 or body[8] != 1:  # 1: pixels per metre; 0: only their shape is known
        return []
    x, y = struct.unpack_from(">II", body)
    return scale.per_unit(x, y, 1e6, "resolution tag")

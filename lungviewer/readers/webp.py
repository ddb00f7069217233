"""WebP: lossy and lossless stills, the first frame of animations.

Source: WebP container specification (RFC 9649, section 2).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np

from lungviewer.core.errors import ImageCorrupt, ImageTruncated
from lungviewer.core.image import RGB
from lungviewer.readers.pixels import (
    DECODER_ERRORS,
    Decoded,
    decoding,
    flatten_alpha,
    note_profile,
    orient,
    rgb_of,
)
from lungviewer.readers.tiff_tags import exif_facts


@dataclass(slots=True)
class _Container:
    width: int = 0
    height: int = 0
    frames: int = 0
    exif: bytes = b""
    profile: bytes = b""


def decode(data: bytes) -> Decoded:
    """Decode a WebP file. Rules and notes: readers/raster.py."""
    container = _walk(data)
    notes: list[str] = []
    with decoding(container.width, container.height):
        pixels = _pixels(data, notes)
        if pixels.shape[:2] != (container.height, container.width):
            raise ImageCorrupt("The WebP header states two sizes.")
        if container.frames > 1:
            notes.append(f"first_frame_of_{container.frames}")
        note_profile(container.profile, notes)
        orientation, _ = exif_facts(container.exif)
        pixels = orient(pixels, orientation, notes)
    return Decoded(pixels, tuple(notes))


def _walk(data: bytes) -> _Container:
    """Size and metadata from the RIFF chunks.

    Raises:
        ImageTruncated: the file is shorter than it says.
        ImageCorrupt: the chunks do not fit into the file's own frame, or none holds a picture.
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < 20 or end > len(data):
        raise ImageTruncated("The WebP file is shorter than it says.")
    container = _Container()
    position = 12
    while position + 8 <= end:
        name = data[position : position + 4]
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if position + 8 + length > end:
            raise ImageCorrupt("The parts of the WebP file do not fit into it.")
        _take(container, name, data[position + 8 : position + 8 + length])
        position += 8 + length + length % 2
    if not container.width:
        raise ImageCorrupt("The WebP file holds no picture.")
    return container


def _take(container: _Container, name: bytes, body: bytes) -> None:
    if name == b"ANMF":
        container.frames += 1
    elif name == b"EXIF":
        container.exif = body
    elif name == b"ICCP":
        container.profile = body
    elif not container.width:
        size = _size(name, body)
        if size is not None:
            container.width, container.height = size


def _size(name: bytes, body: bytes) -> tuple[int, int] | None:
    """Canvas or picture size stated by the first chunk that states one."""
    if name == b"VP8X" and len(body) >= 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        packed = int.from_bytes(body[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    return None


def _pixels(data: bytes, notes: list[str]) -> RGB:
    from PIL import WebPImagePlugin

    try:
        # The class itself, not Image.open: no other plug-in can be asked for its opinion.
        with WebPImagePlugin.WebPImageFile(io.BytesIO(data)) as picture:
            picture.load()
            if "A" not in picture.mode:
                return rgb_of(picture)
            both = np.asarray(picture.convert("RGBA"))
    except DECODER_ERRORS:
        raise ImageCorrupt("The WebP picture is damaged or incomplete.") from None
    return flatten_alpha(both[..., :3], both[..., 3], notes)

"""JPEG: complete baseline and progressive streams of 8-bit samples, or nothing.

libjpeg paints what is missing grey and only warns; simplejpeg's strict mode turns every warning into
an error. One cut leaves no warning: a progressive stream that ends after one of its scans. Therefore
the scans are read here too, and must carry every coefficient down to its last bit.
Source: ITU-T T.81, annexes B (markers) and G (progressive).
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field

import numpy as np
import simplejpeg

from lungviewer.core.errors import ImageCorrupt, ImageTruncated, UnsupportedPixels
from lungviewer.core.image import RGB
from lungviewer.readers import scale
from lungviewer.readers.pixels import Decoded, decoding, note_profile, orient, rgb_of
from lungviewer.readers.tiff_tags import UM_PER_RESOLUTION_UNIT, exif_facts

_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_READ_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_PROGRESSIVE = 0xC2
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_UM_PER_JFIF_UNIT = {1: 25_400.0, 2: 10_000.0}
_NEXT_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_SCAN_WORK = 2_000_000_000
"""Pixels times scans. Every scan of a progressive picture visits every block, however few bytes it
has: a small file could otherwise keep a decoder busy for minutes."""


@dataclass(slots=True)
class JpegHeader:
    """What stands before the first scan. `adobe` is the colour transform of Adobe's marker, if any."""

    width: int = 0
    height: int = 0
    precision: int = 0
    frame: int = 0
    components: tuple[int, ...] = ()
    adobe: int | None = None
    density: tuple[float, float, int] = (0.0, 0.0, 0)
    exif: bytes = b""
    profile: list[bytes] = field(default_factory=list)
    scan_offset: int = 0


def segments(data: bytes) -> list[tuple[int, int, int]]:
    """(marker, body start, end) of each segment up to and with the first scan's header."""
    found: list[tuple[int, int, int]] = []
    position = 2
    while True:
        while data[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        if position + 4 > len(data):
            raise ImageTruncated("The file ends before the picture begins.")
        if data[position] != 0xFF:
            raise ImageCorrupt("The JPEG header is damaged.")
        marker = data[position + 1]
        if marker in _STANDALONE:
            position += 2
            continue
        if marker in (_SOI, _EOI, 0x00):
            raise ImageCorrupt("The JPEG header is damaged.")
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        end = position + 2 + length
        if length < 2:
            raise ImageCorrupt("The JPEG header is damaged.")
        if end > len(data):
            raise ImageTruncated("The file ends before the picture begins.")
        found.append((marker, position + 4, end))
        if marker == _SOS:
            return found
        position = end


def read_header(data: bytes) -> JpegHeader:
    """Everything that is decided before a pixel is decoded.

    Raises:
        ImageTruncated, ImageCorrupt: the header is incomplete or makes no sense.
        UnsupportedPixels: lossless, arithmetic or hierarchical coding, or samples of other than 8 bits.
    """
    header = JpegHeader()
    for marker, start, end in segments(data):
        body = data[start:end]
        if marker in _FRAMES:
            _read_frame(header, marker, body)
        elif marker == 0xE0 and body[:5] == b"JFIF\0" and len(body) >= 12:
            unit, x, y = struct.unpack_from(">BHH", body, 7)
            header.density = (float(x), float(y), unit)
        elif marker == 0xE1 and body[:6] == b"Exif\0\0" and not header.exif:
            header.exif = body
        elif marker == 0xE2 and body[:12] == b"ICC_PROFILE\0":
            header.profile.append(body[14:])
        elif marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            header.adobe = body[11]
        elif marker == _SOS:
            header.scan_offset = start - 4
    if not header.frame:
        raise ImageCorrupt("The JPEG has no frame header.")
    return header


def _read_frame(header: JpegHeader, marker: int, body: bytes) -> None:
    if header.frame:
        raise ImageCorrupt("The JPEG has two frame headers.")
    if marker not in _READ_FRAMES:
        raise UnsupportedPixels(
            "The JPEG is coded in a way (lossless, arithmetic or hierarchical) that is not read."
        )
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise ImageCorrupt("The JPEG header is damaged.")
    header.precision, header.height, header.width, count = struct.unpack_from(">BHHB", body)
    header.frame = marker
    header.components = tuple(body[6 + 3 * i] for i in range(count))
    if header.precision != 8:
        raise UnsupportedPixels(f"The JPEG has {header.precision}-bit samples.")
    if count not in (1, 3, 4) or len(set(header.components)) != count:
        raise UnsupportedPixels(f"The JPEG has {count} channels of an unknown kind.")


def check_scans(data: bytes, header: JpegHeader) -> None:
    """Make sure that the scans carry the whole picture and not more work than it is worth.

    A sequential picture whose only scan holds all channels is left to the decoder, which does warn.

    Raises:
        ImageTruncated: scans or the end marker are missing.
        ImageCorrupt: a scan makes no sense, or there are absurdly many.
    """
    progressive = header.frame == _PROGRESSIVE
    if not progressive and data[header.scan_offset + 4] == len(header.components):
        return
    most = min(100, max(16, _SCAN_WORK // max(header.width * header.height, 1)))
    missing_bits = {component: [14] * 64 for component in header.components}
    position, scans = header.scan_offset, 0
    while True:
        scans += 1
        if scans > most:
            raise ImageCorrupt(f"The JPEG repeats its picture more than {most} times.")
        position = _read_scan(data, position, progressive, missing_bits)
        marker, position = _next_marker(data, position)
        while marker != _SOS:
            if marker == _EOI:
                wanted = 64 if progressive else 1
                if any(bits for channel in missing_bits.values() for bits in channel[:wanted]):
                    raise ImageTruncated("The JPEG ends before its last scan.")
                return
            marker, position = _next_marker(data, position)


def _read_scan(data: bytes, position: int, progressive: bool, missing_bits: dict[int, list[int]]) -> int:
    """Note what the scan that starts at `position` carries; the offset of its coded data."""
    length = int.from_bytes(data[position + 2 : position + 4], "big")
    body = data[position + 4 : position + 2 + length]
    if not body or len(body) != 4 + 2 * body[0]:
        raise ImageCorrupt("A scan of the JPEG is damaged.")
    first, last, bits = body[-3], body[-2], body[-1] & 0x0F
    if not progressive:
        first, last, bits = 0, 63, 0
    if last > 63 or first > last:
        raise ImageCorrupt("A scan of the JPEG is damaged.")
    for i in range(body[0]):
        channel = missing_bits.get(body[1 + 2 * i])
        if channel is None:
            raise ImageCorrupt("A scan of the JPEG is damaged.")
        channel[first : last + 1] = [bits] * (last + 1 - first)
    return position + 2 + length


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The next marker that is not part of coded data, and its offset (for SOS) or that of its end."""
    match = _NEXT_MARKER.search(data, position)
    if match is None or (match.end() + 2 > len(data) and match.group(1)[0] != _EOI):
        raise ImageTruncated("The JPEG ends in the middle of its picture.")
    marker, at = match.group(1)[0], match.end() - 2
    if marker in (_SOS, _EOI):
        return marker, at
    return marker, at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def decode_stream(data: bytes, colorspace: str, least: tuple[int, int] = (0, 0)) -> RGB:
    """Pixels of a complete stream in "RGB", "GRAY" (H×W×1) or "CMYK" (H×W×4).

    Args:
        least: (height, width) that are enough: the smallest of libjpeg's fractions that has them is decoded.

    Raises:
        ImageTruncated, ImageCorrupt, UnsupportedPixels: the decoder had something to say.
    """
    try:
        pixels: RGB = simplejpeg.decode_jpeg(
            data, colorspace=colorspace, min_height=least[0], min_width=least[1], strict=True
        )
    except ValueError as error:
        words = str(error).lower()
        if "premature end" in words:
            raise ImageTruncated("The JPEG ends in the middle of its picture.") from None
        if "subsampling" in words:
            raise UnsupportedPixels("The JPEG's colour channels have an unusual resolution.") from None
        raise ImageCorrupt("The JPEG stream is damaged.") from None
    return pixels


def decode(data: bytes, side: int = 0) -> Decoded:
    """Decode a JPEG file. Rules and notes: readers/raster.py.

    Args:
        side: the longest side in pixels that is enough, for a smaller picture in less memory; every bit of
            the stream is read all the same. 0: the whole picture.
    """
    header = read_header(data)
    notes: list[str] = []
    with decoding(header.width, header.height):
        check_scans(data, header)
        if len(header.components) == 4:
            pixels = _from_cmyk(data, header)
            notes.append("cmyk_converted")
        else:
            pixels = decode_stream(data, "RGB", _enough(header, side))
            if len(header.components) == 1:
                notes.append("grey")
        if pixels.shape[:2] not in _sizes(header, reduced=side > 0):
            raise ImageCorrupt("The JPEG header states two sizes.")
        note_profile(b"".join(header.profile), notes)
        orientation, printed = exif_facts(header.exif)
        pixels = orient(pixels, orientation, notes)
    x, y, unit = header.density
    claims = scale.per_unit(x, y, _UM_PER_JFIF_UNIT.get(unit, 0.0), "resolution tag")
    claims += scale.per_unit(*printed[:2], UM_PER_RESOLUTION_UNIT.get(printed[2], 0.0), "resolution tag")
    return Decoded(pixels, tuple(notes), scale.resolve(claims))


def _enough(header: JpegHeader, side: int) -> tuple[int, int]:
    """(height, width) of the picture when its longest side is `side`; (0, 0) stands for the whole one."""
    longest = max(header.height, header.width)
    if not 0 < side < longest:
        return 0, 0
    return math.ceil(header.height * side / longest), math.ceil(header.width * side / longest)


def _sizes(header: JpegHeader, reduced: bool) -> set[tuple[int, int]]:
    """(height, width) that the decoder may give: libjpeg's fractions are eighths, rounded up."""
    eighths = range(1, 9) if reduced else (8,)
    return {(-(-header.height * n // 8), -(-header.width * n // 8)) for n in eighths}


def _from_cmyk(data: bytes, header: JpegHeader) -> RGB:
    """Adobe programs store inks inverted and say so with their marker; without it nobody can know."""
    if header.adobe is None:
        raise UnsupportedPixels("The JPEG has four channels and does not say which inks they are.")
    from PIL import Image

    inks = decode_stream(data, "CMYK")
    np.subtract(255, inks, out=inks)
    height, width = inks.shape[:2]
    picture = Image.frombuffer("CMYK", (width, height), inks.tobytes(), "raw", "CMYK", 0, 1)
    return rgb_of(picture)

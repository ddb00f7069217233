"""Where the frames of a DICOM file lie in its content: complete and of the right lengths, or refused."""

from __future__ import annotations

import struct

from lungviewer.core.errors import ImageCorrupt, ImageTruncated
from lungviewer.readers.dicom_facts import DicomFacts, Located
from lungviewer.readers.dicom_syntaxes import BIG_ENDIAN, NATIVE
from lungviewer.readers.dicom_walk import UNDEFINED_LENGTH

_ITEM, _DELIMITER = 0xFFFEE000, 0xFFFEE0DD
_HEADER = struct.Struct("<HHL")

Span = tuple[int, int]
"""Begin and end in the content."""


def locate_frames(content: bytes, facts: DicomFacts, pixels: Located) -> tuple[tuple[Span, ...], ...]:
    """The pieces of each frame: one if pixels are as they are, else its fragments (PS3.5, A.4).

    Raises:
        ImageTruncated: the content ends before the last frame does.
        ImageCorrupt: lengths contradict each other.
    """
    if facts.syntax in NATIVE:
        starts = native_frames(len(content), facts, pixels)
        return tuple(((start, start + starts.step),) for start in starts)
    if pixels.length != UNDEFINED_LENGTH:
        raise ImageCorrupt("The DICOM file states a wrong length of its pixels.")
    table, fragments = _fragments(content, pixels.offset)
    if facts.frames == 1:
        return (tuple(fragments),)
    if len(fragments) == facts.frames:
        return tuple((fragment,) for fragment in fragments)
    return _by_table(content, table, fragments, facts.frames)


def native_frames(content_bytes: int, facts: DicomFacts, pixels: Located) -> range:
    """Where the frames begin, each right after the one before, of pixels that are as they are. Errors of
    `locate_frames`."""
    size = facts.width * facts.height * facts.allocated // 8
    wanted = size * facts.frames
    if not wanted <= pixels.length <= wanted + 1:  # one byte may be added, so that the length is even
        raise ImageCorrupt("The DICOM file states a wrong length of its pixels.")
    if pixels.offset + wanted > content_bytes:
        raise ImageTruncated("The DICOM file ends in the middle of its pixels.")
    return range(pixels.offset, pixels.offset + wanted, size)


def bytes_in_order(content: bytes, facts: DicomFacts, pixels: Located) -> bytes:
    """The content with 8-bit pixels in the order of the picture. Big endian files may hold them as words, the
    high byte first (OW; PS3.5, A.3): then the second of two pixels comes first.

    Raises:
        ImageTruncated: the content ends before its pixels do.
        ImageCorrupt: it does not say how its bytes lie.
    """
    if facts.syntax != BIG_ENDIAN:
        return content
    if pixels.kind != "OW" and (pixels.kind, facts.allocated) != ("OB", 8):
        raise ImageCorrupt("The DICOM file does not say how the bytes of its pixels lie.")
    if facts.allocated != 8 or pixels.kind != "OW":
        return content
    end = pixels.offset + pixels.length
    words = bytearray(content[pixels.offset : end])
    if len(words) < pixels.length:
        raise ImageTruncated("The DICOM file ends in the middle of its pixels.")
    if len(words) % 2:
        raise ImageCorrupt("The DICOM file states a wrong length of its pixels.")
    words[::2], words[1::2] = words[1::2], words[::2]
    return b"".join((content[: pixels.offset], words, content[end:]))


def _fragments(content: bytes, offset: int) -> tuple[Span, list[Span]]:
    """Where the table of offsets and the fragments after it lie."""
    found: list[Span] = []
    while True:
        if offset + _HEADER.size > len(content):
            raise ImageTruncated("The DICOM file ends in the middle of its pixels.")
        group, element, length = _HEADER.unpack_from(content, offset)
        tag, start = group << 16 | element, offset + _HEADER.size
        if tag == _DELIMITER:
            break
        if tag != _ITEM or length == UNDEFINED_LENGTH:
            raise ImageCorrupt("The DICOM file's packed pixels are damaged.")
        offset = start + length
        if offset > len(content):
            raise ImageTruncated("The DICOM file ends in the middle of its pixels.")
        found.append((start, offset))
    if len(found) < 2:
        raise ImageCorrupt("The DICOM file holds no packed pixels.")
    return found[0], found[1:]


def _by_table(
    content: bytes, table: Span, fragments: list[Span], frames: int
) -> tuple[tuple[Span, ...], ...]:
    """Frames of several fragments each, told apart by the table of offsets from the first one's header."""
    if table[1] - table[0] != 4 * frames:
        raise ImageCorrupt("The DICOM file does not say where its frames begin.")
    origin = fragments[0][0] - _HEADER.size
    number_at = {start - _HEADER.size - origin: number for number, (start, _) in enumerate(fragments)}
    begins = [number_at.get(offset, -1) for offset in struct.unpack_from(f"<{frames}L", content, table[0])]
    ends = [*begins[1:], len(fragments)]
    if begins[0] != 0 or any(begin >= end for begin, end in zip(begins, ends, strict=True)):
        raise ImageCorrupt("The DICOM file does not say where its frames begin.")
    return tuple(tuple(fragments[b:e]) for b, e in zip(begins, ends, strict=True))

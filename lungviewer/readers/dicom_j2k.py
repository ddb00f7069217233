"""What a JPEG 2000 stream says about its coding, from its main header (ISO/IEC 15444-1, A)."""

from __future__ import annotations

_START = b"\xff\x4f"
_CODING, _OWN_CODING = 0xFF52, 0xFF53
_FIRST_SEGMENT, _LAST_SEGMENT = 0xFF50, 0xFF6F
_TRANSFORM_AT = {_CODING: 11, _OWN_CODING: 8}
"""Where the wavelet stands in the segment, counted from its length: 0 is the one that rounds (A.6.1)."""


def is_lossy(stream: bytes) -> bool:
    """Whether a picture of one component was packed by the wavelet that cannot be undone exactly. False too
    where the stream is cut or none; the other wavelet may lose something as well, which no header says."""
    transform: dict[int, int] = {}
    at = len(_START)
    if not stream.startswith(_START):
        return False
    while at + 4 <= len(stream):
        marker = int.from_bytes(stream[at : at + 2], "big")
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if not _FIRST_SEGMENT <= marker <= _LAST_SEGMENT or length < 2:
            break
        where = _TRANSFORM_AT.get(marker, length)
        body = stream[at + 2 : at + 2 + length]
        if where < len(body):
            transform[marker] = body[where]
        at += 2 + length
    return transform.get(_OWN_CODING, transform.get(_CODING)) == 0

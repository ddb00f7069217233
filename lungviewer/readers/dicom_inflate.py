"""DICOM files whose data set is deflated (PS3.5, A.5), unpacked within a limit. For a worker process only."""

from __future__ import annotations

import zlib

from lungviewer.core.errors import ImageCorrupt, ImageTooLarge, ImageTruncated
from lungviewer.readers.dicom_syntaxes import DEFLATED, EXPLICIT

_MOST_BYTES = 1 << 29
"""A thousand slices; what unpacks to more was made to fill memory."""

_LENGTH_AT = 132
_META_AT = 144


def inflated(content: bytes) -> bytes:
    """The same file in explicit VR, little endian; as it is if it was not deflated.

    Raises:
        ImageTruncated, ImageCorrupt: the deflated part is incomplete or damaged.
        ImageTooLarge: it unpacks to more than a file may have.
    """
    group_length = content[_LENGTH_AT : _LENGTH_AT + 6] == b"\2\0\0\0UL"
    end = _META_AT + int.from_bytes(content[_META_AT - 4 : _META_AT], "little")
    if DEFLATED.encode() not in content[:end]:
        if DEFLATED.encode() in content[: _META_AT + (1 << 16)]:
            raise ImageCorrupt("The DICOM file's own header is damaged.")
        return content
    if not group_length:
        raise ImageCorrupt("The DICOM file's own header is damaged.")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(content[end:], _MOST_BYTES)
    except zlib.error:
        raise ImageCorrupt("The DICOM file's packed part is damaged.") from None
    if unpacker.unconsumed_tail:
        raise ImageTooLarge(f"The DICOM file unpacks to more than {_MOST_BYTES // 1_000_000} MB.")
    if not unpacker.eof:
        raise ImageTruncated("The DICOM file ends in the middle of its packed part.")
    # The same length, padded as UIDs are: what follows stays where it is.
    plain = EXPLICIT.encode().ljust(len(DEFLATED), b"\0")
    return content[:end].replace(DEFLATED.encode(), plain) + data

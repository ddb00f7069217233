"""Which slide a file is, without reading all of it.

The SHA-256 of gigabytes takes minutes on a slow drive. A slide is known by its size and by samples of its
bytes: the first and the last MiB, where formats keep their tables of tile positions and sizes, their labels
and what the scanner wrote about itself, and evenly spread pieces between them. Two scans that agree in all of
that, in the size to the byte, and in every piece of compressed tissue are one scan. What is not noticed is
damage between the samples.

Some slides are several files: those of a `.mrxs` in the folder of the same name, those that a `.vms` or
`.vmu` names. They are sampled too, and their names do not count, so that a slide that was renamed together
with its folder stays itself. A slide of DICOM files is known by the one that is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from lungviewer.core.errors import ImageError
from lungviewer.readers.files import open_regular
from lungviewer.readers.slide_companions import companions

_ENDS = 1 << 20
_PIECES = 32
_PIECE_BYTES = 64 << 10
_WHOLE = 2 * _ENDS + _PIECES * _PIECE_BYTES
"""Bytes; smaller files are read from end to end."""

_KIND = b"lungviewer slide 1\0"


def slide_sha256(path: Path, check: Callable[[], None] = lambda: None) -> tuple[str, int]:
    """Lower-case SHA-256 over size and samples of a slide's files, and the bytes of the file itself.

    Of each file at most 4 MiB are read, in 34 pieces.

    Args:
        check: called between pieces; may raise `Cancelled`.

    Raises:
        NotARegularFile, FileVanished, PermissionMissing, ReadFailed: as `read_regular_file`; of the file
            itself only.
    """
    own, size = _sampled(path, check)
    digest = hashlib.sha256(_KIND + own)
    for companion in sorted(_samples_beside(path, check)):
        digest.update(companion)
    return digest.hexdigest(), size


def _samples_beside(path: Path, check: Callable[[], None]) -> list[bytes]:
    found = []
    for companion in companions(path):
        try:
            found.append(_sampled(companion, check)[0])
        except ImageError:  # then it is another slide, or half of one
            found.append(b"")
    return found


def _sampled(path: Path, check: Callable[[], None]) -> tuple[bytes, int]:
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        size = stream.seek(0, 2)
        digest.update(size.to_bytes(8, "big"))
        for start, length in _places(size):
            check()
            stream.seek(start)
            digest.update(stream.read(length))
    return digest.digest(), size


def _places(size: int) -> list[tuple[int, int]]:
    """(start, length) of what is read of a file."""
    if size <= _WHOLE:
        return [(0, size)]
    between = size - 2 * _ENDS - _PIECE_BYTES
    pieces = [(_ENDS + between * i // (_PIECES - 1), _PIECE_BYTES) for i in range(_PIECES)]
    return [(0, _ENDS), *pieces, (size - _ENDS, _ENDS)]

"""Where results lie: names made of names of images, which may be anything, and what must not be replaced."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Callable
from pathlib import Path

from lungviewer.core.errors import OutputUnwritable

_LONGEST_NAME = 200
"""Bytes; file systems allow 255, and the temporary file beside it needs some."""

_KEPT = 40
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def result_name(name: str, key: bytes, suffix: str, *, folders: str = "") -> str:
    """A file name for a result.

    Args:
        name: of the image, as `display_name` gives it; `folders`: of those it lies in.
        key: what tells the image from others, for names that cannot be kept.
    """
    file = f"{name}{suffix}"
    # A backslash may stand for a byte that is not UTF-8: two such names must not share one file.
    if len(file.encode()) > _LONGEST_NAME or "\\" in folders + name:
        file = f"{name[:_KEPT]}-{zlib.crc32(key):08x}{suffix}"
    return file


def ready_for(target: Path, is_ours: Callable[[Path], bool]) -> None:
    """Make the folder of a result, and see that the result replaces nothing but an older one.

    Raises:
        OutputUnwritable: something else has its name, or the folder cannot be made.
    """
    if os.path.lexists(target) and not is_ours(target):
        raise OutputUnwritable(
            "A file with the name of a result exists, and it is none of lungviewer's.",
            hint="Move it away, or choose another folder.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"The folder for results could not be made ({error.strerror}).") from error


def nothing_can_be_written(error: Exception) -> bool:
    """Whether what kept one file from being written keeps every other from it, too."""
    return getattr(error.__cause__, "errno", None) in _NO_ROOM

"""Whether a file is still what it was, without reading it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lungviewer.readers.slide_companions import companions


class FileState(NamedTuple):
    """Bytes, and the time of the last change in nanoseconds; of a slide of several files: of all of them."""

    size: int
    mtime_ns: int


def file_state(path: Path) -> FileState | None:
    """What the file is like now; None when it cannot be looked at."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return with_companions(path, FileState(status.st_size, status.st_mtime_ns))


def with_companions(path: Path, own: FileState) -> FileState:
    """The state of a slide, from that of the file that is opened: what lies beside it may come later, or
    change. Of any other file its own; only the name is looked at then."""
    size, mtime_ns = own
    for companion in companions(path):
        try:
            status = companion.stat()
        except OSError:  # it went meanwhile
            continue
        size, mtime_ns = size + status.st_size, max(mtime_ns, status.st_mtime_ns)
    return FileState(size, mtime_ns)

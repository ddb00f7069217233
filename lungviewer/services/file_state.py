"""Whether a file is still the one that was read, as far as that shows without reading it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileState(NamedTuple):
    """Bytes, and the time of the last change in nanoseconds."""

    size: int
    mtime_ns: int


def file_state(path: Path) -> FileState | None:
    """What the file is like now; None when it cannot be looked at."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return FileState(status.st_size, status.st_mtime_ns)

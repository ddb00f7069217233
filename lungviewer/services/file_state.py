"""Whether a file is still the one that was read, as far as that shows without reading it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lungviewer.readers.file_state import FileState, file_state

__all__ = ["FileState", "file_state", "state_of"]


def state_of(files: Iterable[Path]) -> FileState | None:
    """The state of something that is made of these files; None when none of them can be looked at. One that
    goes, comes or grows changes it."""
    states = [state for state in map(file_state, files) if state is not None]
    if not states:
        return None
    return FileState(sum(state.size for state in states), max(state.mtime_ns for state in states))

"""Whether a file is still the one that was read, as far as that shows without reading it."""

from __future__ import annotations

from lungviewer.readers.file_state import FileState, file_state

__all__ = ["FileState", "file_state"]

"""The files that a slide consists of besides the one that is opened."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.errors import ImageError
from lungviewer.readers.files import read_head

LIST_SUFFIXES = (".vms", ".vmu")
"""Hamamatsu's list of the pictures of a slide, which lie beside it."""

FOLDER_SUFFIX = ".mrxs"
"""MIRAX keeps its data in a folder of the same name."""

_LONGEST_LIST = 1 << 20


def companions(path: Path) -> list[Path]:
    """The other files of a slide; none for slides of one file, and where they cannot be listed."""
    suffix = path.suffix.lower()
    try:
        if suffix == FOLDER_SUFFIX:
            return [entry for entry in path.with_suffix("").iterdir() if entry.is_file()]
        if suffix in LIST_SUFFIXES:
            return [place for place in _listed(path) if place.is_file()]
    except (ImageError, OSError, ValueError):
        return []
    return []


def _listed(path: Path) -> list[Path]:
    text = read_head(path, _LONGEST_LIST).decode("utf-8", "surrogateescape")
    named = {line.partition("=")[2].strip() for line in text.splitlines()}
    return [path.parent / name for name in named if name and "/" not in name]

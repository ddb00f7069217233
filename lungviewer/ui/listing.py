"""What an opened folder holds: its images with the names they are sorted, searched and known by."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lungviewer.core.job import JobContext
from lungviewer.services.classify import display_name
from lungviewer.services.find import find_images

_DIGITS = re.compile(r"(\d+)")


class Entry(NamedTuple):
    """A file, its name below the open folder, and what that is sorted and searched by."""

    key: tuple[str | int, ...]
    path: Path
    name: str
    folded: str


@dataclass(frozen=True, slots=True)
class Listing:
    """`entries` in natural order; `by_name`: paths by the names that scans give them; `ignored` counts files
    that are no images."""

    root: Path
    entries: tuple[Entry, ...]
    by_name: dict[str, Path]
    ignored: int


def list_images(places: Sequence[Path], recursive: bool, ctx: JobContext) -> Listing:
    """Look into folders, and take files as they are; a job. Errors of `find_images`.

    Keys of names are made here: for 5,000 files they take as long as the window may stand still.
    """
    found = find_images(places, recursive=recursive, check=ctx.check)
    by_name = {display_name(Path(os.fsdecode(file.path))): found.path(file) for file in found.files}
    entries = tuple(entries_of(by_name.values(), found.root))
    for entry in entries:
        hash(entry.path)  # kept in the path, like its text
    return Listing(found.root, entries, by_name, found.ignored)


def entries_of(files: Iterable[Path], folder: Path) -> list[Entry]:
    """The files in natural order of their names below the folder."""
    prefix = os.path.join(folder, "")  # noqa: PTH118 - with its separator
    entries = []
    for path in files:
        name = str(path).removeprefix(prefix)
        folded = name.casefold()
        entries.append(Entry(_natural_key(folded), path, name, folded))
    entries.sort()
    return entries


def place(path: Path) -> Path:
    """The path as `list_images` will list it: a folder resolved, a file in its resolved folder."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def _natural_key(folded: str) -> tuple[str | int, ...]:
    """Sorts "image_2" before "image_10"; text and numbers alternate, so keys can always be compared."""
    parts: list[str | int] = list(_DIGITS.split(folded))
    parts[1::2] = map(int, parts[1::2])
    return tuple(parts)

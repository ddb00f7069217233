"""What an opened folder holds: its images with the names they are sorted, searched and known by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lungviewer.core.ct import CT, CtSeries
from lungviewer.core.errors import UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.natural import natural_key
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.readers.ct_header import read_slice_header
from lungviewer.readers.ct_series import needs_decoder
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import display_name
from lungviewer.services.find import FoundFiles, find_images
from lungviewer.services.opening import has_default
from lungviewer.services.suiting import is_picture
from lungviewer.ui.ct.entries import Folded, fold


class Entry(NamedTuple):
    """A file, or the first one of a CT series; its name below the open folder, and what that is sorted and
    searched by."""

    key: tuple[str | int, ...]
    path: Path
    name: str
    folded: str


@dataclass(frozen=True, slots=True)
class Listing:
    """`entries` in natural order; `by_name`: paths by the names that scans give them, without slices of
    series, of which a row says nothing about all; `ignored` counts files that are no images; `found`: the
    files as they were.

    `series`, `labels`: of entries that stand for the slices of one; `modality` of all that is there, where it
    is one and there is a model for it, else ""; `strays`: DICOM files beside the series that are in none;
    `problem`: what could not be done, as a sentence."""

    root: Path
    entries: tuple[Entry, ...]
    by_name: dict[str, Path]
    ignored: int
    found: FoundFiles
    series: Mapping[Path, CtSeries] = field(default_factory=dict)
    labels: Mapping[Path, str] = field(default_factory=dict)
    modality: str = ""
    strays: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """What was asked for, as it lies on the disk. `folder`: the one folder that is open, None for several
    places; `file`: the one file to look at; `listed`: what the list is made of; `slice`: the file is a slice,
    or may be, to be looked at in its series."""

    folder: Path | None
    file: Path | None
    listed: tuple[Path, ...]
    slice: bool = False


def look_up(paths: Sequence[Path], otherwise: Sequence[Path] = ()) -> Places:
    """Find out which paths are folders; for a job, because a drive may not answer. `otherwise` counts when
    the only path is not there.

    Raises:
        UsageError: a path cannot be looked at.
    """
    try:
        if otherwise and len(paths) == 1 and not os.path.exists(paths[0]):  # noqa: PTH110 - never raises
            paths = otherwise
        places = tuple(_place(path) for path in paths)
        file = places[0] if len(places) == 1 and not places[0].is_dir() else None
    except (OSError, RuntimeError) as error:  # no permission, a name too long, a loop of links
        raise UsageError(
            "The place cannot be opened.", hint="Check its name and your permissions."
        ) from error
    # A file that was named is listed whatever it is called; an unusable one then says why.
    listed = places if file is None else (file.parent, file)
    is_slice = file is not None and (read_slice_header(file) is not None or needs_decoder(file))
    return Places(listed[0] if len(places) == 1 else None, file, listed, is_slice)


def _place(path: Path) -> Path:
    """The path as `find_images` lists it: a folder resolved, a file in its resolved folder."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def list_images(
    paths: Sequence[Path],
    otherwise: Sequence[Path],
    recursive: bool,
    decoder: IsolatedDecoder | None,
    ctx: JobContext,
) -> Listing:
    """Look into folders, and take files as they are; a job. Its partial result are the `Places`. Errors of
    `look_up` and `find_images`; `decoder` as for `fold`.

    Keys of names are made here: for 5,000 files they take as long as the window may stand still.
    """
    places = look_up(paths, otherwise)
    ctx.partial(places)
    found = find_images(places.listed, recursive=recursive and places.file is None, check=ctx.check)
    by_name = {display_name(Path(os.fsdecode(file.path))): found.path(file) for file in found.files}
    folded = fold(by_name.values(), ctx, decoder)
    entries = tuple(entries_of((*folded.series, *folded.files), found.root, folded.names))
    for entry in entries:
        hash(entry.path)  # kept in the path, like its text
    if folded.series:
        alone = frozenset(folded.files)
        by_name = {name: path for name, path in by_name.items() if path in alone}
    modality = _modality(folded)
    return Listing(
        *(found.root, entries, by_name, found.ignored, found),
        *(folded.series, folded.names, modality, len(folded.strays), folded.problem),
    )


def _modality(folded: Folded) -> str:
    """Of what can be read: a broken file, or DICOM that is no image, says nothing about the others."""
    if not folded.series:
        return HISTOLOGY if folded.files else ""
    return CT if not any(map(is_picture, folded.files)) and has_default(CT) else ""


def entries_of(
    files: Iterable[Path], folder: Path, labels: Mapping[Path, str] = MappingProxyType({})
) -> list[Entry]:
    """The files in natural order of their names below the folder; `labels` take the place of file names."""
    prefix = os.path.join(folder, "")  # noqa: PTH118 - with its separator
    entries = []
    for path in files:
        name = str(path).removeprefix(prefix)
        if path in labels:
            name = name[: len(name) - len(path.name)] + labels[path]
        folded = name.casefold()
        entries.append(Entry(natural_key(folded), path, name, folded))
    entries.sort()
    return entries

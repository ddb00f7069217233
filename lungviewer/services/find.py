"""Which files a scan is about."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import UsageError
from lungviewer.readers.ct_header import read_slice_header
from lungviewer.readers.dicom_header import read_slide_instance
from lungviewer.readers.file_state import FileState, with_companions
from lungviewer.readers.opening import is_candidate
from lungviewer.readers.slide_companions import FOLDER_SUFFIX, LIST_SUFFIXES, companions
from lungviewer.readers.sniff import IMAGE_SUFFIXES, SUFFIXES_OF
from lungviewer.services.export_kinds import ExportKind
from lungviewer.services.result_marks import is_result, pictures_in
from lungviewer.store.journal import FileIdentity

CLOSED_FOLDER = -2
"""The size of a folder that could not be entered: it becomes a row of its own."""

OVERLAY_SUFFIX = ".overlay.png"
"""Pictures that a scan draws; a later scan of the same folder must not take them for tissue."""


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """`files` in path order, their paths relative to `root`; `ignored` counts files that are no images,
    `not_entered` sub-folders that were left out because nobody asked for them."""

    root: Path
    files: tuple[FileIdentity, ...]
    ignored: int
    not_entered: int

    def path(self, file: FileIdentity) -> Path:
        """Where the file lies."""
        return self.root / os.fsdecode(file.path)


def find_images(
    paths: Sequence[Path],
    *,
    recursive: bool,
    check: Callable[[], None] = lambda: None,
) -> FoundFiles:
    """List every image file of some folders and files.

    A file counts when its name ends like an image's or its first bytes are an image's; everything else
    (a manifest, a text, a picture or map that lungviewer made) is only counted. Hidden files are passed over.
    Folders that are links are not entered, so that a loop cannot be followed; one that may not be entered
    is listed itself, with the size `CLOSED_FOLDER`.

    A slide of several files counts once: the folder beside a `.mrxs` is not entered, the pictures that a
    Hamamatsu list names are only counted, and of a slide's DICOM files in one folder the largest is listed.

    Raises:
        UsageError: a path does not exist, or the paths have no folder in common.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError("A file or folder that was named does not exist.", hint="Check the spelling.")
    # Resolved, so that a folder is the same one by whatever way it was named; files below are not.
    places = [p.resolve() if _is_folder(p) else p.parent.resolve() / p.name for p in paths]
    root = _root(places)
    named = {p for p in places if not _is_folder(p)}
    found: dict[bytes, FileIdentity] = {}
    closed: list[Path] = []
    left_out: list[str] = []
    parts: set[Path] = set()
    series: dict[tuple[Path, str], list[tuple[bool, int, Path]]] = {}
    ignored = 0
    for path in _walk(places, recursive, closed, left_out, parts):
        check()
        part = path in parts or path.name.endswith(OVERLAY_SUFFIX) or _is_map(path)
        if path not in named and (part or not is_candidate(path)):
            ignored += 1
            continue
        instance = read_slide_instance(path) if may_be_dicom(path) else None
        if instance is not None and instance.series:
            files = series.setdefault((path.parent, instance.series), [])
            files.append((instance.volume, instance.pixels, path))
            continue
        identity = _identity(path, root)
        found[identity.path] = identity
    for files in series.values():
        ignored += len(files) - 1
        largest = max(file[:2] for file in files)
        identity = _identity(min(file[2] for file in files if file[:2] == largest), root)
        found[identity.path] = identity
    for folder in closed:
        relative = _relative(folder, root)
        found[relative] = FileIdentity(relative, CLOSED_FOLDER, 0)
    return FoundFiles(root, tuple(found[key] for key in sorted(found)), ignored, len(left_out))


def _root(paths: Sequence[Path]) -> Path:
    """The folder that all paths lie in: the scanned folder itself when there is just one."""
    folders = [p if _is_folder(p) else p.parent for p in paths]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:
        raise UsageError(
            "The folders lie on different drives.", hint="Scan each drive into a report of its own."
        ) from None


def _is_folder(path: Path) -> bool:
    # Path.is_dir raises where a folder above may not be entered; that is no folder to us.
    return os.path.isdir(path)  # noqa: PTH112


def _walk(
    paths: Iterable[Path], recursive: bool, closed: list[Path], left_out: list[str], parts: set[Path]
) -> Iterator[Path]:
    """Every file, and before the first one of its folder, the `parts` of slides and of results there."""
    for path in paths:
        if not _is_folder(path):
            yield path
            continue
        for folder, folders, names in os.walk(path, onerror=lambda e: closed.append(Path(e.filename))):
            # Sorted, so that two runs read the same files at the same time: crashes repeat.
            slides = {name[: -len(FOLDER_SUFFIX)] for name in names if name.lower().endswith(FOLDER_SUFFIX)}
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in slides)
            for name in names:
                if name.lower().endswith(LIST_SUFFIXES):
                    parts.update(companions(Path(folder) / name))
            drawn = pictures_in(Path(folder))
            if drawn is not None:
                here = (Path(folder) / name for name in names if name.endswith(drawn.suffix))
                parts.update(path for path in here if is_result(drawn, path))
            if not recursive:
                left_out += folders
                folders.clear()
            for name in sorted(names):
                if not name.startswith("."):
                    yield Path(folder) / name


def _is_map(path: Path) -> bool:
    """A map is a pyramid, too, but no slide, wherever it was moved."""
    return path.name.endswith(ExportKind.PROBABILITY.suffix) and is_result(ExportKind.PROBABILITY, path)


def may_be_dicom(path: Path) -> bool:
    """Whether a file's name lets it be DICOM: thousands of JPEGs are not opened to be asked."""
    suffix = path.suffix.lower()
    return suffix in SUFFIXES_OF["dicom"] or suffix not in IMAGE_SUFFIXES


def is_ct(path: Path) -> bool:
    """Whether a file holds CT slices, by its header."""
    return may_be_dicom(path) and read_slice_header(path) is not None


def _relative(path: Path, root: Path) -> bytes:
    return os.fsencode(os.path.relpath(path, root)).replace(os.fsencode(os.sep), b"/")


def _identity(path: Path, root: Path) -> FileIdentity:
    """A file that cannot be looked at still gets its row: size −1, and reading it will say why."""
    relative = _relative(path, root)
    try:
        status = path.stat()
    except OSError:
        return FileIdentity(relative, -1, 0)
    if not stat.S_ISREG(status.st_mode):
        return FileIdentity(relative, -1, status.st_mtime_ns)
    return FileIdentity(relative, *with_companions(path, FileState(status.st_size, status.st_mtime_ns)))

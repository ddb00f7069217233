"""Which files a scan is about."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import UsageError
from lungviewer.readers.opening import is_candidate
from lungviewer.store.journal import FileIdentity


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """`files` in path order, their paths relative to `root`; `ignored` counts files that are no images."""

    root: Path
    files: tuple[FileIdentity, ...]
    ignored: int

    def path(self, file: FileIdentity) -> Path:
        """Where the file lies."""
        return self.root / os.fsdecode(file.path)


def find_images(
    paths: Sequence[Path],
    *,
    recursive: bool,
    exclude: Sequence[Path] = (),
    check: Callable[[], None] = lambda: None,
) -> FoundFiles:
    """List every image file of some folders and files.

    A file counts when its name ends like an image's or its first bytes are an image's; everything else
    (a manifest, a text) is only counted. Hidden files and the folders in `exclude` (where this program
    writes) are passed over. Folders that are links are not entered, so that a loop cannot be followed.

    Raises:
        UsageError: a path does not exist.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError("A file or folder to scan does not exist.", hint="Check the spelling.")
    root = _root(paths)
    excluded = {p.resolve() for p in exclude}
    named = {p for p in paths if not p.is_dir()}
    found: dict[bytes, FileIdentity] = {}
    ignored = 0
    for path in _walk(paths, recursive, excluded):
        check()
        if path not in named and not is_candidate(path):
            ignored += 1
            continue
        identity = _identity(path, root)
        found[identity.path] = identity
    return FoundFiles(root, tuple(found[key] for key in sorted(found)), ignored)


def _root(paths: Sequence[Path]) -> Path:
    """The folder that all paths lie in: the scanned folder itself when there is just one."""
    folders = [p if p.is_dir() else p.parent for p in paths]
    return Path(os.path.commonpath([f.absolute() for f in folders]))


def _walk(paths: Iterable[Path], recursive: bool, excluded: set[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            # The order matters only for speed: reading in directory order keeps disks happy.
            folders[:] = sorted(f for f in folders if not f.startswith(".")) if recursive else []
            here = Path(folder)
            folders[:] = [f for f in folders if (here / f).resolve() not in excluded]
            for name in sorted(names):
                if not name.startswith("."):
                    yield here / name


def _identity(path: Path, root: Path) -> FileIdentity:
    """A file that cannot be looked at still gets its row: size −1, and reading it will say why."""
    relative = os.fsencode(os.path.relpath(path.absolute(), root)).replace(os.fsencode(os.sep), b"/")
    try:
        status = path.stat()
    except OSError:
        return FileIdentity(relative, -1, 0)
    size = status.st_size if stat.S_ISREG(status.st_mode) else -1
    return FileIdentity(relative, size, status.st_mtime_ns)

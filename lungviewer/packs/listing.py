"""Folders of packs, listed by their pack.json alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from lungviewer.core.errors import OtherKindOfPack, PackError, PackInvalid
from lungviewer.packs.names import MANIFEST, MAX_MANIFEST_BYTES
from lungviewer.packs.reader import Spec
from lungviewer.packs.source import read_regular_file

MAX_PACKS = 1000
"""Folders looked at in one place; more than that is not a folder of packs."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[Spec]):
    """A pack that was found: `spec`, or the `error` that its pack.json gave. Its files are not verified."""

    path: Path
    spec: Spec | None
    error: PackError | None

    @property
    def name(self) -> str:
        """ "id@version", or the folder's name when pack.json cannot be read."""
        return self.path.name if self.spec is None else f"{self.spec.id}@{self.spec.version}"


AnyEntry = TypeVar("AnyEntry", bound=Entry)  # type: ignore[type-arg]


def find_entries(
    dirs: Sequence[Path],
    read: Callable[[Path], Spec],
    make: Callable[[Path, Spec | None, PackError | None], AnyEntry],
) -> list[AnyEntry]:
    """Packs of one kind: good ones by id, newest version first, then broken ones by folder name.

    `read` gives what a folder's pack.json states; those that it calls another kind are left out. Missing
    folders count as empty. Of two packs with the same id and version the one in the earlier folder is listed.
    """
    found: dict[tuple[str, str], AnyEntry] = {}
    broken: list[AnyEntry] = []
    for folder in dirs:
        for path in _subfolders(folder):
            try:
                spec = read(path)
            except OtherKindOfPack:
                continue
            except PackError as error:
                broken.append(make(path, None, error))
            else:
                found.setdefault((spec.id, spec.version), make(path, spec, None))
    newest_first = sorted(found.values(), key=version_key, reverse=True)
    return sorted(newest_first, key=lambda e: e.name.partition("@")[0]) + sorted(
        broken, key=lambda e: e.path.name
    )


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    except OSError:
        return []  # not there, or not readable: nothing can be used from it
    return [folder / name for name in names[:MAX_PACKS]]


def manifest_bytes(path: Path) -> bytes:
    """The pack.json of a folder.

    Raises:
        PackError: there is none, or it is no regular file.
    """
    manifest = path / MANIFEST
    if not os.path.lexists(manifest):
        raise PackInvalid(f"There is no {MANIFEST}: this is not a model pack.")
    return read_regular_file(manifest, MAX_MANIFEST_BYTES)


def preferred(entries: Sequence[AnyEntry]) -> list[AnyEntry]:
    """Good packs, releases before pre-releases, newest first."""
    good = sorted((e for e in entries if e.spec is not None), key=version_key, reverse=True)
    return sorted(good, key=lambda e: "-" in e.name.partition("@")[2])


def means(entry: AnyEntry, name: str) -> bool:
    """Whether "id" or "id@version" names this pack."""
    wanted, _, version = name.partition("@")
    return entry.spec is not None and entry.spec.id == wanted and version in ("", entry.spec.version)


def version_key(entry: AnyEntry) -> tuple[object, ...]:
    """Order of semantic versions (semver.org, item 11): a pre-release comes before its release."""
    version = "" if entry.spec is None else entry.spec.version
    core, _, pre = version.partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    fields = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")) if pre else ()
    return (numbers, not pre, fields)

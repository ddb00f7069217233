"""Which packs are there, and which one a name means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import PackError, PackInvalid, PackNotFound
from lungviewer.core.model import ModelSpec
from lungviewer.packs.manifest import parse_manifest
from lungviewer.packs.names import MANIFEST, MAX_MANIFEST_BYTES
from lungviewer.packs.source import read_regular_file

MAX_PACKS = 1000
"""Folders looked at in one place; more than that is not a folder of packs."""


HISTOLOGY = "histology"
_NAMES = {"ct": "CT"}


@dataclass(frozen=True, slots=True)
class PackEntry:
    """A pack that was found: `spec`, or the `error` that its pack.json gave. Its files are not verified."""

    path: Path
    spec: ModelSpec | None
    error: PackError | None

    @property
    def name(self) -> str:
        """ "id@version", or the folder's name when pack.json cannot be read."""
        return self.path.name if self.spec is None else f"{self.spec.id}@{self.spec.version}"


def find_packs(dirs: Sequence[Path]) -> list[PackEntry]:
    """The packs in the given folders; only pack.json is read.

    Args:
        dirs: folders that hold pack folders. Missing ones count as empty. Of two packs with the same id
            and version the one in the earlier folder is listed.

    Returns:
        Good packs by id, newest version first, then broken ones by folder name, each with its error.
    """
    found: dict[tuple[str, str], PackEntry] = {}
    broken: list[PackEntry] = []
    for folder in dirs:
        for path in _subfolders(folder):
            entry = _entry(path)
            if entry.spec is None:
                broken.append(entry)
            else:
                found.setdefault((entry.spec.id, entry.spec.version), entry)
    newest_first = sorted(found.values(), key=_version_key, reverse=True)
    return sorted(newest_first, key=lambda e: e.name.partition("@")[0]) + sorted(
        broken, key=lambda e: e.path.name
    )


def resolve_pack(name: str | None, dirs: Sequence[Path], *, modality: str = HISTOLOGY) -> Path:
    """The folder or zip that a person means.

    Args:
        name: an id (its newest version; a released one before a pre-release), id@version, or the path of
            a pack folder or zip. None means the default pack of a modality: packs with `validated` before
            those without; among several ids the one that came with the program, its newest version from
            any folder.
        dirs: folders to search, as for `find_packs`; the last one came with the program.
        modality: "histology" or "ct"; only counts where no name is given.

    Raises:
        PackNotFound: nothing fits, or None does not decide; the message lists what there is.
    """
    entries = find_packs(dirs)
    if name is None:
        return _default(entries, find_packs(dirs[-1:]), modality)
    wanted, _, version = name.partition("@")
    for entry in _preferred(entries):
        if entry.spec and entry.spec.id == wanted and version in ("", entry.spec.version):
            return entry.path
    path = Path(name)
    if path.exists():
        return path
    raise PackNotFound(f"There is no such pack. {_what_exists(entries)}")


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    except OSError:
        return []  # not there, or not readable: nothing can be used from it
    return [folder / name for name in names[:MAX_PACKS]]


def _entry(path: Path) -> PackEntry:
    manifest = path / MANIFEST
    try:
        if not os.path.lexists(manifest):
            raise PackInvalid(f"There is no {MANIFEST}: this is not a model pack.")
        return PackEntry(path, parse_manifest(read_regular_file(manifest, MAX_MANIFEST_BYTES)), None)
    except PackError as error:
        return PackEntry(path, None, error)


def _version_key(entry: PackEntry) -> tuple[object, ...]:
    """Order of semantic versions (semver.org, item 11): a pre-release comes before its release."""
    version = "" if entry.spec is None else entry.spec.version
    core, _, pre = version.partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    fields = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")) if pre else ()
    return (numbers, not pre, fields)


def _preferred(entries: Sequence[PackEntry]) -> list[PackEntry]:
    """Good packs, releases before pre-releases, newest first."""
    good = sorted((e for e in entries if e.spec is not None), key=_version_key, reverse=True)
    return sorted(good, key=lambda e: "-" in e.name.partition("@")[2])


def _default(entries: Sequence[PackEntry], bundled: Sequence[PackEntry], modality: str) -> Path:
    kind = _NAMES.get(modality, modality)
    fitting = [e for e in _preferred(entries) if e.spec and e.spec.modality == modality]
    candidates = [e for e in fitting if e.spec and e.spec.validated] or fitting
    if not candidates:
        raise PackNotFound(f"There is no {kind} pack. {_what_exists(entries)}")
    if len(_ids(candidates)) > 1:  # what a person adds does not change what answers unasked
        candidates = [e for e in candidates if e.spec and e.spec.id in _ids(bundled)]
    if len(_ids(candidates)) != 1:
        raise PackNotFound(
            f"There are several {kind} packs. {_what_exists(entries)}", hint="Choose one of them."
        )
    return candidates[0].path


def _ids(entries: Sequence[PackEntry]) -> set[str]:
    return {e.spec.id for e in entries if e.spec}


def _what_exists(entries: Sequence[PackEntry]) -> str:
    names = [entry.name for entry in entries if entry.spec is not None]
    broken = len(entries) - len(names)
    listed = f"Installed: {', '.join(names[:20])}{' …' if len(names) > 20 else ''}." if names else ""
    damaged = f"{broken} that cannot be used." if broken else ""
    return " ".join(part for part in (listed, damaged) if part) or "No pack is installed."

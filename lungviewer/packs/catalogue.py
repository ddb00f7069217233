"""Which packs are there, and which one a name means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lungviewer.core.errors import PackNotFound
from lungviewer.core.model import ModelSpec
from lungviewer.packs.listing import Entry, find_entries, manifest_bytes, means, preferred
from lungviewer.packs.manifest import parse_manifest
from lungviewer.packs.simulator_catalogue import find_simulators

HISTOLOGY = "histology"
_NAMES = {"ct": "CT"}


class PackEntry(Entry[ModelSpec]):
    """A classifier that was found."""

    __slots__ = ()


def find_packs(dirs: Sequence[Path]) -> list[PackEntry]:
    """The classifiers in the given folders; only pack.json is read. Simulators are listed apart.

    Args:
        dirs: folders that hold pack folders. Missing ones count as empty. Of two packs with the same id
            and version the one in the earlier folder is listed.

    Returns:
        Good packs by id, newest version first, then broken ones by folder name, each with its error.
    """
    return find_entries(dirs, lambda path: parse_manifest(manifest_bytes(path)), PackEntry)


def resolve_pack(name: str | None, dirs: Sequence[Path], *, modality: str = HISTOLOGY) -> Path:
    """The folder or zip that a person means.

    Args:
        name: an id (its newest version; a released one before a pre-release), id@version, or the path of
            a pack folder or zip. A simulator's name is understood too; `load_pack` then says what it is.
            None means the default pack of a modality: packs with `validated` before
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
    named = [entry.path for entry in preferred(entries) if means(entry, name)]
    named += [entry.path for entry in preferred(find_simulators(dirs)) if means(entry, name)]
    if named:
        return named[0]
    path = Path(name)
    if path.exists():
        return path
    raise PackNotFound(f"There is no such pack. {_what_exists(entries)}")


def _default(entries: Sequence[PackEntry], bundled: Sequence[PackEntry], modality: str) -> Path:
    kind = _NAMES.get(modality, modality)
    fitting = [e for e in preferred(entries) if e.spec and e.spec.modality == modality]
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

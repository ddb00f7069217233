"""What is taken out of a bundle again: plug-ins and libraries that no window uses, debug symbols, and
folders of the machines that built them."""

from __future__ import annotations

import functools
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from installers import run_paths
from installers.hollow import HOLLOW, can_hollow, make_hollow

Entry = tuple[str, str, str]
"""PyInstaller's: place in the bundle, where it comes from, kind."""

# Files by their place. Qt's plug-ins bring whole modules along: the virtual keyboard alone brings QML and
# Quick, and the theme of GTK brings all of GTK.
_UNUSED = re.compile(
    r"""(?x)
    /plugins/(
        platforminputcontexts/\w*virtualkeyboard | imageformats/\w*(qpdf|qicns|qtga|qwbmp)
        | networkinformation | tls | generic | egldeviceintegrations | sqldrivers | qmltooling
        | platformthemes/\w*qgtk3 | platforms/\w*(vnc|eglfs|linuxfb|minimal|vkkhr)
    )
    | (^|/)translations/qt
    | ^PySide6/Qt(Network|Qml|Quick)\w*\.
    | ^cv2/opencv_videoio_ffmpeg
    | /(tests?|testing)/
    """
)
# Printing needs the library of the system's own printing service, which brings half a system along.
_OF_THE_SYSTEM = re.compile(r"^libcups\.so")
_STAYS = re.compile(r"(?i)^(lib)?python3")

_SHARED_PLACES = re.compile(r"\.|PySide6|PySide6/Qt/lib|[\w.-]+\.libs")
"""Where libraries lie that are there only because something is linked to them."""

_WITH_SYMBOLS = re.compile(r"^(libpython3|python3[\d.]*/lib-dynload/|_openjpeg\.|tensorflow/libtensorflow_)")
"""With debug symbols in them, and untouched by the tools that put others' libraries into wheels, after which
`strip` may leave a file that cannot be loaded."""

_PYGMENTS = re.compile(
    r"^pygments\.(lexers|styles|formatters|filters)\.(?!_mapping|python|special|default|latex)"
)
"""Colours for 300 programming languages; cards of packs are text."""


def without_unused(
    binaries: Iterable[Entry], datas: Iterable[Entry], work: Path
) -> tuple[list[Entry], list[Entry]]:
    """Leave out what no window of ours uses, then the libraries that only this needed, then links to them."""
    kept = [entry for entry in binaries if _is_used(entry)]
    if can_hollow():
        kept = [_hollowed(entry, kept, work) for entry in kept]
    while True:
        needed = {place for entry in kept for place in _linked_to(entry)}
        still = [entry for entry in kept if not _is_dependency(entry) or _places_of(entry) & needed]
        if len(still) == len(kept):
            break
        kept = still
    places = {entry[0] for entry in kept}
    others = [entry for entry in datas if _is_used(entry) and (entry[2] != "SYMLINK" or entry[1] in places)]
    return [_at_home(_stripped(entry, work), work) for entry in kept], others


def without_unused_modules(modules: Iterable[Entry]) -> list[Entry]:
    """The same for modules in Python."""
    return [entry for entry in modules if not _PYGMENTS.match(entry[0])]


def _is_used(entry: Entry) -> bool:
    place = entry[0].replace("\\", "/")
    return not _UNUSED.search(place) and not _OF_THE_SYSTEM.match(place)


def _is_dependency(entry: Entry) -> bool:
    place = Path(entry[0])
    shared = entry[2] == "BINARY" and re.search(r"\.(so[.\w]*|dll|dylib)$", place.name) is not None
    where = place.parent.as_posix()
    return shared and _SHARED_PLACES.fullmatch(where) is not None and _STAYS.match(place.name) is None


def _linked_to(entry: Entry) -> set[str]:
    """Where what a file is linked to may lie: in its own folders for libraries, beside it (whoever loads it
    may have named that folder), or anywhere else."""
    linked, here = _linked(entry[1]), posixpath.dirname(entry[0])
    own = {posixpath.normpath(posixpath.join(here, folder)) for folder in (*linked.folders, ".")}
    return {f"{folder}/{name}" for folder in own for name in linked.names} | set(linked.names)


def _places_of(entry: Entry) -> set[str]:
    """Where it lies: a library that a wheel brought for itself counts for that wheel alone."""
    place = Path(entry[0])
    name, folder = place.name.lower(), place.parent.as_posix()
    return {f"{folder}/{name}"} if folder.endswith(".libs") and sys.platform != "win32" else {name}


def _hollowed(entry: Entry, entries: Iterable[Entry], work: Path) -> Entry:
    if not HOLLOW.match(entry[0]):
        return entry
    name = Path(entry[0]).name
    users = [Path(e[1]) for e in entries if name.lower() in _linked(e[1]).names and not HOLLOW.match(e[0])]
    return (entry[0], str(make_hollow(name, users, work / "hollow")), entry[2])


def _stripped(entry: Entry, work: Path) -> Entry:
    if not sys.platform.startswith("linux") or not _WITH_SYMBOLS.match(entry[0]):
        return entry
    target = work / "stripped" / Path(entry[0]).name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(entry[1], target)
    subprocess.run(["strip", "--strip-unneeded", target], check=True)
    return (entry[0], str(target), entry[2])


def _at_home(entry: Entry, work: Path) -> Entry:
    if entry[2] == "SYMLINK" or not run_paths.foreign(Path(entry[1]), entry[0]):
        return entry
    target = work / "run_paths" / entry[0]
    run_paths.write_without_foreign(Path(entry[1]), entry[0], target)
    return (entry[0], str(target), entry[2])


@dataclass(frozen=True, slots=True)
class _Linked:
    """Lower-case names of what a file is linked to itself, not what those are linked to in turn, and the
    folders, relative to its own, where they are looked for first."""

    names: frozenset[str]
    folders: frozenset[str] = frozenset()


@functools.cache
def _linked(library: str) -> _Linked:
    if sys.platform.startswith("linux"):  # PyInstaller asks ldd, which tells of both
        told = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True).stdout
        folders = ":".join(re.findall(r"(?:RPATH|RUNPATH)\s+(\S+)", told)).split(":")
        return _Linked(
            frozenset(name.lower() for name in re.findall(r"NEEDED\s+(\S+)", told)),
            frozenset(re.sub(r"^\$(ORIGIN|\{ORIGIN\})/?", "", f) for f in folders if f.startswith("$")),
        )
    from PyInstaller.depend.bindepend import get_imports

    return _Linked(frozenset(Path(name).name.lower() for name, _ in get_imports(library)))

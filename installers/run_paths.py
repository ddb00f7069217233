#!/usr/bin/env python3
"""Run paths: folders that a library of Linux names, in itself, for what it is linked to.

    python installers/run_paths.py FOLDER    lists those that lead out of a bundle; fails when there are any

Python's own libraries, and some of wheels, name a folder of the machine that built them. On another machine
the loader looks there too, and takes what somebody has put there. Only what begins with $ORIGIN, the folder
of the library, and does not lead out of the bundle stays; that is shorter, so that it is written over the old
text, in its place.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ELF_64_LITTLE = b"\x7fELF\x02\x01"
_LOAD, _DYNAMIC = 1, 2
_END, _STRINGS, _RPATH, _RUNPATH = 0, 5, 15, 29
_OWN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})(?:/(.*))?$")


def foreign(library: Path, place: str) -> tuple[str, ...]:
    """Folders of its run paths that are not told from its own place, or lie outside the bundle. Empty for
    what is no library. `place`: its path in the bundle's folder, with slashes."""
    with library.open("rb") as file:
        found = [entry for _, told in _told(file) for entry in told.split(":") if told]
    return tuple(entry for entry in found if not _is_own(entry, place))


def _is_own(entry: str, place: str) -> bool:
    found = _OWN.match(entry)
    if found is None:
        return False
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(place), found[1] or "."))
    return reached != ".." and not reached.startswith(("../", "/"))


def write_without_foreign(library: Path, place: str, target: Path) -> None:
    """Copy a library, with those folders left out. `place` as in `foreign`.

    Raises:
        ValueError: something else in it is told by a part of the same text, or that has no room.
        subprocess.CalledProcessError: objdump failed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(library, target)
    target.chmod(target.stat().st_mode | 0o200)
    with target.open("r+b") as file:
        for offset, told in list(_told(file)):
            # Never an empty text, which some loaders take for the current folder.
            kept = ":".join(entry for entry in told.split(":") if _is_own(entry, place)) or "$ORIGIN"
            room = len(os.fsencode(told))
            if len(kept) > room:
                raise ValueError(f"{library.name}: its run path has no room for $ORIGIN.")
            file.seek(offset)
            file.write(os.fsencode(kept).ljust(room, b"\0"))
    if _all_but_run_paths(library) != _all_but_run_paths(target):
        raise ValueError(f"{library.name}: its run path is a part of another name in it.")


def _told(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Where in the file each run path is written, and its text."""
    head = file.read(64)
    if len(head) < 64 or not head.startswith(_ELF_64_LITTLE):
        return
    (at,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    file.seek(at)
    table = file.read(size * count)
    segments = [struct.unpack_from("<IIQQQQ", table, size * n) for n in range(count)]
    dynamic = next((each for each in segments if each[0] == _DYNAMIC), None)
    if dynamic is None:
        return
    file.seek(dynamic[2])
    entries = list(struct.iter_unpack("<qQ", file.read(dynamic[5] // 16 * 16)))
    entries = entries[: next((n for n, (tag, _) in enumerate(entries) if tag == _END), None)]
    address = next((value for tag, value in entries if tag == _STRINGS), 0)
    for kind, _, offset, begin, _, length in segments:
        if kind == _LOAD and begin <= address < begin + length:
            strings = offset + address - begin
            break
    else:
        return
    for tag, value in entries:
        if tag in (_RPATH, _RUNPATH):
            file.seek(strings + value)
            yield strings + value, os.fsdecode(file.read(1 << 16).partition(b"\0")[0])


def _all_but_run_paths(library: Path) -> list[str]:
    told = subprocess.run(["objdump", "-p", "-T", library], check=True, capture_output=True, text=True).stdout
    lines = told.splitlines()[3:]  # without the file's name
    return [line for line in lines if not re.match(r"\s+R(UN)?PATH\s", line)]


def main() -> int:
    """List the foreign run paths of a folder's libraries."""
    home = Path(sys.argv[1])
    found = [
        f"{path.relative_to(home)}: {entry or '(the current folder)'}"
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for entry in foreign(path, path.relative_to(home).as_posix())
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

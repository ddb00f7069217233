"""What Debian's package manager tells about a library that a bundle took from the system."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class SystemLibrary:
    """A package of the system; empty where nothing is known."""

    package: str = ""
    version: str = ""
    purl: str = ""
    texts: tuple[tuple[str, str], ...] = ()


def libraries_of_the_system(copies: Iterable[Path]) -> dict[str, SystemLibrary]:
    """The package that each library of a bundle is a copy of, by the library's file name."""
    paths = {path.name: path for path in copies}
    owners = _owners(sorted(paths))
    return {name: _best(path, owners.get(name, ())) for name, path in paths.items()}


def _best(copy: Path, owners: Iterable[tuple[str, Path]]) -> SystemLibrary:
    """Of several packages with a file of that name, the one whose file is the same."""
    known = sorted(owners)
    same = [package for package, path in known if path.is_file() and filecmp.cmp(path, copy, shallow=False)]
    for package in [*same, *(package for package, _ in known)]:
        library = _described(package)
        if library.package:
            return library
    return SystemLibrary()


def _owners(names: Iterable[str]) -> dict[str, list[tuple[str, Path]]]:
    """Packages of the system and their files, by the files' names."""
    found: dict[str, list[tuple[str, Path]]] = {}
    patterns = [f"*/{name}" for name in names]
    for line in _say("dpkg-query", "-S", *patterns).splitlines() if patterns else ():
        packages, _, path = line.partition(": ")
        found.setdefault(Path(path).name, []).append((packages.split(",")[0], Path(path)))
    return found


@cache
def _described(package: str) -> SystemLibrary:
    told = _say("dpkg-query", "-W", "-f", "${Package}\n${Version}\n${Architecture}", package).splitlines()
    if len(told) != 3:
        return SystemLibrary()
    name, version, architecture = told
    system = _system_name()
    text = Path("/usr/share/doc") / name / "copyright"
    texts = (
        ((f"copyright file of {name}", text.read_text("utf-8", errors="replace").strip()),)
        if text.is_file()
        else ()
    )
    purl = f"pkg:deb/{system}/{quote(name)}@{quote(version, safe='')}?arch={architecture}"
    return SystemLibrary(name, version, purl, texts)


@cache
def _system_name() -> str:
    release = Path("/etc/os-release")
    for line in release.read_text("utf-8").splitlines() if release.is_file() else ():
        if line.startswith("ID="):
            return line[3:].strip('"')
    return "debian"


def _say(*command: str) -> str:
    """What a command of the package manager prints; nothing where there is none or it knows nothing."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    return subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False).stdout

"""What an installer is to carry: lists for NSIS and for the uninstaller, and what Windows would not take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installers.errors import PackagingError

_LONGEST_PATH = 259
_LONGEST_FOLDER = len(r"C:\Users\12345678901234567890\AppData\Local\Programs\lungviewer\.previous") + 1
LONGEST_NAME = _LONGEST_PATH - _LONGEST_FOLDER
"""Longest path within a bundle, in UTF-16 units: what is left by the longest name an account may have, and by
the folder that an upgrade sets the old version aside in. Windows takes longer ones only where somebody with
administrator rights has allowed them."""

_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")
# What the installer itself writes into the folder.
_OWN = frozenset({"installed-files.txt", "uninstall.exe", ".previous"})


@dataclass(frozen=True, slots=True)
class Payload:
    """A bundle's files and folders, as they lie below the installation folder."""

    files: tuple[tuple[PurePosixPath, Path], ...]
    """Where each file goes, and where it comes from."""
    folders: tuple[PurePosixPath, ...]
    """Outer before inner."""
    kilobytes: int


def payload(bundle: Path, below: str = "") -> Payload:
    """Look through a bundle.

    Args:
        below: folder of the installation that the bundle goes into; "" for the installation folder itself.

    Raises:
        PackagingError: a link, a name that Windows has no room or no letters for, two names that differ in
            case only, or nothing at all.
    """
    top = PurePosixPath(below)
    files = [(top / PurePosixPath(*path.relative_to(bundle).parts), path) for path in _files(bundle)]
    if not files:
        raise PackagingError(f"{bundle} has no files.")
    folders = {parent for name, _ in files for parent in name.parents} - {PurePosixPath(".")}
    seen: dict[str, PurePosixPath] = {}
    for name in [*(name for name, _ in files), *folders]:
        _require_fit(name)
        if seen.setdefault(str(name).lower(), name) != name:
            raise PackagingError(f"{name} and {seen[str(name).lower()]} are one name to Windows.")
    size = sum(path.stat().st_size for _, path in files)
    ordered = tuple(sorted(folders, key=lambda folder: folder.parts))
    return Payload(tuple(sorted(files)), ordered, -(-size // 1024))


def list_of_files(found: Payload) -> bytes:
    """The list that lies in the installation folder (its form: file_lists.nsh)."""
    lines = [f">{_windows(folder)}" for folder in found.folders]
    lines += [f"={_windows(name)}" for name, _ in found.files]
    lines += [f"<{_windows(folder)}" for folder in reversed(found.folders)]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-16-le")


def commands(found: Payload) -> str:
    """What NSIS does to unpack: exactly what the list names, in UTF-8."""
    lines: list[str] = []
    folder = None
    for name, path in found.files:
        if name.parent != folder:
            folder = name.parent
            # In strings a dollar is written twice; names of files to pack are no strings of NSIS.
            below = "" if folder == PurePosixPath(".") else "\\" + _windows(folder).replace("$", "$$")
            lines.append(f'SetOutPath "$INSTDIR{below}"')
        lines.append(f'File "{path.resolve()}"')
    return "\n".join(lines) + "\n"


def _files(bundle: Path) -> Iterator[Path]:
    for path in bundle.rglob("*"):
        if path.is_symlink():
            raise PackagingError(f"{path.relative_to(bundle)} is a link, which Windows would not have.")
        if path.is_file():
            yield path


def _require_fit(name: PurePosixPath) -> None:
    if any(_FORBIDDEN.search(part) or _RESERVED.match(part) for part in name.parts):
        raise PackagingError(f"{name} has a name that Windows does not allow.")
    if name.parts[0].lower() in _OWN:
        raise PackagingError(f"{name} is a name that the installer uses itself.")
    length = len(str(name).encode("utf-16-le")) // 2
    if length > LONGEST_NAME:
        raise PackagingError(f"{name} is {length} characters long; {LONGEST_NAME} fit on every Windows.")


def _windows(name: PurePosixPath) -> str:
    return "\\".join(name.parts)

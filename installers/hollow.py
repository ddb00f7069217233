"""Shared libraries with nothing in them, for the parts of others' wheels that this program never uses.

OpenCV's wheel for Linux is linked to FFmpeg, and GDCM's to an OpenSSL that is no longer maintained, so they
cannot be imported without; no video is ever read here, and nothing encrypted. A hollow library has the same
name and the functions that its user asks for, each of which ends the process. It saves 45 MB, and every
security notice about what is not used. Needs `as`, `ld` and `objdump` (binutils, as PyInstaller does).
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

HOLLOW = re.compile(
    r"""(?x)
    ^( opencv_python_headless\.libs/lib(avcodec|avformat|avutil|swscale)
     | python_gdcm\.libs/lib(crypto|ssl)
    )-\w+\.so[.\w]*$
    """
)
"""Libraries of a bundle, by their place in it, that are replaced."""

MARK = "lungviewer: nothing is in this library"
"""Lies in each of them, so that it is told from the library whose name it has."""

_END = {"x86_64": "ud2", "aarch64": "udf #0"}
_WANTED = re.compile(r"DF \*UND\*\s+\w+\s+\((?P<version>\w+)\)\s+(?P<name>\w+)$", re.MULTILINE)
_VERSIONS_OF = re.compile(r"required from (?P<library>\S+):\n(?P<versions>(?:\s+0x.*\n?)+)")


def can_hollow() -> bool:
    """Whether this machine's processor is one whose way to end a process is known here."""
    return platform.system() == "Linux" and platform.machine() in _END


def is_hollow(place: str, file: Path) -> bool:
    """Whether a file is such a library, by its place in the bundle and by what is in it."""
    return HOLLOW.match(place) is not None and MARK.encode("ascii") in file.read_bytes()


def make_hollow(name: str, users: Iterable[Path], folder: Path) -> Path:
    """Write a library `name` with every function that its users ask for. Returns the file.

    Raises:
        subprocess.CalledProcessError: as or ld failed.
    """
    functions: dict[str, set[str]] = defaultdict(set)
    for user in users:
        for version, wanted in functions_wanted(user, name).items():
            functions[version] |= wanted
    folder.mkdir(parents=True, exist_ok=True)
    source, script = folder / f"{name}.s", folder / f"{name}.map"
    source.write_text(_assembly({f for wanted in functions.values() for f in wanted}), encoding="ascii")
    script.write_text(_version_script(functions), encoding="ascii")
    compiled, made = folder / f"{name}.o", folder / name
    _run("as", "-o", compiled, source)
    versioned = ("--version-script", script) if functions else ()
    fixed = ("--build-id=none", "-z", "noexecstack")
    _run("ld", "-shared", "-soname", name, *versioned, *fixed, "-o", made, compiled)
    return made


def functions_wanted(user: Path, library: str) -> Mapping[str, set[str]]:
    """Functions that a file takes from a library, by the version that it asks for."""
    told = _run("objdump", "-p", user)
    versions: set[str] = set()
    for match in _VERSIONS_OF.finditer(told):
        if match["library"] == library:
            versions |= {line.split()[-1] for line in match["versions"].splitlines() if line.strip()}
    wanted: dict[str, set[str]] = {version: set() for version in versions}
    for match in _WANTED.finditer(_run("objdump", "-T", user)):
        if match["version"] in versions:
            wanted[match["version"]].add(match["name"])
    return wanted


def _assembly(functions: Iterable[str]) -> str:
    lines = [".text"]
    for name in sorted(functions):
        lines += [f".globl {name}", f".type {name}, %function", f"{name}: {_END[platform.machine()]}"]
    lines += [".section .rodata", f'.asciz "{MARK}"']
    return "\n".join([*lines, '.section .note.GNU-stack,"",%progbits', ""])


def _version_script(functions: Mapping[str, set[str]]) -> str:
    parts = []
    for version in sorted(functions):
        names = " ".join(f"{name};" for name in sorted(functions[version]))
        parts.append(f"{version} {{ {f'global: {names}' if names else ''} }};\n")
    return "".join(parts)


def _run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

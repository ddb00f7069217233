"""What both packages say about themselves: names, Debian's spelling of the version, processor."""

from __future__ import annotations

import re
from pathlib import Path

from installers.errors import PackagingError

HOME = Path(__file__).resolve().parents[2]
FILES = Path(__file__).parent / "files"

NAME = "lungviewer"
TRAINING = "lungviewer-training"

# The field e_machine of a program: what Debian calls it, and what uname calls it.
_MACHINES = {0x3E: ("amd64", "x86_64"), 0xB7: ("arm64", "aarch64")}


def debian_version(stated: str) -> str:
    """0.2.0rc1 comes before 0.2.0, which Debian writes 0.2.0~rc1."""
    return re.sub(r"\.?(a|b|rc|dev)(\d+)", r"~\1\2", stated)


def machine(program: Path) -> tuple[str, str]:
    """Debian's name and uname's name of the processor that a program is for.

    Raises:
        PackagingError: it is no Linux program, or for a processor that nobody has tried.
    """
    try:
        with program.open("rb") as stream:
            head = stream.read(20)
    except FileNotFoundError:
        raise PackagingError(
            f"The bundle has no {program.name}. Build it first: installers/build.py"
        ) from None
    if head[:5] != b"\x7fELF\x02" or int.from_bytes(head[18:20], "little") not in _MACHINES:
        raise PackagingError(f"{program.name} is no 64-bit Linux program for a known processor.")
    return _MACHINES[int.from_bytes(head[18:20], "little")]

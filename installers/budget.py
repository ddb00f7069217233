"""How large a bundle may be, and how large it is: figures in one place, in MB of 1,000,000 bytes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from installers.archive import entries_of, write_tar_xz

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a bundle may take."""

    disk_mb: int
    xz_mb: int


BUDGETS = {"viewer": Budget(disk_mb=450, xz_mb=140)}
"""By the bundle's name; one that is not here is measured, not judged."""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of all files, and of one archive of them."""

    disk: int
    xz: int


def size_on_disk(folder: Path) -> int:
    """Bytes of all files, each counted once; links count nothing."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def size_of(folder: Path) -> Size:
    """What a bundle takes as it lies there, and packed as the portable archive is.

    Raises:
        PackagingError: xz is missing or failed.
    """
    with tempfile.TemporaryFile() as stream:
        write_tar_xz(stream, entries_of(folder, folder.name), epoch=0)
        return Size(size_on_disk(folder), stream.seek(0, 2))


def judge(name: str, size: Size) -> list[str]:
    """A sentence for each way in which a bundle is too large."""
    budget = BUDGETS.get(name)
    if budget is None:
        return []
    found = (("on disk", size.disk, budget.disk_mb), ("compressed", size.xz, budget.xz_mb))
    return [
        f"The bundle {name} is {have / MB:.1f} MB {how}; {most} MB are allowed."
        for how, have, most in found
        if have > most * MB
    ]

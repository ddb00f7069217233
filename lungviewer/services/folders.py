"""What else lies in a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path


def subfolders(folder: Path, most: int = 200, check: Callable[[], None] = lambda: None) -> tuple[Path, ...]:
    """The folders in a folder, by name, at most so many; hidden ones are passed over.

    A folder that may not be entered has none.
    """
    found: list[str] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            check()
            with contextlib.suppress(OSError):
                if not entry.name.startswith(".") and entry.is_dir():
                    found.append(entry.name)
    return tuple(folder / name for name in sorted(found, key=str.casefold)[:most])

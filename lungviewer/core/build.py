"""Which build of the program this is, and whether another program is of the same one."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.paths import bundled, checkout

STAMP = "build.json"
"""What installers/build.py writes beside the bundled data; never in a source checkout."""

_PLACE = Path("_internal", "lungviewer", "_bundled", STAMP)
"""Where it lies in the folder of a packaged program."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a build says of itself."""

    version: str
    commit: str
    """12 letters, "+changes" where files differed from it; "" if nobody knows."""
    date: str
    """ISO, UTC."""
    epoch: int
    """The same time in seconds since 1970."""

    def matches(self, other: Build | None) -> bool:
        """Whether both were made from the same source; of two with changes to one commit nobody can tell, and
        they are taken for the same."""
        return other is not None and (self.version, self.commit) == (other.version, other.commit)

    def __str__(self) -> str:
        return f"{self.version}, {self.made}"

    @property
    def made(self) -> str:
        """When and from which commit, in a few words."""
        return f"built {self.date} from {self.commit or 'unknown source'}"


def this_build() -> str:
    """A few words: when and from which commit a packaged program was built, or that it is none."""
    if not getattr(sys, "frozen", False):
        return "installed package" if checkout() is None else "source checkout"
    build = own_build()
    return build.made if build else "packaged program of unknown source"


def own_build() -> Build | None:
    """The build of this packaged program; None where it is none or has lost its stamp."""
    return _read(bundled("models").parent / STAMP)


def build_in(folder: Path) -> Build | None:
    """The build of the packaged program in a folder; None where it states none, or not its version."""
    return _read(folder / _PLACE)


def _read(path: Path) -> Build | None:
    try:
        told = json.loads(path.read_text("utf-8"))
        return Build(str(told["version"]), str(told["commit"]), str(told["date"]), int(told["epoch"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""What a build says of itself: from what and when it was made, the same for the same source."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import re
import subprocess
from pathlib import Path

from installers.errors import PackagingError
from lungviewer.core.build import STAMP, Build, build_in


def read(home: Path) -> Build:
    """What a build of this checkout is. The commit is "" outside git; the time is SOURCE_DATE_EPOCH, else the
    commit's."""
    commit = _git(home, "rev-parse", "--short=12", "HEAD")
    if commit and _git(home, "status", "--porcelain", "--untracked-files=no"):
        commit += "+changes"
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _git(home, "log", "-1", "--format=%ct") or 0)
    date = datetime.datetime.fromtimestamp(epoch, datetime.UTC).date().isoformat()
    return Build(version_of(home), commit, date, epoch)


def write(build: Build, folder: Path) -> Path:
    """Write the stamp that goes into a bundle; its file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / STAMP
    path.write_text(json.dumps(dataclasses.asdict(build), indent=1) + "\n", encoding="utf-8")
    return path


def of_bundle(bundle: Path) -> Build:
    """What a bundle says of itself: packages are named by this, never by the checkout that packs them.

    Raises:
        PackagingError: it does not say which build it is.
    """
    build = build_in(bundle)
    if build is None:
        raise PackagingError(
            f"{bundle.name} does not say which build it is. Build it again: python installers/build.py"
        )
    return build


def require_same(bundle: Path, other: Build, whose: str) -> None:
    """For what goes together.

    Args:
        other: what the bundle is to be.
        whose: what that is the build of, in words.

    Raises:
        PackagingError: the bundle is another build.
    """
    build = of_bundle(bundle)
    if not build.matches(other):
        raise PackagingError(
            f"{bundle.name} is {build}; {whose} is {other}. Build it again: python installers/build.py"
        )


def version_of(home: Path) -> str:
    """The program's version, from its only place, without importing it.

    Raises:
        PackagingError: nothing is stated there.
    """
    found = re.search(r'__version__ = "([^"]+)"', (home / "lungviewer" / "__init__.py").read_text("utf-8"))
    if found is None:
        raise PackagingError("lungviewer/__init__.py states no version.")
    return found[1]


def _git(home: Path, *arguments: str) -> str:
    try:
        told = subprocess.run(["git", *arguments], cwd=home, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()

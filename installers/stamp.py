"""What a build says of itself: when and from what it was made, the same for the same source."""

from __future__ import annotations

import datetime
import os
import subprocess
from pathlib import Path

FILE = "build.json"
"""Lies among the bundled data; `core.build.this_build` reads it."""


def read(home: Path) -> dict[str, str | int]:
    """`commit` (12 letters, "+changes" where files differ from it, "" outside git), `date` (ISO, UTC) and
    `epoch` (seconds). The time is SOURCE_DATE_EPOCH, else that of the commit."""
    commit = _git(home, "rev-parse", "--short=12", "HEAD")
    if commit and _git(home, "status", "--porcelain", "--untracked-files=no"):
        commit += "+changes"
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _git(home, "log", "-1", "--format=%ct") or 0)
    date = datetime.datetime.fromtimestamp(epoch, datetime.UTC).date().isoformat()
    return {"commit": commit, "date": date, "epoch": epoch}


def _git(home: Path, *arguments: str) -> str:
    try:
        told = subprocess.run(["git", *arguments], cwd=home, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()

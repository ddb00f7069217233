"""`lungviewer view`: the window."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec

from lungviewer.core import registry
from lungviewer.core.errors import MissingDependency, UsageError


def run(options: argparse.Namespace) -> int:
    """Open the window; returns when it is closed."""
    if find_spec("PySide6") is None:
        raise MissingDependency(
            "The window needs PySide6, which is not installed.",
            hint="pip install 'lungviewer[gui]'; `lungviewer --help` lists what works without a window.",
        )
    if not _has_screen():
        raise UsageError(
            "There is no screen here to open a window on.",
            hint="`lungviewer --help` lists what works without one, such as `lungviewer scan`.",
        )
    try:
        window = registry.load(registry.WINDOW)
    except ImportError as error:  # a system library that Qt needs; the loader names it
        raise MissingDependency(
            f"The window could not be started ({error}).",
            hint="On Debian or Ubuntu: apt-get install libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0.",
        ) from error
    code: int = window(options.paths)
    return code


def _has_screen() -> bool:
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

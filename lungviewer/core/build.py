"""Which build of the program this is."""

from __future__ import annotations

import json
import sys

from lungviewer.core.paths import bundled, checkout

_STAMP = "build.json"
"""What installers/build.py writes: "commit" and "date"; never in a source checkout."""


def this_build() -> str:
    """A few words: when and from which commit a packaged program was built, or that it is none."""
    if not getattr(sys, "frozen", False):
        return "installed package" if checkout() is None else "source checkout"
    try:
        told = json.loads((bundled("models").parent / _STAMP).read_text("utf-8"))
        return f"built {told['date']} from {told['commit'] or 'unknown source'}"
    except (OSError, ValueError, KeyError, TypeError):
        return "packaged program of unknown source"

"""`lungviewer doctor`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from lungviewer.cli.console import out
from lungviewer.cli.main import EXIT_OK, EXIT_SOME_FAILED
from lungviewer.core import registry
from lungviewer.core.job import NullContext
from lungviewer.core.no_network import EXIT_REACHED, NoNetwork
from lungviewer.core.paths import pack_dirs

_MARKS = {True: "ok  ", False: "FAIL", None: "    "}


def run(options: argparse.Namespace) -> int:
    """Print each finding as it is made."""
    if options.window:
        return _try_window()
    from lungviewer.services.doctor import examine

    good = True
    for finding in examine(pack_dirs(), NullContext(), selftest=options.selftest):
        good = good and finding.good is not False
        out().print(f"{_MARKS[finding.good]} {finding.topic:28} {finding.text}")
    return EXIT_OK if good else EXIT_SOME_FAILED


def _try_window() -> int:
    """What the self-test starts as a process of its own."""
    with tempfile.TemporaryDirectory(prefix="lungviewer-") as folder, NoNetwork() as guard:
        watched = guard.works()
        well: bool = registry.load(registry.WINDOW_TRIAL)(Path(folder))
    if guard.noticed or not watched:
        return EXIT_REACHED
    return EXIT_OK if well else EXIT_SOME_FAILED

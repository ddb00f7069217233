"""`lungviewer doctor`."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import out
from lungviewer.cli.main import EXIT_OK, EXIT_SOME_FAILED
from lungviewer.core.job import NullContext
from lungviewer.core.paths import pack_dirs
from lungviewer.services.doctor import examine

_MARKS = {True: "ok  ", False: "FAIL", None: "    "}


def run(options: argparse.Namespace) -> int:
    """Print each finding as it is made."""
    good = True
    for finding in examine(pack_dirs(), NullContext(), selftest=options.selftest):
        good = good and finding.good is not False
        out().print(f"{_MARKS[finding.good]} {finding.topic:28} {finding.text}")
    return EXIT_OK if good else EXIT_SOME_FAILED

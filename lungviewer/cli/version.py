"""`lungviewer --version`: the program, its build, and the packs that can answer."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from typing import Any

import lungviewer
from lungviewer.core.build import this_build


class ShowVersion(argparse.Action):
    """An option that prints what is installed, and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        _values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        # As argparse's own: a windowed program has no standard output, and says nothing then.
        parser._print_message("\n".join(version_lines()) + "\n", sys.stdout)
        parser.exit()


def version_lines() -> list[str]:
    """ "lungviewer X", the build, then a line per pack: id@version and the SHA-256 of its pack.json, which
    lists those of its other files; last, where the licences of what is packaged with the program lie."""
    from lungviewer.core.paths import pack_dirs, third_party_notices
    from lungviewer.packs.catalogue import PackEntry, find_packs
    from lungviewer.packs.listing import manifest_bytes
    from lungviewer.packs.simulator_catalogue import SimulatorEntry, find_simulators

    lines = [f"lungviewer {lungviewer.__version__}", this_build()]
    entries: list[PackEntry | SimulatorEntry] = [*find_packs(pack_dirs()), *find_simulators(pack_dirs())]
    for entry in entries:
        if entry.error is None:
            lines.append(f"pack {entry.name} sha256 {hashlib.sha256(manifest_bytes(entry.path)).hexdigest()}")
        else:
            lines.append(f"pack {entry.name} cannot be used: {entry.error.message}")
    notices = third_party_notices()
    return lines if notices is None else [*lines, f"licences of others {notices}"]

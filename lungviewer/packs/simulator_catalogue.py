"""Which progression simulators are there. They are listed apart: they classify nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lungviewer.core.errors import OtherKindOfPack, PackError, PackNotFound
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.listing import Entry, find_entries, manifest_bytes, preferred
from lungviewer.packs.manifest import parse_manifest
from lungviewer.packs.simulator_manifest import parse_simulator


class SimulatorEntry(Entry[SimulatorSpec]):
    """A simulator that was found."""

    __slots__ = ()


def find_simulators(dirs: Sequence[Path]) -> list[SimulatorEntry]:
    """The simulators in the given folders, as `find_packs`; packs that are neither kind are listed there."""
    return find_entries(dirs, _read, SimulatorEntry)


def simulators_to_choose(dirs: Sequence[Path]) -> list[SimulatorEntry]:
    """Those that can be used, the one to open unasked first: what came with the program before what a person
    installed, newer releases before older ones.

    Raises:
        PackNotFound: there is none.
    """
    shipped = preferred(find_simulators(dirs[-1:]))
    names = {entry.name for entry in shipped}
    good = [*shipped, *(entry for entry in preferred(find_simulators(dirs)) if entry.name not in names)]
    if not good:
        raise PackNotFound(
            "No progression simulator is installed.",
            hint="Install one from a zip in the window of models, or with: lungviewer packs install.",
        )
    return good


def _read(path: Path) -> SimulatorSpec:
    try:
        data = manifest_bytes(path)
        parse_manifest(data)
    except OtherKindOfPack:
        return parse_simulator(data)
    except PackError:
        pass
    raise OtherKindOfPack("Not a simulator.")

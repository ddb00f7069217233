"""Write a simulator pack so that it is either whole or not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.names import simulator_byte_limit
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.packs.simulator_manifest import dump_simulator
from lungviewer.packs.writer import write_whole


def write_simulator(
    folder: Path, spec: SimulatorSpec, files: Mapping[str, bytes], *, replace_existing: bool = False
) -> SimulatorSpec:
    """Write a simulator pack, verified before it gets its name.

    Args:
        folder: the pack's folder; its parent must exist.
        spec: everything but `files`, which is ignored.
        files: "generator.onnx", "encoder.onnx", "golden.npz" (packs/simulator_golden.py), and if there are
            "card.md" and "evaluation/*.png|json|csv|svg"; at most 15 MB together.
        replace_existing: put the new pack in the place of a pack, or of an empty folder, that exists.

    Returns:
        `spec` with the stamps of `files`.

    Raises:
        PackInvalid: a rule of the schema or of the graphs' contracts is broken, or the folder exists.
        PackUnsafe: a graph holds something that no pack may hold.
        OutputUnwritable: the disk is full or the place read-only.
    """
    return write_whole(
        folder,
        spec,
        files,
        simulator_byte_limit,
        dump_simulator,
        load_simulator,
        replace_existing=replace_existing,
    )

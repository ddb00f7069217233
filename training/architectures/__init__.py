"""The networks that can be trained: one file each, named here as text so that listing imports nothing.

Each file has `build(input_size, classes, weights, dropout, frozen) -> ArchitectureModel`.
"""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.registry import load
from training.architectures.model import ArchitectureModel
from training.errors import DataProblem

ARCHITECTURES: dict[str, str] = {
    "mobilenetv2": "training.architectures.mobilenetv2:build",
}


def build(
    name: str, input_size: int, classes: int, weights: Path | None, dropout: float = 0.2, frozen: bool = True
) -> ArchitectureModel:
    """Build a network by name.

    Raises:
        DataProblem: the name is not in the table, or the weights do not fit.
    """
    if name not in ARCHITECTURES:
        raise DataProblem(f"The architecture {name!r} is not known; there are: {', '.join(ARCHITECTURES)}.")
    built: ArchitectureModel = load(ARCHITECTURES[name])(input_size, classes, weights, dropout, frozen)
    return built

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
    "mobilenetv3": "training.architectures.mobilenetv3:build",
    "resnet50": "training.architectures.resnet50:build",
    "densenet121": "training.architectures.densenet121:build",
    "basic_cnn": "training.architectures.basic_cnn:build",
    "plain_cnn4": "training.architectures.plain_cnn4:build",
    "bn_cnn": "training.architectures.bn_cnn:build",
}

DEFAULT_CUTS = {"mobilenetv2": "block_12"}
"""Where fine-tuning begins unless it is said; everything is trained in a network that is not named here."""


def build(
    name: str,
    input_size: int,
    classes: int,
    weights: Path | None,
    dropout: float | None = None,
    frozen: bool = True,
) -> ArchitectureModel:
    """Build a network by name; `dropout` None is what the network is known with.

    Raises:
        DataProblem: the name is not in the table, or the weights do not fit.
    """
    if name not in ARCHITECTURES:
        raise DataProblem(f"The architecture {name!r} is not known; there are: {', '.join(ARCHITECTURES)}.")
    built: ArchitectureModel = load(ARCHITECTURES[name])(input_size, classes, weights, dropout, frozen)
    return built

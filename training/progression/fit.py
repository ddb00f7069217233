"""Train a simulator in a run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.job import JobContext
from lungviewer.core.model import ClassSpec
from training.data import Dataset, open_dataset
from training.errors import DataProblem
from training.metrics import evenly
from training.progression.loop import train
from training.progression.settings import STAGES, Settings
from training.progression.slices import read_slices
from training.run_folder import RunFolder
from training.split import Split, describe, split_by_group, write_split

SHOWN = 2
"""Validation slices of each stage that are followed while training."""


@dataclass(frozen=True, slots=True)
class FitRequest:
    """`split_seed` is the one of the CT pack that is to judge: its test groups are then new to both.
    `weights` are the MobileNetV2's that a pretrained discriminator looks through."""

    data: Path
    out: Path
    settings: Settings = field(default_factory=Settings)
    split_seed: int = 5
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    weights: Path | None = None


def open_split(
    data: Path, split_seed: int, classes: Mapping[str, ClassSpec] | None = None
) -> tuple[Dataset, Split]:
    """The data and its split by group.

    Raises:
        DataProblem: it cannot be used.
    """
    dataset = open_dataset(data, class_table=classes)
    if not dataset.groups_known:
        raise DataProblem(
            "Groups are not known, so nobody could say whether slices were learned by heart.",
            hint="Write a manifest.csv (path,label,group).",
        )
    return dataset, split_by_group(dataset, split_seed)


def fit(request: FitRequest, ctx: JobContext) -> dict[str, Any]:
    """Train, or go on; afterwards the folder holds what `export` needs. Returns what was trained on.

    Raises:
        DataProblem: the settings or the data cannot be used, or the folder is of another run.
        Cancelled: the same call goes on.
    """
    settings = request.settings
    settings.check()
    dataset, split = open_split(request.data, request.split_seed, request.classes)
    folder = RunFolder(request.out)
    folder.open({"progression": asdict(settings), "split_seed": request.split_seed})
    folder.claim({"manifest": dataset.manifest_sha256})
    write_split(request.out / "split.csv", dataset, split)
    training = read_slices(dataset, split, ("train",), settings.size, ctx)
    held = read_slices(dataset, split, ("validation",), settings.size, ctx)
    rows = [evenly(np.flatnonzero(held.stages == s.position), SHOWN) for s in STAGES]
    train(settings, training, held.take(np.concatenate(rows)), request.out, ctx, request.weights)
    return {"method": settings.method, "sides": describe(dataset, split)}


def settings_of(run: Path) -> tuple[Settings, int]:
    """What a run folder was trained with, and the seed of its split.

    Raises:
        DataProblem: it is no such folder.
    """
    try:
        config = json.loads((run / "config.json").read_bytes())
        return Settings(**config["progression"]), int(config["split_seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataProblem(
            "This is no run folder of a simulator.", hint="Give the folder that `progression fit` wrote."
        ) from error

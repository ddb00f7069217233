"""The same recipe in folds: each image is tested once, by a network that was trained without its fold.

A split of few groups says little: its test side is a handful of patients. Folds use all of them. They are
made by group, and by image beside it: the difference is what leakage is worth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.trust import calibrated_probabilities
from training.architectures.model import ArchitectureModel
from training.data import Dataset, batches
from training.metrics import figures, measure
from training.notes import Note
from training.request import FitRequest
from training.run_folder import RunFolder
from training.split import Split, folds_by_group, folds_by_image
from training.trainers import every_view, train_fold
from training.trunk import Kept

Record = dict[str, Any]
BATCH = 32
REPLICATES = 1000


def cross_validation(request: FitRequest, dataset: Dataset, folder: Path, ctx: JobContext) -> Record | None:
    """Train `request.folds` times by group and as often by image; None when none are asked for.

    One run a fold, from the first seed. What is in `folder` is not done again.

    Returns:
        `folds`, and by split unit ("group", "image") the `figures` over all images, each with its 95 %
        interval over groups, and the accuracies on the `validation` sides together.

    Raises:
        DataProblem: there are fewer than three folds, or a class has fewer groups than that.
        Cancelled: finished folds are kept.
    """
    if not request.folds:
        return None
    one_run, seed = replace(request, members=1, tensorboard=False), request.settings.seed
    splits = {
        "group": folds_by_group(dataset, request.folds, seed),
        "image": folds_by_image(dataset, request.folds, seed),
    }
    views = every_view(one_run, dataset, folder, ctx)
    units: Record = {}
    for unit, folds in splits.items():
        answers = [
            _fold(one_run, dataset, split, folder / f"{unit}-{number}", views, ctx)
            for number, split in enumerate(folds)
        ]
        units[unit] = _record(dataset, folds, answers, unit)
    return {"folds": request.folds, "seed": seed, "units": units}


def _fold(
    request: FitRequest, dataset: Dataset, split: Split, folder: Path, views: Sequence[Kept], ctx: JobContext
) -> Record:
    run = RunFolder(folder)
    target = folder / "answers.json"
    if target.is_file():
        known: Record = json.loads(target.read_bytes())
        return known
    ctx.partial(Note(f"Cross-validation, {folder.name}"))
    network = train_fold(request, dataset, split, folder, views, ctx)
    found = {
        side: _answers(network, dataset, split.rows(side), ctx).tolist() for side in ("validation", "test")
    }
    run.write_json(target.name, found)
    return found


def _answers(
    network: ArchitectureModel, dataset: Dataset, rows: npt.NDArray[np.intp], ctx: JobContext
) -> npt.NDArray[np.float64]:
    samples = [dataset.samples[i] for i in rows]
    fields = batches(dataset, samples, network.input_size, BATCH, ctx, "Testing a fold")
    logits = [np.asarray(network.model(pixels, training=False)) for _, pixels in fields]
    return calibrated_probabilities(np.concatenate(logits), 1.0)


def _record(dataset: Dataset, folds: Sequence[Split], answers: Sequence[Record], unit: str) -> Record:
    ids = [c.id for c in dataset.classes]
    joined = {}
    for side in ("validation", "test"):
        rows = np.concatenate([split.rows(side) for split in folds])
        joined[side] = (np.concatenate([np.array(a[side]) for a in answers]), rows)
    tested, rows = joined["test"]
    found = measure(tested, dataset.targets[rows], dataset.groups[rows], ids, unit, replicates=REPLICATES)
    held, held_rows = joined["validation"]
    validation = figures(held, dataset.targets[held_rows], ids)
    return {
        "figures": {name: asdict(m) for name, m in found.items()},
        "validation": {name: validation[name] for name in ("accuracy", "balanced_accuracy", "auc_macro")},
    }

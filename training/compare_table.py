"""The rows of a comparison: every network's figures on the held-out sides, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.compare_train import Images
from training.metrics import FEWEST_GROUPS, Figures, figures, groups_behind, with_interval

Record = dict[str, Any]
Answers = npt.NDArray[np.float64]


def row_of(
    name: str,
    balance: str,
    images: Images,
    trained: Sequence[Record],
    seeds: Sequence[int],
    graph: Record | None,
) -> Record:
    """One network with one balance of the classes: its graph (None: not trained yet), and per split unit the
    mean of the seeds' figures on the test side, with intervals over groups, and each seed's on both sides.

    A fold counts when all of `seeds` are trained on it; the answers of all such folds are taken together, as
    each image is on the test side of one. A unit without any is left out.
    """
    row: Record = {"name": name, "balance": balance, "units": {}}
    if graph is None or not trained:
        return row
    row |= {key: graph[key] for key in ("parameters", "megabytes", "explanation", "parity", "speed")}
    row["start"] = trained[0]["start"]
    row["images_per_second"] = _median([r["images_per_second"] for r in trained])
    for unit in images.splits:
        by_place = {(r["fold"], r["seed"]): r for r in trained if r["unit"] == unit}
        folds = [
            fold
            for fold in range(len(images.splits[unit]))
            if all((fold, seed) in by_place for seed in seeds)
        ]
        if folds:
            of_seeds = [[by_place[fold, seed] for fold in folds] for seed in seeds]
            row["units"][unit] = _of_unit(images, unit, folds, of_seeds)
    return row


def _of_unit(images: Images, unit: str, folds: Sequence[int], of_seeds: Sequence[Sequence[Record]]) -> Record:
    """`of_seeds`: per seed the records of `folds`."""
    class_ids = [c.id for c in images.dataset.classes]
    targets = images.dataset.targets
    splits = [images.splits[unit][fold] for fold in folds]
    held, test = (np.concatenate([s.rows(side) for s in splits]) for side in ("validation", "test"))

    def each(key: str, rows: npt.NDArray[np.intp], figure: str) -> list[float | None]:
        return [figures(_joined(of, key), targets[rows], class_ids)[figure] for of in of_seeds]

    answers = [_joined(records, "probabilities") for records in of_seeds]
    return {
        **_measured(images, unit, test, answers, class_ids),
        "folds": len(folds),
        "accuracy_by_seed": each("probabilities", test, "accuracy"),
        "validation_by_seed": each("validation", held, "accuracy"),
        "validation_balanced_by_seed": each("validation", held, "balanced_accuracy"),
        "history": [
            {"fold": fold, "seed": record["seed"], "epochs": record["history"]}
            for records in of_seeds
            for fold, record in zip(folds, records, strict=True)
        ],
    }


def _joined(records: Sequence[Record], key: str) -> Answers:
    """The answers of several folds below each other."""
    return np.concatenate([np.array(record[key], np.float64) for record in records])


def _measured(
    images: Images,
    unit: str,
    rows: npt.NDArray[np.intp],
    answers: Sequence[Answers],
    class_ids: Sequence[str],
) -> Record:
    targets, groups = images.dataset.targets[rows], images.dataset.groups[rows]

    def statistic(chosen: npt.NDArray[np.intp]) -> Figures:
        each = [_summary(figures(a[chosen], targets[chosen], class_ids), class_ids) for a in answers]
        return {name: _mean([e[name] for e in each]) for name in each[0]}

    found = with_interval(groups, statistic, images.splits[unit][0].unit)
    for name, measured in found.items():
        if groups_behind(name, targets, groups, class_ids) < FEWEST_GROUPS:
            found[name] = replace(measured, low=None, high=None)
    return {"figures": {name: asdict(m) for name, m in found.items()}}


def _summary(found: Figures, class_ids: Sequence[str]) -> Figures:
    """The columns of the table. What is never called has a precision of 0, or it would be left out of the
    mean and flatter it. The macro recall is the balanced accuracy."""
    precision = [
        found[f"precision_{c}"] or 0.0
        for c in class_ids
        if found[f"precision_{c}"] is not None or found[f"recall_{c}"] is not None
    ]
    one_against_rest = {f"{kind}_{c}": found[f"{kind}_{c}"] for kind in ("auc", "recall") for c in class_ids}
    return {
        "accuracy": found["accuracy"],
        "balanced_accuracy": found["balanced_accuracy"],
        "macro_precision": _mean(precision),
        "macro_f1": _mean([found[f"f1_{c}"] for c in class_ids]),
        "auc_macro": found["auc_macro"],
        **one_against_rest,
        "ece": found["ece"],
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.median(known)) if known else None

"""How well a pack does: at home on the test groups, elsewhere per set, and on what is not lung at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.data import Dataset, Sample
from training.errors import DataProblem
from training.judge import Answers, Judge
from training.metrics import (
    accuracy_at,
    bootstrap,
    confusion,
    equal_mass_bins,
    group_count,
    measure,
    roc_curve,
    with_interval,
)
from training.split import split_by_group, split_by_image

Record = dict[str, Any]

COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Shares of the most confident answers whose accuracy is published."""

ROC_POINTS = 60
"""At most, for each class."""


def home_of_pack(judge: Judge, dataset: Dataset) -> tuple[list[int], str]:
    """Which samples of a folder the pack may be measured on, and the split unit to print.

    A folder that the pack was trained on (same manifest) is split again with the pack's seed, and only
    the test side is taken; any other folder is taken whole.

    Raises:
        DataProblem: the folder lacks a class order the pack can be compared with.
    """
    stated = judge.spec.provenance
    unknown = {c.id for c in dataset.classes} - set(judge.spec.class_ids)
    if unknown:
        raise DataProblem(f"The pack does not know the classes {', '.join(sorted(unknown))}.")
    if dataset.manifest_sha256 != stated.manifest_sha256:
        return list(range(len(dataset.samples))), dataset.split_unit
    divide = split_by_image if stated.split_unit == "image" else split_by_group
    return [int(i) for i in divide(dataset, stated.seed).rows("test")], stated.split_unit


@dataclass(frozen=True, slots=True)
class Side:
    """A pack's answers to N images of a data folder, with the truth in the pack's class order."""

    samples: tuple[Sample, ...]
    given: Answers
    targets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]
    split_unit: str


def judge_folder(judge: Judge, dataset: Dataset, ctx: JobContext) -> Side:
    """The pack's answers to a labelled folder (only to the test side of its own training folder).

    Raises:
        DataProblem: the folder has a class that the pack does not know.
    """
    rows, unit = home_of_pack(judge, dataset)
    samples = tuple(dataset.samples[i] for i in rows)
    place = np.array([judge.spec.class_ids.index(c.id) for c in dataset.classes], np.int64)
    given = judge_samples(judge, dataset, samples, ctx)
    return Side(samples, given, place[dataset.targets[rows]], dataset.groups[rows], unit)


def judge_samples(
    judge: Judge, dataset: Dataset, samples: Sequence[Sample], ctx: JobContext, text: str = "Test images"
) -> Answers:
    """The pack's answers about images of a data folder, whose scale is the training scale."""

    def pictures() -> Iterator[tuple[RGB, float | None]]:
        for sample in samples:
            yield dataset.pixels(sample, judge.spec.input.size), None

    return judge.images(pictures(), len(samples), ctx, text)


def home_record(
    given: Answers,
    targets: npt.NDArray[np.int64],
    groups: npt.NDArray[np.str_],
    class_ids: Sequence[str],
    split_unit: str,
) -> Record:
    """Everything published about one side of the home data, figures with intervals over groups."""
    measured = measure(given.probabilities, targets, groups, class_ids, split_unit)
    right = given.predicted == targets
    return {
        "images": len(targets),
        "groups": group_count(groups),
        "split_unit": split_unit,
        "figures": {name: asdict(m) for name, m in measured.items()},
        "coverage_curve": _coverage_curve(given, right, groups),
        "roc": {c: _roc_points(given.probabilities[:, i], targets == i) for i, c in enumerate(class_ids)},
        "reliability": [
            {
                "confidence": float(given.confidence[b].mean()),
                "accuracy": float(right[b].mean()),
                "images": len(b),
            }
            for b in equal_mass_bins(given.confidence)
        ],
        "confusion": confusion(given.predicted, targets, len(class_ids)).tolist(),
        "classes": list(class_ids),
        "calls": calls_record(given, targets, groups, split_unit),
        "refused_for": reasons_of(given),
    }


def _coverage_curve(
    given: Answers, right: npt.NDArray[np.bool_], groups: npt.NDArray[np.str_]
) -> list[Record]:
    """Accuracy among the most confident answers, with intervals over groups."""

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        return dict(
            zip(map(str, COVERAGES), accuracy_at(given.confidence[rows], right[rows], COVERAGES), strict=True)
        )

    intervals = bootstrap(groups, statistic)
    values = statistic(np.arange(len(right)))
    return [
        {"coverage": share, "accuracy": values[str(share)], "interval": intervals[str(share)]}
        for share in COVERAGES
    ]


def _roc_points(scores: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> Record | None:
    """The curve of one class against the rest, thinned; None when there is only one kind."""
    if positive.all() or not positive.any():
        return None
    rates = roc_curve(scores, positive)
    kept = np.unique(np.linspace(0, len(rates[0]) - 1, min(ROC_POINTS, len(rates[0]))).astype(int))
    false_rate, true_rate = ([round(float(v), 6) for v in rate[kept]] for rate in rates)
    return {"false_rate": false_rate, "true_rate": true_rate}


def calls_record(
    given: Answers, targets: npt.NDArray[np.int64], groups: npt.NDArray[np.str_], split_unit: str
) -> Record:
    """Coverage (share with status ok) and accuracy among those, with intervals over groups."""
    measured = with_interval(groups, calls_statistic(given, given.predicted == targets), split_unit)
    return {name: asdict(m) for name, m in measured.items()}


def calls_statistic(
    given: Answers, right: npt.NDArray[np.bool_]
) -> Callable[[npt.NDArray[np.intp]], dict[str, float | None]]:
    """Of some rows: share called (ok), accuracy among those (None without any), share refused."""
    ok, refused = given.is_status(Status.OK), given.is_status(Status.REFUSED)

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        kept = ok[rows]
        return {
            "coverage": float(kept.mean()),
            "selective_accuracy": float(right[rows][kept].mean()) if kept.any() else None,
            "refused": float(refused[rows].mean()),
        }

    return statistic


def reasons_of(given: Answers) -> dict[str, int]:
    """How many answers were refused, by first reason."""
    refused = given.reason[given.is_status(Status.REFUSED)]
    names, counts = np.unique(refused, return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}

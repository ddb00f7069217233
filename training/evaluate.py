"""How well a pack does: at home on the test groups, elsewhere per set, and on what is not lung at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.data import Dataset, Sample
from training.errors import DataProblem
from training.judge import Answers, Judge
from training.metrics import bootstrap, confusion, measure
from training.split import split_by_group, split_by_image

Record = dict[str, Any]


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


def evaluate_folder(judge: Judge, dataset: Dataset, ctx: JobContext) -> Record:
    """`home_record` of a pack on a labelled folder (only the test side of its own training folder)."""
    rows, unit = home_of_pack(judge, dataset)
    given = judge_samples(judge, dataset, [dataset.samples[i] for i in rows], ctx)
    place = np.array([judge.spec.class_ids.index(c.id) for c in dataset.classes], np.int64)
    targets, groups = place[dataset.targets[rows]], dataset.groups[rows]
    return home_record(given, targets, groups, judge.spec.class_ids, unit)


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
    return {
        "images": len(targets),
        "groups": len(np.unique(groups)),
        "split_unit": split_unit,
        "figures": {name: asdict(m) for name, m in measured.items()},
        "confusion": confusion(given.predicted, targets, len(class_ids)).tolist(),
        "classes": list(class_ids),
        "calls": calls_record(given, targets, groups, split_unit),
        "refused_for": reasons_of(given),
    }


def calls_record(
    given: Answers, targets: npt.NDArray[np.int64], groups: npt.NDArray[np.str_], split_unit: str
) -> Record:
    """Coverage (share with status ok) and accuracy among those, with intervals over groups."""
    ok, right = given.is_status(Status.OK), given.predicted == targets

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        kept = ok[rows]
        return {
            "coverage": float(kept.mean()),
            "selective_accuracy": float(right[rows][kept].mean()) if kept.any() else None,
            "refused": float((given.status[rows] == Status.REFUSED.value).mean()),
        }

    intervals = bootstrap(groups, statistic)
    return {
        name: {
            "value": value,
            "low": (intervals[name] or (None, None))[0],
            "high": (intervals[name] or (None, None))[1],
            "images": len(targets),
            "groups": len(np.unique(groups)),
            "split_unit": split_unit,
        }
        for name, value in statistic(np.arange(len(targets))).items()
    }


def reasons_of(given: Answers) -> dict[str, int]:
    """How many answers were refused, by first reason."""
    refused = given.reason[given.is_status(Status.REFUSED)]
    names, counts = np.unique(refused, return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}

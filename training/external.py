"""How a pack does on images of other laboratories: per set and class, never pooled."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.classes import KNOWN_LABELS
from training.data import decode
from training.errors import DataProblem
from training.evaluate import reasons_of
from training.judge import Answers, Judge
from training.metrics import bootstrap

Record = dict[str, Any]


def is_external(folder: Path) -> bool:
    """Whether a folder's manifest.csv names sets."""
    try:
        with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
            return "set" in next(csv.reader(stream), [])
    except OSError:
        return False


def external_records(judge: Judge, folder: Path, ctx: JobContext) -> list[Record]:
    """One record per set and class of a folder with `manifest.csv` (path,label,set,group,um_per_px).

    Sets are never pooled: each is another laboratory, and each has few slides.

    Raises:
        DataProblem: the manifest is missing, or a label is not a class of the pack.
    """
    try:
        with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise DataProblem(
            "The external data has no manifest.csv (path,label,set,group,um_per_px)."
        ) from error
    targets = np.array([_target(judge, row["label"]) for row in rows], np.int64)

    def pictures() -> Iterator[tuple[RGB, float | None]]:
        for row in rows:
            scale = float(row["um_per_px"]) if row.get("um_per_px") else None
            yield decode((folder / row["path"]).read_bytes()), scale

    given = judge.images(pictures(), len(rows), ctx, "Other laboratories")
    keys = np.array([f"{row['set']}\n{row['label']}" for row in rows])
    groups = np.array([row["group"] for row in rows])
    records = []
    for key in sorted(set(keys)):
        here = np.flatnonzero(keys == key)
        name, _ = key.split("\n")
        records.append(_external_record(judge, name, given[here], targets[here], groups[here]))
    return records


def _target(judge: Judge, label: str) -> int:
    known = KNOWN_LABELS[label].id if label in KNOWN_LABELS else label
    if known not in judge.spec.class_ids:
        raise DataProblem(f"The label {label!r} is not a class of this pack.")
    return judge.spec.class_ids.index(known)


def _external_record(
    judge: Judge,
    name: str,
    given: Answers,
    targets: npt.NDArray[np.int64],
    groups: npt.NDArray[np.str_],
) -> Record:
    right = given.predicted == targets
    intervals = bootstrap(groups, lambda rows: {"recall": float(right[rows].mean())})
    ids = judge.spec.class_ids
    return {
        "set": name,
        "class": ids[int(targets[0])],
        "images": len(targets),
        "groups": len(np.unique(groups)),
        "recall": float(right.mean()),
        "recall_interval": intervals["recall"],
        "mean_confidence": float(given.confidence.mean()),
        "called": {c: int((given.predicted == i).sum()) for i, c in enumerate(ids)},
        "coverage": float(given.is_status(Status.OK).mean()),
        "selective_accuracy": _selective(given, right),
        "refused": float(given.is_status(Status.REFUSED).mean()),
        "refused_for": reasons_of(given),
        "per_group": [
            {
                "group": str(group),
                "images": int((groups == group).sum()),
                "recall": float(right[groups == group].mean()),
                "coverage": float(given.is_status(Status.OK)[groups == group].mean()),
            }
            for group in np.unique(groups)
        ],
    }


def _selective(given: Answers, right: npt.NDArray[np.bool_]) -> float | None:
    ok = given.is_status(Status.OK)
    return float(right[ok].mean()) if ok.any() else None

"""How a pack does on images of other laboratories: per set and class, never pooled."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from training.evaluate import calls_statistic, reasons_of
from training.judge import Answers, Judge
from training.metrics import group_count, with_interval

Record = dict[str, Any]


def is_external(folder: Path) -> bool:
    """Whether a folder's manifest.csv names sets."""
    try:
        with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
            return "set" in next(csv.reader(stream), [])
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Foreign:
    """A pack's answers to a folder of foreign images: all of N rows in the manifest's order."""

    given: Answers
    sets: npt.NDArray[np.str_]
    targets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]

    def part(self, rows: npt.NDArray[np.generic]) -> Foreign:
        return Foreign(self.given[rows], self.sets[rows], self.targets[rows], self.groups[rows])


def external_records(judge: Judge, folder: Path, ctx: JobContext) -> list[Record]:
    """`class_records` of a folder with `manifest.csv` (path,label,set,group,um_per_px).

    Raises:
        DataProblem: the manifest is missing, or a label is not a class of the pack.
    """
    return class_records(judge_external(judge, folder, ctx), judge.spec.class_ids)


def judge_external(judge: Judge, folder: Path, ctx: JobContext) -> Foreign:
    """The pack's answers to every row of a folder's `manifest.csv` (path,label,set,group,um_per_px).

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
    sets, groups = (np.array([row[column] for row in rows]) for column in ("set", "group"))
    return Foreign(given, sets, targets, groups)


def class_records(foreign: Foreign, class_ids: Sequence[str]) -> list[Record]:
    """One record per set and class. Sets are never pooled: each is another laboratory, with few slides."""
    records = []
    for name in np.unique(foreign.sets):
        # In the order of the pack's classes.
        for target in np.unique(foreign.targets[foreign.sets == name]):
            rows = np.flatnonzero((foreign.sets == name) & (foreign.targets == target))
            records.append(_class_record(foreign.part(rows), class_ids))
    return records


def set_records(foreign: Foreign, class_ids: Sequence[str]) -> list[Record]:
    """One record per set, over its classes: accuracy before refusal, coverage and accuracy of the calls,
    with 95 % intervals over the set's groups. A set of few groups, or of one class, says little."""
    records = []
    for name in np.unique(foreign.sets):
        here = foreign.part(np.flatnonzero(foreign.sets == name))
        records.append(
            {
                "set": str(name),
                "classes": [class_ids[t] for t in np.unique(here.targets)],
                "images": len(here.targets),
                "groups": group_count(here.groups),
                **_measured(here, "accuracy"),
                "calls": int(here.given.is_status(Status.OK).sum()),
            }
        )
    return records


def _target(judge: Judge, label: str) -> int:
    known = KNOWN_LABELS[label].id if label in KNOWN_LABELS else label
    if known not in judge.spec.class_ids:
        raise DataProblem(f"The label {label!r} is not a class of this pack.")
    return judge.spec.class_ids.index(known)


def _measured(part: Foreign, name_of_share: str) -> Record:
    """The share that is right, coverage, accuracy of the calls and refusals, each with its interval."""
    right = part.given.predicted == part.targets
    calls = calls_statistic(part.given, right)

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        return {name_of_share: float(right[rows].mean()), **calls(rows)}

    found: Record = {}
    for name, m in with_interval(part.groups, statistic, "group").items():
        found[name] = m.value
        found[f"{name}_interval"] = None if m.low is None else (m.low, m.high)
    return found


def _class_record(part: Foreign, ids: Sequence[str]) -> Record:
    given, right, ok = part.given, part.given.predicted == part.targets, part.given.is_status(Status.OK)
    return {
        "set": str(part.sets[0]),
        "class": ids[int(part.targets[0])],
        "images": len(part.targets),
        "groups": group_count(part.groups),
        **_measured(part, "recall"),
        "mean_confidence": float(given.confidence.mean()),
        "called": {c: int((given.predicted == i).sum()) for i, c in enumerate(ids)},
        "called_ok": {c: int((given.predicted[ok] == i).sum()) for i, c in enumerate(ids)},
        "refused_for": reasons_of(given),
        "per_group": [
            {
                "group": str(group),
                "images": int((part.groups == group).sum()),
                "recall": float(right[part.groups == group].mean()),
                "coverage": float(ok[part.groups == group].mean()),
            }
            for group in np.unique(part.groups)
        ],
    }

"""How a pack does on images of other laboratories: per set and class, never pooled."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.classes import KNOWN_LABELS
from training.data import decode, image_files
from training.errors import DataProblem
from training.evaluate import calls_statistic, reasons_of
from training.judge import Answers, Judge
from training.metrics import group_count, with_interval
from training.run_folder import RunFolder

Record = dict[str, Any]

COLUMNS = ("path", "label", "set", "group")
"""What manifest.csv must have; um_per_px is read too."""


def is_external(folder: Path) -> bool:
    """Whether a folder's manifest.csv names sets."""
    try:
        with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
            return "set" in next(csv.reader(stream), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return False


@dataclass(frozen=True, slots=True)
class ForeignImage:
    """A row of the manifest: `target` is the index of its class, `um_per_px` None where it is not known."""

    file: Path
    target: int
    set: str
    group: str
    um_per_px: float | None


@dataclass(frozen=True, slots=True)
class Foreign:
    """A pack's answers to a folder of foreign images: all of N rows in the manifest's order."""

    given: Answers
    sets: npt.NDArray[np.str_]
    targets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]

    def part(self, rows: npt.NDArray[np.generic]) -> Foreign:
        return Foreign(self.given[rows], self.sets[rows], self.targets[rows], self.groups[rows])


def read_external(folder: Path, class_ids: Sequence[str]) -> list[ForeignImage]:
    """The rows of a folder's `manifest.csv` (path,label,set,group,um_per_px), checked; no pixels are read.

    Raises:
        DataProblem: something about the manifest does not hold; `listed` names the rows by their path.
    """
    rows = _manifest_rows(folder)
    targets = [_target(row["label"], class_ids) for row in rows]
    scales = [_scale(row.get("um_per_px") or "") for row in rows]
    files = [folder / row["path"] for row in rows]

    def refuse_if(wrong: Sequence[bool], what: str) -> None:
        listed = [row["path"] for row, bad in zip(rows, wrong, strict=True) if bad]
        if listed:
            raise DataProblem(f"{len(listed)} rows of the external manifest.csv {what}.", listed=listed)

    unknown = sorted({row["label"] for row, t in zip(rows, targets, strict=True) if t is None})
    refuse_if(
        [t is None for t in targets],
        f"have a label that is not a class of this model ({', '.join(map(repr, unknown[:5]))})",
    )
    refuse_if(
        [s is not None and not (math.isfinite(s) and s > 0) for s in scales],
        "have no number above 0 as um_per_px, such as 0.5",
    )
    refuse_if([not file.is_file() for file in files], "name a file that is not there")
    return [
        ForeignImage(file, target, row["set"], row["group"], scale)
        for file, target, row, scale in zip(files, targets, rows, scales, strict=True)
        if target is not None
    ]


def check_elsewhere(
    external: Path | None, strange: Mapping[str, Path], class_ids: Sequence[str], run: RunFolder
) -> None:
    """Whether images from elsewhere can be evaluated on, before the hours that come first.

    Raises:
        DataProblem: they cannot; the rows meant are written into the run folder (external.csv).
    """
    try:
        if external:
            read_external(external, class_ids)
    except DataProblem as problem:
        if problem.listed:
            run.write_list("external.csv", problem.listed)
        raise
    for name, folder in strange.items():
        if not image_files(folder):
            raise DataProblem(f"The set {name!r} holds no images.")


def external_records(judge: Judge, folder: Path, ctx: JobContext) -> list[Record]:
    """`class_records` of a folder with `manifest.csv`.

    Raises:
        DataProblem: the manifest or an image cannot be used.
    """
    return class_records(judge_external(judge, folder, ctx), judge.spec.class_ids)


def judge_external(judge: Judge, folder: Path, ctx: JobContext) -> Foreign:
    """The pack's answers to every row of a folder's `manifest.csv`.

    Raises:
        DataProblem: the manifest or an image cannot be used.
    """
    rows = read_external(folder, judge.spec.class_ids)

    def pictures() -> Iterator[tuple[RGB, float | None]]:
        for row in rows:
            yield _pixels(row), row.um_per_px

    given = judge.images(pictures(), len(rows), ctx, "Other laboratories")
    return Foreign(
        given,
        np.array([row.set for row in rows]),
        np.array([row.target for row in rows], np.int64),
        np.array([row.group for row in rows]),
    )


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


def _manifest_rows(folder: Path) -> list[dict[str, str]]:
    """Rows with every cell that is needed."""
    try:
        with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataProblem(
            "The external data has no manifest.csv (path,label,set,group,um_per_px) in UTF-8."
        ) from error
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise DataProblem(f"The external manifest.csv lacks the column {', '.join(missing)}.")
    if not rows:
        raise DataProblem("The external manifest.csv names no images.")
    empty = [row["path"] or "" for row in rows if not all(row[column] for column in COLUMNS)]
    if empty:
        raise DataProblem(f"{len(empty)} rows of the external manifest.csv have an empty cell.", listed=empty)
    return rows


def _target(label: str, class_ids: Sequence[str]) -> int | None:
    known = KNOWN_LABELS[label].id if label in KNOWN_LABELS else label
    return class_ids.index(known) if known in class_ids else None


def _scale(cell: str) -> float | None:
    """µm per pixel; None where the cell is empty, not-a-number where it is no number."""
    try:
        return float(cell) if cell else None
    except ValueError:
        return math.nan


def _pixels(row: ForeignImage) -> RGB:
    try:
        return decode(row.file.read_bytes())
    except (OSError, DataProblem) as error:
        why = error.message if isinstance(error, DataProblem) else "cannot be read"
        raise DataProblem(f"An image of the external data cannot be used: {why}.") from error


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

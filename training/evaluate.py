"""How well a pack does: at home on the test groups, elsewhere per set, and on what is not lung at all."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.classes import KNOWN_LABELS
from training.data import SUFFIXES, Dataset, Sample, decode
from training.errors import DataProblem
from training.judge import Answers, Judge
from training.metrics import bootstrap, confusion, measure
from training.trust_fit import far_auroc

Record = dict[str, Any]


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
        "refused_for": _reasons(given),
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


def _reasons(given: Answers) -> dict[str, int]:
    refused = given.reason[given.is_status(Status.REFUSED)]
    names, counts = np.unique(refused, return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}


# --- other laboratories ------------------------------------------------------------------------------


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
        "refused_for": _reasons(given),
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


# --- what is not lung --------------------------------------------------------------------------------


def image_files(folder: Path) -> list[Path]:
    """Image files below a folder, by name ending, in order."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)


def strange_record(
    judge: Judge, name: str, pictures: Sequence[RGB], home_scores: npt.NDArray[np.float64], ctx: JobContext
) -> Record:
    """How a set that the model must not answer is scored and treated, against the home test images."""
    given = judge.images(((p, None) for p in pictures), len(pictures), ctx, f"Not lung: {name}")
    calls = given.is_status(Status.OK)
    return {
        "set": name,
        "images": len(pictures),
        "auroc": None if np.isnan(given.trust_score).any() else far_auroc(home_scores, given.trust_score),
        "refused": float(given.is_status(Status.REFUSED).mean()),
        "review": float(given.is_status(Status.REVIEW).mean()),
        "ok": float(calls.mean()),
        "refused_for": _reasons(given),
    }


def read_strange_sets(folders: Mapping[str, Path], limit: int = 120) -> dict[str, list[RGB]]:
    """Up to `limit` pictures of each folder, evenly spread over its files."""
    sets = {}
    for name, folder in folders.items():
        files = image_files(folder)
        if not files:
            raise DataProblem(f"The set {name!r} holds no images.")
        chosen = [files[i] for i in np.linspace(0, len(files) - 1, min(limit, len(files))).astype(int)]
        sets[name] = [decode(f.read_bytes()) for f in chosen]
    return sets


def synthetic_glass(size: int, count: int = 40, seed: int = 1) -> list[RGB]:
    """Empty glass as cameras see it: white to beige, a gentle gradient, sensor noise, a few specks."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    pictures = []
    for _ in range(count):
        tint = np.array([244, 241, 238]) - random.uniform(0, 14, 3)
        slope = random.uniform(-6, 6, 2)
        plane = tint + (slope[0] * x + slope[1] * y)[..., None] + random.normal(0, 1.5, (size, size, 3))
        for _ in range(int(random.integers(0, 5))):
            cy, cx = random.integers(4, size - 4, 2)
            plane[cy - 2 : cy + 2, cx - 2 : cx + 2] -= random.uniform(10, 60)
        pictures.append(np.clip(plane, 0, 255).astype(np.uint8))
    return pictures

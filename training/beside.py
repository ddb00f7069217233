"""Two packs on the same test images: the new one, and the one that it may take the place of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.packs.loading import LoadedPack
from training.data import Dataset
from training.evaluate import Side, calls_record, judge_samples
from training.judge import Answers, judge_of
from training.metrics import figures, group_count, measure, with_interval
from training.notes import Note

Record = dict[str, Any]

SEEN_NOTE = (
    "The pack it is compared with was trained on this folder with another split: it has seen some of the "
    "test images, and its figures are too good."
)
FIGURES = ("accuracy", "balanced_accuracy")


def beside_record(
    other: LoadedPack, spec: ModelSpec, side: Side, dataset: Dataset, ctx: JobContext
) -> Record:
    """What `other` ("before") and the pack of `spec` ("after") say about the same images.

    Only images of the classes that both know count (`classes`), and of both answers only the probabilities
    of these, scaled to sum 1. `difference` is after less before, image by image, with intervals over groups.
    With fewer than two classes in common there is nothing to compare: before, after and difference are None.

    Args:
        side: the new pack's answers to its test images, and the truth in its class order.
    """
    common = [c for c in spec.class_ids if c in other.spec.class_ids]
    record: Record = {
        "pack": {
            "id": other.spec.id,
            "version": other.spec.version,
            "title": other.spec.title,
            "sha256": other.sha256,
        },
        "classes": common,
        "left_out": [c for c in (*spec.class_ids, *other.spec.class_ids) if c not in common],
        "has_seen_images": _has_seen(other.spec, spec),
        "before": None,
        "after": None,
        "difference": None,
    }
    rows = np.flatnonzero(np.isin(side.targets, [spec.class_ids.index(c) for c in common]))
    if len(common) < 2 or not len(rows):
        return record
    samples = [side.samples[i] for i in rows]
    if record["has_seen_images"]:
        ctx.partial(Note(SEEN_NOTE, "warning"))
    said = judge_samples(judge_of(other), dataset, samples, ctx, f"{other.name} on the test images")
    before = _narrowed(said, other.spec.class_ids, common)
    after = _narrowed(side.given[rows], spec.class_ids, common)
    targets = np.array([common.index(spec.class_ids[t]) for t in side.targets[rows]], np.int64)
    groups = side.groups[rows]

    def difference(chosen: npt.NDArray[np.intp]) -> dict[str, float | None]:
        new, old = (figures(a.probabilities[chosen], targets[chosen], common) for a in (after, before))
        return {name: (new[name] or 0.0) - (old[name] or 0.0) for name in FIGURES}

    differences = with_interval(groups, difference, side.split_unit)
    return {
        **record,
        "before": _figures(before, targets, groups, common, side.split_unit),
        "after": _figures(after, targets, groups, common, side.split_unit),
        "difference": {name: asdict(measured) for name, measured in differences.items()},
    }


def _has_seen(other: ModelSpec, spec: ModelSpec) -> bool:
    one, two = other.provenance, spec.provenance
    same_split = (one.seed, one.split_unit) == (two.seed, two.split_unit)
    return one.manifest_sha256 == two.manifest_sha256 and not same_split


def _narrowed(given: Answers, class_ids: Sequence[str], common: Sequence[str]) -> Answers:
    kept = given.probabilities[:, [class_ids.index(c) for c in common]]
    if len(common) < len(class_ids):
        kept = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-300)
    return replace(given, probabilities=kept)


def _figures(
    given: Answers,
    targets: npt.NDArray[np.int64],
    groups: npt.NDArray[np.str_],
    classes: Sequence[str],
    split_unit: str,
) -> Record:
    measured = measure(given.probabilities, targets, groups, classes, split_unit)
    return {
        "images": len(targets),
        "groups": group_count(groups),
        "split_unit": split_unit,
        "classes": list(classes),
        "figures": {name: asdict(m) for name, m in measured.items()},
        "calls": calls_record(given, targets, groups, split_unit),
    }

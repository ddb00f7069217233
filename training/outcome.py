"""What the event `done` tells a window: of each result, what a page about it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from training.gate import MISSING, PASS

if TYPE_CHECKING:
    from training.recalibrate import Recalibrated
    from training.request import FitResult

Record = Mapping[str, Any]

_FIGURES = ("accuracy", "balanced_accuracy", "ece", "auc_macro")


def key_figures(record: Record | None) -> dict[str, Any] | None:
    """Of the record of one side (`evaluate.home_record`): images, groups, split_unit; accuracy,
    balanced_accuracy, ece, auc_macro; coverage, selective_accuracy, refused; recall by class id. Every figure
    with value, low, high (None: no interval), images, groups and split_unit."""
    if record is None:
        return None
    figures = record["figures"]
    return {
        **{name: record[name] for name in ("images", "groups", "split_unit")},
        **{name: figures[name] for name in _FIGURES},
        **record["calls"],
        "recall": {c: figures[f"recall_{c}"] for c in record["classes"]},
    }


def fit_outcome(result: FitResult) -> dict[str, Any]:
    """Of a new pack: where it is, what it is, how it does, and the pack beside it."""
    spec, metrics = result.spec, result.metrics
    verdicts = [row["verdict"] for row in metrics["gate"]["rows"]]
    return {
        "pack": str(result.pack),
        "id": spec.id,
        "version": spec.version,
        "title": spec.title,
        "validated": spec.validated,
        "classes": [{"id": c.id, "label": c.label} for c in spec.classes],
        "sides": metrics["split"]["sides"],
        "test": key_figures(metrics["test"]),
        "comparison": _beside(metrics),
        "gate": {
            "passes": metrics["gate"]["passes"],
            "rows": len(verdicts),
            "passed": verdicts.count(PASS),
            "not_measured": verdicts.count(MISSING),
        },
        "temperature": spec.calibration.temperature,
        "review_below": spec.trust.review_below,
        "notes": list(metrics["notes"]),
    }


def comparison(parent: Record, before: Record | None, after: Record) -> dict[str, Any]:
    """Two packs on the same images, row by row (training/progress.py); `before` None: not measured."""
    keys: list[tuple[str, str | None]] = [("accuracy", None)]
    keys += [("recall", c) for c in after["classes"]]
    keys += [("ece", None), ("coverage", None), ("selective_accuracy", None)]
    rows = [
        {"key": key, "class": c, "parent": _figure(before, key, c), "new": _figure(after, key, c)}
        for key, c in keys
    ]
    return {
        "parent": {name: parent[name] for name in ("id", "version", "title")},
        "test": {name: after[name] for name in ("images", "groups", "split_unit")},
        "rows": rows,
    }


def _figure(record: Record | None, key: str, class_id: str | None) -> Any:
    if record is None:
        return None
    figures = {**record["figures"], **record["calls"]}
    return figures[key if class_id is None else f"{key}_{class_id}"]


def _beside(metrics: Record) -> dict[str, Any] | None:
    """The comparison with the pack beside a new one; which classes both know, how the accuracies differ."""
    record = metrics.get("beside")
    if record is None:
        return None
    compared = comparison(record["pack"], record["before"], record["after"] or metrics["test"])
    return compared | {k: record[k] for k in ("classes", "left_out", "has_seen_images", "difference")}


def calibrate_outcome(done: Recalibrated) -> dict[str, Any]:
    """Of a recalibrated pack: where it is, and the held-out figures of both versions."""
    spec, record = done.spec, done.record
    return {
        "pack": str(done.pack),
        "id": spec.id,
        "version": spec.version,
        "own_training_folder": record["own_training_folder"],
        "test": key_figures(record["after"]),
        "comparison": comparison(
            {"id": spec.id, "version": record["from_version"], "title": spec.title},
            record["before"],
            record["after"],
        ),
        "temperature": spec.calibration.temperature,
        "review_below": spec.trust.review_below,
    }


def evaluate_outcome(metrics: Record) -> dict[str, Any]:
    """Of a measurement (`training.measure_pack.measure_pack`): the pack, its figures at home (None when only
    foreign sets were given) and those of every foreign set."""
    return {
        "pack": metrics["pack"],
        "own_folder": metrics.get("own_folder"),
        "home": key_figures(metrics.get("home")),
        "external_sets": metrics.get("external_sets", []),
    }


def audit_outcome(record: Record) -> dict[str, Any]:
    """Of an audit: counts and findings; the rest is in audit.json."""
    near = record["near"]["either"]
    return {
        **{name: record[name] for name in ("data", "files", "classes", "split", "findings")},
        "mixed_groups": len(record["mixed_groups"]),
        "exact": record["exact"],
        "near": {name: near[name] for name in ("pairs", "between_groups", "between_classes")},
        "checks": record["checks"]["per_class"],
        "groups_if_merged": record["groups_if_merged"],
    }

"""The cross-validation of a recipe, as a card tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lungviewer.core.model import ModelSpec
from training.markdown import interval, table

Record = Mapping[str, Any]

_OVERALL = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "auc_macro": "AUC, mean over the classes",
}
_BY_CLASS = {"recall": "Recall", "precision": "Precision", "f1": "F1", "auc": "AUC"}


def cross_validation_section(spec: ModelSpec, record: Record | None) -> str:
    """A table by split unit, and what it rests on; nothing when there was none."""
    if not record:
        return ""
    names = dict(_OVERALL)
    for c in spec.classes:
        names |= {f"{name}_{c.id}": f"{label}: {c.label}" for name, label in _BY_CLASS.items()}
    units = record["units"]
    rows = [
        [label, *(_cell(found["figures"][name]) for found in units.values())] for name, label in names.items()
    ]
    first = next(iter(units.values()))["figures"]["accuracy"]
    return (
        f"\n\nThe same recipe in {record['folds']} folds, so that each of the {first['images']} images of "
        f"{first['groups']} groups is tested once, by a network that was trained on {record['folds'] - 2} "
        "other folds (one run each, all answers, before refusal). **These are the figures to quote by**: the "
        "test side above is a few groups. Split by image, neighbours of what is tested were trained on, and "
        "the column shows only what that is worth.\n\n"
        + table(["figure (%)", *(f"split by {unit}" for unit in units)], rows)
    )


def _cell(measured: Record) -> str:
    if measured["value"] is None:
        return "–"
    return f"{100 * measured['value']:.1f} ({interval(measured['low'], measured['high'])})"

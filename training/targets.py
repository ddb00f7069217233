"""What a pack aimed at, besides the gate of all packs: named in its about file, reached or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from training.gate import MISSING, Row, at_least, at_most

Record = Mapping[str, Any]


def target_rows(metrics: Record) -> list[Row]:
    """A row per target and, where it holds for every foreign set, per set.

    `metrics["aims"]["targets"]` are limits by name (`TARGETS`); keys of `external_recall` are class ids.
    """
    aims = (metrics.get("aims") or {}).get("targets") or {}
    rows: list[Row] = []
    for name, limit in aims.items():
        found = list(TARGETS[name](metrics, limit)) if metrics.get(NEEDS[name]) else []
        rows += found or [Row(name, name.replace("_", " "), _wanted(name, limit), "–", MISSING)]
    return rows


def _wanted(name: str, limit: Any) -> str:
    return f"{'≤' if name in AT_MOST else '≥'} {limit if isinstance(limit, int | float) else 'per class'}"


def _home(name: str, row_of: Callable[..., Row]) -> Callable[[Record, float], Iterator[Row]]:
    def rows(metrics: Record, limit: float) -> Iterator[Row]:
        found = metrics["test"]["figures"][name]
        reached = f"{found['value']:.3f}, {found['images']} images of {found['groups']} groups"
        yield row_of(name, f"{name} at home", limit, found["value"], reached)

    return rows


def _selective(metrics: Record, limit: float) -> Iterator[Row]:
    for r in metrics.get("external_sets") or ():
        value = r["selective_accuracy"]
        reached = "no calls" if value is None else f"{value:.3f} of {r['calls']} calls"
        yield at_least("external_calls", f"{r['set']}: right among calls", limit, value, reached)


def _coverage(metrics: Record, limit: float) -> Iterator[Row]:
    """Where the class is a tumour: refusing normal tissue unlike the training's is no fault."""
    tumours = metrics["aims"]["tumours"]
    for r in metrics.get("external") or ():
        if r["class"] in tumours:
            what = f"{r['set']}: calls on {r['class']}"
            reached = f"{r['coverage']:.3f} of {r['images']} images"
            yield at_least("external_coverage", what, limit, r["coverage"], reached)


def _recall(metrics: Record, limits: Mapping[str, float]) -> Iterator[Row]:
    """The mean over the single runs: one run's figure swings too far to mean anything."""
    runs = metrics.get("seeds") or ()
    for absent in sorted(set(limits) - {r["class"] for r in metrics["external"]}):
        yield Row("external_recall", f"recall of {absent}", f"≥ {limits[absent]:g}", "–", MISSING)
    for r in metrics.get("external") or ():
        if r["class"] not in limits:
            continue
        of_runs = [
            one["recall"]
            for run in runs
            for one in run["external"]
            if (one["set"], one["class"]) == (r["set"], r["class"])
        ]
        value = float(np.mean(of_runs)) if of_runs else r["recall"]
        single = f" (single runs {min(of_runs):.3f} to {max(of_runs):.3f})" if of_runs else ""
        what = f"{r['set']}: recall of {r['class']}" + (f", mean of {len(of_runs)} runs" if of_runs else "")
        reached = f"{value:.3f}{single}; the pack {r['recall']:.3f} of {r['images']} images"
        yield at_least("external_recall", what, limits[r["class"]], value, reached)


def _far(metrics: Record, limit: float) -> Iterator[Row]:
    for r in metrics.get("strange") or ():
        if r["kind"] == "far":
            value = r["auroc_with_checks"]
            reached = "–" if value is None else f"{value:.3f}"
            yield at_least("far", f"not lung: {r['set']} (AUROC)", limit, value, reached)


def _damage(metrics: Record, limit: float) -> Iterator[Row]:
    if metrics.get("robustness"):
        value = metrics["robustness"]["mean_drop"]["3"]
        yield at_most("severity_3", "damage of severity 3: accuracy lost", limit, value, f"{value:.3f}")


TARGETS: dict[str, Callable[[Record, Any], Iterator[Row]]] = {
    "accuracy": _home("accuracy", at_least),
    "ece": _home("ece", at_most),
    "external_calls": _selective,
    "external_coverage": _coverage,
    "external_recall": _recall,
    "far": _far,
    "severity_3": _damage,
}
"""By name in an about file's `targets`: what is measured, and which way the limit goes."""

NEEDS = {
    "accuracy": "test",
    "ece": "test",
    "external_calls": "external_sets",
    "external_coverage": "external",
    "external_recall": "external",
    "far": "strange",
    "severity_3": "robustness",
}
"""The record that a target is judged by; without it the target was not measured."""
AT_MOST = ("ece", "severity_3")

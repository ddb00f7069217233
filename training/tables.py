"""Figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def external_table(records: Sequence[dict[str, Any]]) -> str:
    """One line per set and class, and below it one per group when there are few."""
    lines = [
        f"{'set':<22}{'truth':<26}{'images':>7}{'groups':>7}{'right':>8}{'conf.':>7}"
        f"{'called':>8}{'right of called':>17}{'refused':>9}"
    ]
    for r in records:
        selective = "–" if r["selective_accuracy"] is None else f"{r['selective_accuracy']:.3f}"
        lines.append(
            f"{r['set']:<22}{r['class']:<26}{r['images']:>7}{r['groups']:>7}{r['recall']:>8.3f}"
            f"{r['mean_confidence']:>7.2f}{r['coverage']:>8.3f}{selective:>17}{r['refused']:>9.3f}"
        )
    lines.append("Evaluation only. Few slides a row: rows are not comparable, and never pooled.")
    return "\n".join(lines)


def home_table(record: dict[str, Any]) -> str:
    """Every figure of one side with its interval, and what it rests on."""
    lines = [
        f"{record['images']} images of {record['groups']} groups, split unit: {record['split_unit']}; "
        "95 % intervals over groups"
    ]
    for name, measured in (*record["figures"].items(), *record["calls"].items()):
        value = "–" if measured["value"] is None else f"{measured['value']:.4f}"
        low, high = measured["low"], measured["high"]
        span = "no interval" if low is None or high is None else f"{low:.4f} to {high:.4f}"
        lines.append(f"{name:<40}{value:>8}   {span}")
    return "\n".join(lines)

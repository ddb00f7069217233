"""What damaged pictures cost: the same images clean and in nine kinds of damage, five severities each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.damage import SEVERITIES, corrupt, kinds_for
from training.judge import Answers, Judge
from training.metrics import Targets, bootstrap, few_of_each_group, group_count

Record = dict[str, Any]

PER_GROUP, MOST = 2, 400
"""Of the images given, up to 2 a group are damaged (copies of one original say little more), and never
more than 400: 46 runs over them take about a minute on two cores."""

SEED = 0


def corruption_record(
    judge: Judge,
    fields: npt.NDArray[np.uint8],
    targets: Targets,
    groups: npt.NDArray[np.str_],
    split_unit: str,
    ctx: JobContext,
) -> Record:
    """Accuracy before refusal, refusals and calls for every kind and severity (training/damage.py).

    `drop` is the loss of accuracy as a fraction, against the same images undamaged; `mean_drop` is its mean
    over the kinds at one severity. Intervals (95 %) are over groups.

    Args:
        fields: N×S×S×3 uint8 RGB at the model's input size; `PER_GROUP` and `MOST` say which are taken.
        targets, groups: N of each, in the pack's class order.
    """
    rows = few_of_each_group(groups, PER_GROUP, MOST)
    fields, targets, groups = fields[rows], targets[rows], groups[rows]
    modality = judge.spec.modality
    conditions = [(kind, severity) for kind in kinds_for(modality) for severity in SEVERITIES]
    clean = judge.fields_at_once(fields)
    damaged: list[Answers] = []
    for kind, severity in conditions:
        ctx.check()
        damaged.append(judge.fields_at_once(corrupt(kind, severity, fields, SEED, modality)))
        ctx.progress(len(damaged), len(conditions), "Damaged pictures")
    lost = (clean.predicted == targets).astype(np.float64) - np.stack(
        [given.predicted == targets for given in damaged]
    )
    intervals = _intervals(lost, [severity for _, severity in conditions], groups)
    kinds: dict[str, list[Record]] = {}
    for place, (kind, severity) in enumerate(conditions):
        row = {"severity": severity, **_figures(damaged[place], targets), "drop": float(lost[place].mean())}
        kinds.setdefault(kind, []).append({**row, "drop_interval": intervals[f"condition {place}"]})
    return {
        "clean": _figures(clean, targets),
        "kinds": kinds,
        "mean_drop": {str(s): float(np.mean([k[s - 1]["drop"] for k in kinds.values()])) for s in SEVERITIES},
        "mean_drop_interval": {str(s): intervals[f"severity {s}"] for s in SEVERITIES},
        "images": len(targets),
        "groups": group_count(groups),
        "split_unit": split_unit,
        "chosen": f"up to {PER_GROUP} images of each group, at most {MOST}",
    }


def _figures(given: Answers, targets: Targets) -> Record:
    ok, right = given.is_status(Status.OK), given.predicted == targets
    return {
        "accuracy": float(right.mean()),
        "refused": float(given.is_status(Status.REFUSED).mean()),
        "coverage": float(ok.mean()),
        "selective_accuracy": float(right[ok].mean()) if ok.any() else None,
    }


def _intervals(
    lost: npt.NDArray[np.float64], severities: list[int], groups: npt.NDArray[np.str_]
) -> dict[str, tuple[float, float] | None]:
    """Of every condition's loss, and of the mean over the kinds at each severity. `lost` is conditions×N."""
    at = {s: np.array(severities) == s for s in SEVERITIES}

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        drops = lost[:, rows].mean(axis=1)
        found: dict[str, float | None] = {f"condition {i}": float(drop) for i, drop in enumerate(drops)}
        return found | {f"severity {s}": float(drops[here].mean()) for s, here in at.items()}

    return bootstrap(groups, statistic)

"""Whether an answer depends on how a tile happens to lie: it has no up and no left. A body on a table has
both, and is mirrored and leaned a little instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from training.judge import Judge
from training.metrics import bootstrap, group_count
from training.views import BY_MODALITY, view


def stability_record(
    judge: Judge,
    fields: npt.NDArray[np.uint8],
    groups: npt.NDArray[np.str_],
    split_unit: str,
    ctx: JobContext,
) -> dict[str, Any]:
    """How often the class (largest probability, before refusal) changes when a field is turned or mirrored.

    `changed_share` counts images that change in any of the views, `per_view_share` is the mean over
    the views: the chance that one turn changes one answer. Intervals (95 %) are over groups.

    Args:
        fields: N×S×S×3 uint8 RGB at the model's input size; all are used.
        groups: N names.
    """
    names = [name for name in BY_MODALITY[judge.spec.modality] if name != "original"]
    before = judge.fields_at_once(fields).predicted
    changed = np.zeros((len(names), len(fields)), bool)
    for i, name in enumerate(names):
        ctx.check()
        changed[i] = judge.fields_at_once(view(name, fields)).predicted != before
        ctx.progress(i + 1, len(names), "Turned and mirrored")
    ever = changed.any(axis=0)
    intervals = bootstrap(
        groups, lambda rows: {"ever": float(ever[rows].mean()), "each": float(changed[:, rows].mean())}
    )
    return {
        "changed_share": float(ever.mean()),
        "changed_interval": intervals["ever"],
        "per_view_share": float(changed.mean()),
        "per_view_interval": intervals["each"],
        "views": {name: float(row.mean()) for name, row in zip(names, changed, strict=True)},
        "images": len(fields),
        "groups": group_count(groups),
        "split_unit": split_unit,
    }

"""What a pack's home images show beyond accuracy: damage, turning, and what the heat map is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from training.data import Dataset, batches
from training.evaluate import Side
from training.explain_checks import explanation_record
from training.judge import Judge
from training.metrics import Targets, few_of_each_group
from training.randomise import randomise
from training.robustness import MOST, PER_GROUP, corruption_record
from training.runtime import OnnxModel
from training.stability import stability_record

LOADED_PER_GROUP, MOST_LOADED = 10, 1000
"""Fields held in memory for the checks: 150 MB at 224 pixels."""


def home_checks(
    judge: Judge,
    graph: bytes,
    fields: npt.NDArray[np.uint8],
    targets: Targets,
    groups: npt.NDArray[np.str_],
    split_unit: str,
    ctx: JobContext,
    robust: bool = True,
    explain: bool = True,
) -> dict[str, Any]:
    """The records "robustness" and "stability" (`robust`) and "explanation" (`explain`), by name.

    Args:
        graph: the pack's model.onnx, for the network with random weights.
        fields: N×S×S×3 uint8 RGB of held-out images (`checked_fields` reads some).
        targets, groups: N of each, in the pack's class order.
    """
    found: dict[str, Any] = {}
    if robust:
        found["robustness"] = corruption_record(judge, fields, targets, groups, split_unit, ctx)
        found["stability"] = stability_record(judge, fields, groups, split_unit, ctx)
    if explain:
        rows = few_of_each_group(groups, PER_GROUP, MOST)
        other = OnnxModel(randomise(graph))
        found["explanation"] = explanation_record(judge, other, fields[rows], ctx, groups[rows], split_unit)
    return found


def checked_fields(
    dataset: Dataset, side: Side, size: int, ctx: JobContext
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Fields n×S×S×3 of up to 1,000 images, ten a group, and their rows in `side`."""
    rows = few_of_each_group(side.groups, LOADED_PER_GROUP, MOST_LOADED)
    samples = [side.samples[i] for i in rows]
    fields = np.empty((len(rows), size, size, 3), np.uint8)
    for part, pixels in batches(dataset, samples, size, ctx=ctx, text="Images for the checks"):
        fields[part] = pixels
    return fields, rows

"""Quantise a model and compare the two: what `fit --int8` and `quantize` share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from training.data import Dataset, batches
from training.int8 import quantise
from training.int8_check import int8_record
from training.judge import Judge
from training.metrics import Targets, evenly
from training.runtime import OnnxModel
from training.split import Split

CALIBRATION_IMAGES = 64
"""Training images that ranges are taken from. Twice as many changed nothing."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """`shipped`: the eight-bit graph, or None when it is not as good; `record` says why."""

    shipped: bytes | None
    record: Record


def make_int8(
    judge: Judge,
    graph: bytes,
    dataset: Dataset,
    split: Split,
    fields: npt.NDArray[np.uint8],
    targets: Targets,
    groups: npt.NDArray[np.str_],
    ctx: JobContext,
) -> Compared:
    """Ranges come from training images, the comparison from the held-out fields; by these nothing is chosen
    but whether the model is shipped.

    Args:
        judge: the float model with its rules; `graph` its bytes.
        fields: N×S×S×3 uint8 RGB of test images; targets, groups: N of each.

    Raises:
        NotQuantisable: the network is too small.
    """
    rows = evenly(split.rows("train"), CALIBRATION_IMAGES)
    images = pixels_of(dataset, rows, judge.spec.input.size, ctx, "Images for the ranges")
    ctx.progress(0, 1, "Quantising")
    rounded = quantise(graph, images)
    ctx.progress(1, 1, "Quantising")
    # One thread each, as the viewer runs them.
    again = judge.spec.input.again_below
    one, other = (replace(judge, model=OnnxModel(content, 1, again)) for content in (graph, rounded))
    record = int8_record(one, other, fields, targets, groups, split.unit, ctx)
    return Compared(rounded if record["shipped"] else None, record)


def pixels_of(
    dataset: Dataset, rows: npt.NDArray[np.intp], size: int, ctx: JobContext, text: str
) -> npt.NDArray[np.uint8]:
    """Pixels n×size×size×3 of some images."""
    samples = [dataset.samples[i] for i in rows]
    return np.concatenate([pixels for _, pixels in batches(dataset, samples, size, ctx=ctx, text=text)])

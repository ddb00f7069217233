"""Whether an eight-bit model may stand beside the one it was made from, and what it gains."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.trust import check_field, judge_fields
from lungviewer.core.types import Status
from training.judge import BATCH, Answers, Judge, answers
from training.metrics import Targets, bootstrap
from training.speed import speed_ratio

MOST_FALL_POINTS = 0.3
LEAST_MAP_CORRELATION = 0.95
TIMED_IMAGES = 16

Record = dict[str, Any]


def int8_record(
    judge_fp32: Judge,
    judge_int8: Judge,
    fields: npt.NDArray[np.uint8],
    targets: Targets,
    groups: npt.NDArray[np.str_],
    split_unit: str,
    ctx: JobContext | None = None,
) -> Record:
    """Both models on the same labelled fields, and their speed.

    `fall_points` is what accuracy before refusal loses, in percentage points (positive is worse), with its
    95 % interval over groups. `map_correlation` is the mean over images of Pearson's correlation between
    the maps of the class that the float model calls; images for which both maps are flat are left out.
    `agreement` is the share of images of the same class, `status_agreement` that of the same of ok, review
    and refused, by the thresholds of the float model; `refused_…` is the share that each refuses.
    `speed_ratio` is how many times faster eight bits are on this machine's processor, to one decimal.

    Args:
        fields: N×S×S×3 uint8 RGB at the model's input size.
        targets, groups: N of each, in the pack's class order.
    """
    ctx = ctx or NullContext()
    plain, maps = _answers(judge_fp32, fields, ctx, "In float")
    rounded, other_maps = _answers(judge_int8, fields, ctx, "In eight bits")
    lost = (plain.predicted == targets).astype(np.float64) - (rounded.predicted == targets)
    called = np.arange(len(fields)), plain.predicted
    correlations = map_correlations(maps[called], other_maps[called])
    fall = float(lost.mean()) * 100
    same = float(correlations.mean()) if len(correlations) else 0.0
    speed = speed_ratio(judge_fp32.model, judge_int8.model, fields[:TIMED_IMAGES], ctx)
    return {
        "accuracy_fp32": float((plain.predicted == targets).mean()),
        "accuracy_int8": float((rounded.predicted == targets).mean()),
        "fall_points": fall,
        "fall_interval": bootstrap(groups, lambda rows: {"fall": float(lost[rows].mean()) * 100})["fall"],
        "map_correlation": same,
        "maps": len(correlations),
        "agreement": float((plain.predicted == rounded.predicted).mean()),
        "status_agreement": float((plain.status == rounded.status).mean()),
        "refused_fp32": float(plain.is_status(Status.REFUSED).mean()),
        "refused_int8": float(rounded.is_status(Status.REFUSED).mean()),
        "speed_ratio": round(speed, 1),
        "shipped": fall <= MOST_FALL_POINTS and same >= LEAST_MAP_CORRELATION,
        "bytes": judge_int8.model.size,
        "bytes_fp32": judge_fp32.model.size,
        "images": len(targets),
        "groups": len(np.unique(groups)),
        "split_unit": split_unit,
    }


def _answers(
    judge: Judge, fields: npt.NDArray[np.uint8], ctx: JobContext, text: str
) -> tuple[Answers, FloatArray]:
    """The judged answers and the maps N×C×h×w, from one run."""
    limits, modality = judge.spec.trust.checks, judge.spec.modality
    found, maps = [], []
    for start in range(0, len(fields), BATCH):
        ctx.check()
        part = fields[start : start + BATCH]
        raw = judge.model.predict(part)
        failed = [check_field(field, limits, modality) for field in part]
        found += judge_fields(raw, failed, judge.spec, judge.outlier)
        maps.append(raw.cam)
        ctx.progress(len(found), len(fields), text)
    return answers(found, judge.spec.class_ids), np.concatenate(maps)


def map_correlations(one: FloatArray, other: FloatArray) -> npt.NDArray[np.float64]:
    """Pearson's correlation of each pair of maps n×h×w; 0 where only one is flat, none where both are."""
    a, b = (m.reshape(len(m), -1).astype(np.float64) for m in (one, other))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    squares = (a**2).sum(axis=1), (b**2).sum(axis=1)
    drawn = (squares[0] > 0) | (squares[1] > 0)
    size = np.sqrt(squares[0] * squares[1])[drawn]
    return np.asarray((a * b).sum(axis=1)[drawn] / np.where(size > 0, size, 1.0))

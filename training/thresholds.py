"""From a trained network to the numbers a pack states: temperature, strangeness, thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.trust import calibrated_probabilities, outlier_model
from training.architectures.model import ArchitectureModel
from training.calibrate import choose_review, fit_calibration
from training.data import Dataset
from training.features import embedder_of
from training.pack import with_thresholds
from training.split import Split
from training.strange import STRANGE, make_strange
from training.tensorflow_gate import require_tensorflow
from training.trust_fit import TrustFit, fit_trust

STRANGE_FROM = 120
"""Validation images that are altered, evenly spread."""


def fit_thresholds(
    network: ArchitectureModel,
    dataset: Dataset,
    split: Split,
    embedding: FloatArray,
    failed_checks: Sequence[str],
    draft: ModelSpec,
    ctx: JobContext,
) -> tuple[ModelSpec, TrustFit, dict[str, Any]]:
    """Fit everything on validation groups (trust statistics on training groups).

    Args:
        embedding: of all samples, N×D.
        failed_checks: per sample, the image check that it fails or "".

    Returns:
        The statement with its thresholds, the trust statistics, and the record of the review choice.
    """
    tf, _ = require_tensorflow()
    train, held = split.rows("train"), split.rows("validation")
    targets, groups = dataset.targets, dataset.groups
    logits = np.asarray(network.head(tf.constant(embedding[held]), training=False))
    fitted_on = f"{len(held)} validation images of {len(set(groups[held]))} groups"
    calibration = fit_calibration(logits, targets[held], fitted_on)
    strange = _strange_embeddings(network, dataset, split, ctx)
    trust = fit_trust(
        embedding[train], targets[train], groups[train], embedding[held], strange, len(dataset.classes)
    )
    model = outlier_model(trust.method, trust.arrays)
    assert model is not None  # only the method "none" has no model
    seen = model.score(embedding[held]) <= trust.refuse_above
    seen &= np.array([not failed_checks[i] for i in held])
    probabilities = calibrated_probabilities(logits, calibration.temperature)
    right = probabilities.argmax(axis=1) == targets[held]
    review = choose_review(probabilities.max(axis=1)[seen], right[seen])
    rates = {
        "validation_refused": round(trust.refused["validation"], 6),
        "validation_coverage": round(review.coverage, 6),
        "validation_selective_error": round(review.selective_error, 6),
        "validation_error": round(review.plain_error, 6),
    }
    spec = with_thresholds(draft, calibration, trust.method, trust.refuse_above, review.review_below, rates)
    return spec, trust, asdict(review)


def _strange_embeddings(
    network: ArchitectureModel, dataset: Dataset, split: Split, ctx: JobContext
) -> dict[str, FloatArray]:
    fields = spread_pixels(dataset, split, network.input_size, STRANGE_FROM)
    embed = embedder_of(network)
    result: dict[str, FloatArray] = {}
    for done, kind in enumerate(STRANGE):
        ctx.check()
        pictures = make_strange(kind, fields, split.seed)
        result[kind] = np.concatenate([embed(pictures[i : i + 32]) for i in range(0, len(pictures), 32)])
        ctx.progress(done + 1, len(STRANGE), "Choosing the strangeness score")
    return result


def spread_pixels(dataset: Dataset, split: Split, size: int, count: int) -> npt.NDArray[np.uint8]:
    """Pixels of up to `count` validation images, evenly spread, n×size×size×3."""
    rows = split.rows("validation")
    chosen = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]
    return np.stack([dataset.pixels(dataset.samples[i], size) for i in chosen])


def trust_record(trust: TrustFit) -> dict[str, Any]:
    """What metrics.json says about the choice of the strangeness score."""
    return {
        "method": trust.method,
        "setting": trust.setting,
        "refuse_above": trust.refuse_above,
        "refused": dict(trust.refused),
        "candidates": [{**asdict(c), "mean_auroc": c.mean} for c in trust.candidates],
    }

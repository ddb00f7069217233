"""Confidences that mean what they say, and below which one an answer is marked for review.

Everything here is fitted on the validation groups; the test groups are not touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.model import CalibrationSpec, ReliabilityBin
from lungviewer.core.trust import calibrated_probabilities
from training.metrics import Targets

# Finer where the answers are: most confidences of a good model lie above 0.9.
BIN_EDGES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)

SELECTIVE_ERROR = 0.02
LEAST_COVERAGE = 0.90


@dataclass(frozen=True, slots=True)
class ReviewChoice:
    """The threshold and, on validation, what it achieves. `target` says which aim was met:
    "error" (2 % and half of the plain error), "either" (one of the two), or "coverage" (neither could be
    met at 90 % coverage; the threshold keeps just that)."""

    review_below: float
    target: str
    coverage: float
    selective_error: float
    plain_error: float


def fit_temperature(logits: FloatArray, targets: Targets) -> float:
    """The temperature of least cross-entropy (Guo et al. 2017, arXiv:1706.04599), within 0.05 to 20.

    Cross-entropy is convex in 1/T, so a golden-section search over log T finds it.
    """

    def loss(log_t: float) -> float:
        chosen = calibrated_probabilities(logits, math.exp(log_t))[np.arange(len(targets)), targets]
        return float(-np.log(np.maximum(chosen, 1e-300)).mean())

    return math.exp(golden_section(loss, math.log(0.05), math.log(20.0)))


def golden_section(
    function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-6
) -> float:
    """Where a function with one valley between `low` and `high` is smallest."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > tolerance:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2


def reliability(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> tuple[ReliabilityBin, ...]:
    """How many answers of each confidence there were and how many were right; empty bins are left out."""
    place = np.clip(np.digitize(confidence, BIN_EDGES) - 1, 0, len(BIN_EDGES) - 2)
    bins = []
    for i in range(len(BIN_EDGES) - 1):
        inside = place == i
        if inside.any():
            bins.append(
                ReliabilityBin(BIN_EDGES[i], BIN_EDGES[i + 1], int(inside.sum()), int(right[inside].sum()))
            )
    return tuple(bins)


def fit_calibration(logits: FloatArray, targets: Targets, fitted_on: str) -> CalibrationSpec:
    """Temperature and reliability bins from validation logits."""
    # The pack states it rounded; everything after uses what the pack states.
    temperature = round(fit_temperature(logits, targets), 4)
    probabilities = calibrated_probabilities(logits, temperature)
    bins = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == targets)
    return CalibrationSpec("temperature", temperature, fitted_on, bins)


def choose_review(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> ReviewChoice:
    """The smallest threshold that meets the error aims at 90 % coverage or more.

    Args:
        confidence, right: of the validation answers that are not refused.
    """
    plain = float(1 - right.mean())
    both, one = min(SELECTIVE_ERROR, plain / 2), max(SELECTIVE_ERROR, plain / 2)
    candidates = [0.0, *np.unique(np.ceil(confidence * 1000) / 1000)]
    for target, aim in (("error", both), ("either", one)):
        for threshold in candidates:
            kept = confidence >= threshold
            if kept.mean() < LEAST_COVERAGE:
                break
            error = float(1 - right[kept].mean())
            if error <= aim + 1e-12:
                return ReviewChoice(float(threshold), target, float(kept.mean()), error, plain)
    threshold = max(t for t in candidates if (confidence >= t).mean() >= LEAST_COVERAGE)
    kept = confidence >= threshold
    return ReviewChoice(
        float(threshold), "coverage", float(kept.mean()), float(1 - right[kept].mean()), plain
    )

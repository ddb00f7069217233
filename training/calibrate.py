"""Confidences that mean what they say.

Everything here is fitted on the validation groups; the test groups are not touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.model import CalibrationSpec, ReliabilityBin
from lungviewer.core.trust import calibrated_probabilities
from training.metrics import Targets, expected_calibration_error, group_rows

# Finer where the answers are: most confidences of a good model lie above 0.9.
BIN_EDGES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)

FOLDS = 5
STANDARD_ERRORS = 2.0
"""By how many standard errors over groups vector scaling must win to be called clearly better."""


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


# --- is one number enough? ---------------------------------------------------------------------------


def fit_vector(logits: FloatArray, targets: Targets) -> tuple[npt.NDArray[np.float64], ...]:
    """Weights and biases (C each) of least cross-entropy of softmax(w·z + b): vector scaling (Guo et al.
    2017, section 4.2)."""
    from scipy.optimize import minimize

    exact, classes = logits.astype(np.float64), logits.shape[1]
    truth = np.eye(classes)[targets]

    def loss(packed: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        chances = calibrated_probabilities(_scaled(exact, packed), 1.0)
        wrong = (chances - truth) / len(targets)
        nats = -np.log(np.maximum((chances * truth).sum(axis=1), 1e-300)).mean()
        return float(nats), np.concatenate([(wrong * exact).sum(axis=0), wrong.sum(axis=0)])

    start = np.concatenate([np.ones(classes), np.zeros(classes)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return found[:classes], found[classes:]


def _scaled(logits: npt.NDArray[np.floating], packed: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    classes = logits.shape[1]
    return np.asarray(logits * packed[:classes] + packed[classes:], np.float64)


def compare_scalings(
    logits: FloatArray, targets: Targets, groups: npt.NDArray[np.str_], seed: int
) -> dict[str, Any] | None:
    """Temperature against vector scaling by cross-validation over groups; None with fewer groups than folds.

    Vector scaling is reported, not used: it moves the classes against each other, so it would change calls
    on the evidence of a few dozen groups, and the map of a class would no longer add up to its logit.
    """
    rows = group_rows(groups)
    if len(rows) < FOLDS:
        return None
    order = np.random.default_rng(seed).permutation(len(rows))
    by_method = {
        "temperature": np.empty_like(logits, np.float64),
        "vector": np.empty_like(logits, np.float64),
    }
    for fold in range(FOLDS):
        held = np.concatenate([rows[i] for i in order[fold::FOLDS]])
        known = np.setdiff1d(np.arange(len(targets)), held)
        temperature = fit_temperature(logits[known], targets[known])
        packed = np.concatenate(fit_vector(logits[known], targets[known]))
        by_method["temperature"][held] = calibrated_probabilities(logits[held], temperature)
        by_method["vector"][held] = calibrated_probabilities(_scaled(logits[held], packed), 1.0)
    nats = {
        name: -np.log(np.maximum(found[np.arange(len(targets)), targets], 1e-300))
        for name, found in by_method.items()
    }
    gain = nats["temperature"] - nats["vector"]
    of_groups = np.array([gain[r].mean() for r in rows])
    error = float(of_groups.std(ddof=1) / math.sqrt(len(rows)))
    return {
        "folds": FOLDS,
        "groups": len(rows),
        **{name: _quality(found, nats[name], targets) for name, found in by_method.items()},
        "gain_of_vector": float(of_groups.mean()),
        "standard_error": error,
        "vector_clearly_better": bool(of_groups.mean() > STANDARD_ERRORS * error),
        "used": "temperature",
    }


def _quality(
    probabilities: npt.NDArray[np.float64], nats: npt.NDArray[np.float64], targets: Targets
) -> dict[str, float]:
    right = probabilities.argmax(axis=1) == targets
    return {
        "cross_entropy": float(nats.mean()),
        "ece": expected_calibration_error(probabilities.max(axis=1), right),
        "accuracy": float(right.mean()),
    }

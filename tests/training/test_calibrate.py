"""Calibration finds what was hidden in known distributions."""

from __future__ import annotations

import numpy as np
import pytest

from lungviewer.core.trust import calibrated_probabilities
from training.calibrate import (
    compare_scalings,
    fit_calibration,
    fit_temperature,
    fit_vector,
    golden_section,
    reliability,
)


def overconfident(temperature: float, n: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose calibrated probabilities are known, multiplied by a temperature."""
    random = np.random.default_rng(3)
    honest = random.normal(0, 2, (n, 3)).astype(np.float32)
    chances = calibrated_probabilities(honest, 1)
    targets = (random.uniform(size=(n, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return honest * np.float32(temperature), targets.astype(np.int64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_hidden_is_found(temperature: float) -> None:
    assert fit_temperature(*overconfident(temperature)) == pytest.approx(temperature, rel=0.06)


def test_golden_section_finds_the_bottom() -> None:
    assert golden_section(lambda x: (x - 0.7) ** 2, -3, 5) == pytest.approx(0.7, abs=1e-5)


def test_reliability_counts_every_answer_once() -> None:
    logits, targets = overconfident(2.0)
    calibration = fit_calibration(logits, targets, "validation groups")
    assert sum(b.n for b in calibration.reliability) == len(targets)
    for one, other in zip(calibration.reliability, calibration.reliability[1:], strict=False):
        assert one.high <= other.low
    big = [b for b in calibration.reliability if b.n > 300]
    assert big
    for b in big:
        assert b.low - 0.05 < b.right / b.n < b.high + 0.05


def test_a_confidence_of_exactly_one_has_a_bin() -> None:
    (only,) = reliability(np.array([1.0]), np.array([True]))
    assert (only.low, only.high, only.n, only.right) == (0.99, 1.0, 1, 1)


def test_vector_scaling_wins_only_where_classes_are_off_against_each_other() -> None:
    logits, targets = overconfident(2.0, 3000)
    groups = np.array([f"g{i // 10}" for i in range(len(targets))])
    even = compare_scalings(logits, targets, groups, seed=1)
    lopsided = compare_scalings(logits + np.array([3, 0, 0], np.float32), targets, groups, seed=1)
    assert even is not None
    assert lopsided is not None
    assert not even["vector_clearly_better"]
    assert lopsided["vector_clearly_better"]
    assert lopsided["vector"]["cross_entropy"] < lopsided["temperature"]["cross_entropy"]
    assert lopsided["vector"]["accuracy"] > lopsided["temperature"]["accuracy"]
    assert even["groups"] == 300


def test_vector_scaling_finds_what_was_hidden() -> None:
    logits, targets = overconfident(1.0)
    weights, biases = fit_vector(logits * np.array([2, 2, 2]) - np.array([0, 1, 0]), targets)
    assert weights == pytest.approx(0.5, rel=0.1)
    assert biases[1] - biases[0] == pytest.approx(0.5, abs=0.1)


def test_scalings_are_not_compared_on_a_handful_of_groups() -> None:
    logits, targets = overconfident(2.0, 40)
    assert compare_scalings(logits, targets, np.array(["a", "b", "c", "d"] * 10), seed=1) is None

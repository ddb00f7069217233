"""Calibration finds what was hidden in known distributions; thresholds meet what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungviewer.core.trust import calibrated_probabilities, outlier_model
from training.calibrate import choose_review, fit_calibration, fit_temperature, golden_section, reliability
from training.trust_fit import fit_trust, gaussian_arrays, neighbour_arrays


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


@given(st.integers(0, 1000), st.floats(0.5, 1.0))
@settings(max_examples=40, deadline=None)
def test_the_review_threshold_achieves_what_it_states(seed: int, skill: float) -> None:
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.34, 1, 500)
    right = random.uniform(size=500) < np.maximum(confidence, skill)
    choice = choose_review(confidence, right)
    kept = confidence >= choice.review_below
    assert choice.coverage == pytest.approx(kept.mean())
    assert choice.coverage >= 0.9
    assert choice.selective_error == pytest.approx(1 - right[kept].mean())
    aims = {
        "error": min(0.02, choice.plain_error / 2),
        "either": max(0.02, choice.plain_error / 2),
        "coverage": 1.0,
    }
    assert choice.selective_error <= aims[choice.target] + 1e-9


def clusters(seed: int, n: int = 300, width: int = 40) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    centres = np.random.default_rng(0).normal(0, 3, (3, width))
    return (centres[targets] + random.normal(0, 1, (n, width))).astype(np.float32), targets.astype(np.int64)


def test_the_gaussian_score_is_about_one_at_home() -> None:
    train, targets = clusters(1, 3000)
    model = outlier_model("gaussian", gaussian_arrays(train, targets, 3, 16))
    assert model is not None
    assert np.median(model.score(clusters(2)[0])) == pytest.approx(1.0, abs=0.1)


def test_both_scores_tell_far_from_near() -> None:
    train, targets = clusters(1, 1200)
    groups = np.array([f"g{i // 4}" for i in range(1200)])
    far = np.random.default_rng(5).normal(0, 6, (200, 40)).astype(np.float32)
    for method, arrays in (
        ("gaussian", gaussian_arrays(train, targets, 3, 16)),
        ("neighbours", neighbour_arrays(train, groups, 5)),
    ):
        model = outlier_model(method, arrays)
        assert model is not None
        assert np.median(model.score(far)) > np.quantile(model.score(clusters(2)[0]), 0.95)


def test_the_refusal_threshold_refuses_the_stated_share_of_validation() -> None:
    train, targets = clusters(1, 1200)
    groups = np.array([f"g{i // 4}" for i in range(1200)])
    far = {"noise": np.random.default_rng(5).normal(0, 6, (100, 40)).astype(np.float32)}
    fit = fit_trust(train, targets, groups, clusters(2, 1000)[0], far, 3)
    assert 0 < fit.refused["validation"] <= 0.02
    assert {c.method for c in fit.candidates} == {"gaussian", "neighbours"}
    best = max(c.mean for c in fit.candidates)
    assert next(c.mean for c in fit.candidates if (c.method, c.setting) == (fit.method, fit.setting)) == best


def test_fitting_trust_twice_gives_the_same_arrays() -> None:
    train, targets = clusters(1, 600)
    one, other = (gaussian_arrays(train, targets, 3, 16) for _ in range(2))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])

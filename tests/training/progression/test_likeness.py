"""Figures of a simulator on cases whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from training.progression.axis import bodies, correlation, outline_overlap, rise
from training.progression.frechet import Plane, frechet_distance
from training.progression.neighbours import mean_pairwise, nearest, precision_recall, share_nearer

CLOUD = np.random.default_rng(0).standard_normal((200, 6))


def test_identical_sets_are_at_distance_zero_and_cover_each_other() -> None:
    assert frechet_distance(CLOUD, CLOUD) == pytest.approx(0, abs=1e-8)
    assert precision_recall(CLOUD, CLOUD) == (1.0, 1.0)


def test_a_shift_adds_its_square_to_the_distance_and_leaves_nothing_covered() -> None:
    shifted = CLOUD + np.array([30.0, 0, 0, 0, 0, 40.0])
    assert frechet_distance(CLOUD, shifted) == pytest.approx(2500, rel=1e-9)
    assert precision_recall(CLOUD, shifted) == (0.0, 0.0)


def test_distance_of_two_scales_is_that_of_normal_distributions() -> None:
    # (3σ − σ)² for every direction, with the sample's own covariance
    expected = 4 * np.trace(np.cov(CLOUD, rowvar=False))
    centred = CLOUD - CLOUD.mean(axis=0)
    assert frechet_distance(centred, 3 * centred) == pytest.approx(expected, rel=1e-9)


def test_a_simulator_that_draws_one_thing_is_precise_but_recalls_little() -> None:
    narrow = CLOUD[:1] + 1e-3 * CLOUD
    precision, recall = precision_recall(CLOUD, narrow)
    assert precision == 1.0
    assert recall <= 0.01
    assert mean_pairwise(narrow) == pytest.approx(1e-3 * mean_pairwise(CLOUD))


def test_copies_of_training_pictures_are_found_and_new_pictures_are_not() -> None:
    training, held_out = CLOUD[:100], CLOUD[100:]
    copies = training[::2] + 1e-6
    assert share_nearer(copies, held_out, training) == 1.0
    fresh = np.random.default_rng(1).standard_normal((400, 6))
    assert share_nearer(fresh, held_out, training) < 0.2
    apart, which = nearest(copies, training)
    assert which.tolist() == list(range(0, 100, 2))
    assert apart.max() < 1e-4


def test_the_leading_directions_keep_what_varies() -> None:
    points = CLOUD * np.array([10.0, 5.0, 0, 0, 0, 0])
    plane = Plane(points, 2)
    assert plane.kept == pytest.approx(1.0)
    assert plane(points).shape == (200, 2)
    assert mean_pairwise(plane(points)) == pytest.approx(mean_pairwise(points))


def test_rise_of_rising_falling_and_flat_curves() -> None:
    up = np.linspace(0.1, 0.9, 5)
    found = rise(np.stack([up, up[::-1], np.full(5, 0.4)]))
    assert found["steps_not_falling"] == pytest.approx(2 / 3)
    assert found["curves_not_falling"] == pytest.approx(2 / 3)
    assert found["mean_rise"] == pytest.approx(0)
    assert found["curves_ending_higher"] == pytest.approx(1 / 3)
    assert found["spearman"] == pytest.approx(0)
    assert rise(up[None])["spearman"] == pytest.approx(1)


def test_what_stays_is_told_by_pixels_and_by_the_outline() -> None:
    one = np.full((1, 64, 64), 38, np.uint8)
    one[0, 16:48, 16:48] = 200
    hollow, moved = one.copy(), np.roll(one, 16, axis=2)
    hollow[0, 24:40, 24:40] = 60  # lungs belong to the body
    assert outline_overlap(one, hollow)[0] == 1.0
    assert outline_overlap(one, moved)[0] == pytest.approx(0.5)
    assert correlation(one, one)[0] == pytest.approx(1)
    assert correlation(one, moved)[0] < 0.5
    assert correlation(one, np.zeros_like(one))[0] == 0
    assert bodies(hollow).sum() == 32 * 32

"""Batches give classes and groups the same say when asked to, and every image its turn when not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import DataProblem
from training.sampling import Sampler

# One class is nine times the other, and one of its groups holds nearly all of it.
TARGETS = np.array([0] * 90 + [1] * 10)
GROUPS = np.array(["many"] * 80 + [f"few{i}" for i in range(10)] + [f"other{i}" for i in range(10)])


def drawn(balance: str, images: int, seed: int = 0, batch: int = 20) -> np.ndarray:
    sampler = Sampler(TARGETS, GROUPS, balance)
    return np.concatenate(list(sampler.epoch(images, batch, np.random.default_rng(seed))))


def test_sampling_gives_every_class_and_every_group_the_same_say() -> None:
    rows = drawn("sampling", 4000)
    assert (TARGETS[rows] == 0).mean() == 0.5
    of_first = GROUPS[rows[TARGETS[rows] == 0]]
    assert abs((of_first == "many").mean() - 1 / 11) < 0.03


@pytest.mark.parametrize("balance", ["weights", "none"])
def test_otherwise_an_epoch_shows_every_image_once(balance: str) -> None:
    assert sorted(drawn(balance, 0)) == list(range(100))


def test_a_longer_epoch_shows_every_image_twice_before_any_three_times() -> None:
    counts = np.bincount(drawn("none", 240), minlength=100)
    assert counts.min() == 2
    assert counts.max() == 3


@settings(max_examples=30)
@given(
    balance=st.sampled_from(["sampling", "weights", "none"]),
    images=st.integers(0, 400),
    batch=st.integers(1, 64),
    seed=st.integers(0, 2**31),
)
def test_batches_are_whole_within_range_and_repeatable(
    balance: str, images: int, batch: int, seed: int
) -> None:
    sampler = Sampler(TARGETS, GROUPS, balance)
    one, two = (list(sampler.epoch(images, batch, np.random.default_rng(seed))) for _ in range(2))
    assert len(one) == max(1, (images or 100) // batch)
    assert all(len(rows) == batch for rows in one)
    assert all(0 <= row < 100 for rows in one for row in rows)
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate(two))


def test_an_unknown_balance_is_a_sentence() -> None:
    with pytest.raises(DataProblem, match="Balance 'fair' is not known"):
        Sampler(TARGETS, GROUPS, "fair")

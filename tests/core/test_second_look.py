"""Doubtful fields are looked at in four positions: a turned field gives the same answer, the others cost
nothing, and no field's result depends on its neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungviewer.core.backend import RawOutput
from lungviewer.core.second_look import look, margins

SIDE = 6


class Lopsided:
    """A model that weighs the corners differently, so that turning a field changes what it says."""

    def __init__(self) -> None:
        self.seen = 0

    def predict(self, batch: np.ndarray) -> RawOutput:
        self.seen += len(batch)
        light = batch.astype(np.float32).mean(axis=3) / 255
        logits = np.stack([light[:, 0, 0] * 3, light[:, 0, -1] * 2, light[:, -1, 0]], axis=1)
        cam = np.stack(
            [light * (c + 1) * np.linspace(1, 2, SIDE, dtype=np.float32) for c in range(3)], axis=1
        )
        return RawOutput(logits, cam, light.reshape(len(batch), -1))


def fields(count: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


@given(st.integers(0, 500), st.sampled_from([1, 2, 3]))
@settings(max_examples=40)
def test_when_all_are_doubtful_a_turned_field_gives_the_same_with_its_map_turned(seed: int, k: int) -> None:
    picture = fields(seed=seed)
    raw = look(Lopsided().predict, picture, np.inf)
    other = look(Lopsided().predict, np.ascontiguousarray(np.rot90(picture, k, axes=(1, 2))), np.inf)
    np.testing.assert_allclose(other.logits, raw.logits, rtol=1e-6)
    np.testing.assert_allclose(other.cam, np.rot90(raw.cam, k, axes=(2, 3)), rtol=1e-6)


def test_the_mean_is_of_the_four_positions() -> None:
    picture = fields(1)
    raw = look(Lopsided().predict, picture, np.inf)
    each = [Lopsided().predict(np.rot90(picture, k, axes=(1, 2))) for k in range(4)]
    np.testing.assert_allclose(raw.logits, np.mean([r.logits for r in each], axis=0), rtol=1e-6)
    np.testing.assert_allclose(raw.embedding, np.mean([r.embedding for r in each], axis=0), rtol=1e-6)
    assert raw.logits.dtype == raw.cam.dtype == raw.embedding.dtype == np.float32


def test_only_doubtful_fields_are_looked_at_again() -> None:
    picture, model = fields(20), Lopsided()
    once = Lopsided().predict(picture)
    limit = float(np.median(margins(once.logits)))
    raw = look(model.predict, picture, limit)
    doubtful = margins(once.logits) < limit
    assert model.seen == 20 + 3 * int(doubtful.sum())
    np.testing.assert_array_equal(raw.logits[~doubtful], once.logits[~doubtful])
    np.testing.assert_array_equal(raw.cam[~doubtful], once.cam[~doubtful])
    assert (raw.logits[doubtful] != once.logits[doubtful]).any(axis=1).all()


def test_a_field_does_not_depend_on_its_neighbours() -> None:
    picture = fields(9)
    together = look(Lopsided().predict, picture, 0.5)
    for i in range(9):
        alone = look(Lopsided().predict, picture[i : i + 1], 0.5)
        np.testing.assert_array_equal(alone.logits[0], together.logits[i])
        np.testing.assert_array_equal(alone.cam[0], together.cam[i])


def test_without_a_limit_nothing_is_done_twice_and_the_output_is_the_models_own() -> None:
    model = Lopsided()
    own = RawOutput(
        np.zeros((2, 3), np.float32), np.zeros((2, 3, 2, 2), np.float32), np.zeros((2, 4), np.float32)
    )
    assert look(lambda _: own, fields(2), 0.0) is own
    look(model.predict, fields(2), 0.0)
    assert model.seen == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_field_without_usable_numbers_is_left_to_be_refused(bad: float) -> None:
    logits = np.array([[bad, 1.0, 2.0], [1.0, 1.5, 0.0]], np.float32)
    np.testing.assert_allclose(margins(logits), [np.inf, 0.5])
    assert margins(np.ones((3, 1), np.float32)).tolist() == [np.inf] * 3

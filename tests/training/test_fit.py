"""The training loop resumes exactly, weighs classes, and stops when validation no longer gains."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import RecordingContext
from training.features import Features
from training.fit import FitSettings, fit_head
from training.history import Epoch, best_epoch, class_weights, cosine_rate, read_history
from training.split import Split

WIDTH = 8
SETTINGS = FitSettings(epochs=8, batch=16, learning_rate=0.05, patience=8, seed=5, views=("mirror",))


def data(noise: float = 1.0) -> tuple[Features, np.ndarray, Split]:
    random = np.random.default_rng(0)
    targets = np.arange(150) % 3
    original = (np.eye(WIDTH)[targets] * 2 + random.normal(0, noise, (150, WIDTH))).astype(np.float32)
    sides = tuple("validation" if i % 5 == 0 else "test" if i % 5 == 1 else "train" for i in range(150))
    split = Split(sides, "group", 5)
    view = original[split.rows("train")] + np.float32(0.1)
    return Features({"original": original, "mirror": view}), targets.astype(np.int64), split


class StopAfter(RecordingContext):
    """Cancels when so many epochs have been reported."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._left = epochs

    def partial(self, value: object) -> None:
        super().partial(value)
        self._left -= isinstance(value, Epoch)
        if self._left == 0:
            self.cancel()


@pytest.mark.parametrize("epochs", [1, 5])
def test_a_stopped_run_ends_with_the_same_weights_as_one_that_was_not(epochs: int, tmp_path: Path) -> None:
    features, targets, split = data()
    straight = fit_head(features, targets, 3, split, SETTINGS, tmp_path / "a")
    with pytest.raises(Cancelled):
        fit_head(features, targets, 3, split, SETTINGS, tmp_path / "b", StopAfter(epochs))
    assert len(read_history(tmp_path / "b")) == epochs
    resumed = fit_head(features, targets, 3, split, SETTINGS, tmp_path / "b")
    assert resumed.history == straight.history
    np.testing.assert_array_equal(resumed.kernel, straight.kernel)
    np.testing.assert_array_equal(resumed.bias, straight.bias)


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    features, targets, split = data()
    head = fit_head(features, targets, 3, split, SETTINGS, tmp_path)
    history, held = head.history, split.rows("validation")
    right = head.logits(features.originals[held]).argmax(axis=1) == targets[held]
    assert right.mean() == pytest.approx(best_epoch(history).validation_accuracy)
    assert history[-1].train_loss < history[0].train_loss
    assert best_epoch(history).validation_accuracy > 0.7


def test_training_stops_when_validation_no_longer_gains(tmp_path: Path) -> None:
    features, targets, split = data(noise=6.0)
    settings = replace(SETTINGS, epochs=200, patience=3, learning_rate=0.3, dropout=0.0)
    history = fit_head(features, targets, 3, split, settings, tmp_path).history
    assert len(history) == best_epoch(history).epoch + 3 < 200


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    features, targets, split = data()
    history = fit_head(features, targets, 3, split, SETTINGS, tmp_path).history
    ctx = RecordingContext()
    assert fit_head(features, targets, 3, split, SETTINGS, tmp_path, ctx).history == history
    assert ctx.partials == []


def test_class_weights_give_each_class_the_same_say() -> None:
    targets = np.array([0] * 90 + [1] * 9 + [2])
    weights = class_weights(targets, 3)
    assert np.bincount(targets) * weights == pytest.approx([100 / 3] * 3)


def test_the_rate_falls_along_half_a_cosine() -> None:
    assert cosine_rate(1.0, 1, 11) == pytest.approx(1.0)
    assert cosine_rate(1.0, 6, 11) == pytest.approx(0.505)
    assert cosine_rate(1.0, 11, 11) == pytest.approx(0.01)
    assert math.isfinite(cosine_rate(1.0, 1, 1))

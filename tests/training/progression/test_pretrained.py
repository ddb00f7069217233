"""A discriminator that looks through a frozen network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungviewer.core.job import NullContext
from training.errors import DataProblem
from training.progression.loop import train
from training.progression.pretrained import build_pretrained_discriminator
from training.progression.settings import Settings
from training.progression.slices import Slices
from training.tensorflow_gate import require_tensorflow

pytest.importorskip("tensorflow")

KERNEL = (3, 3, 3, 32)
"""Of the network's first convolution; nothing else has this shape."""


@pytest.fixture
def weights(settings: Settings, tmp_path: Path) -> Path:
    """A weights file of the network, with random numbers."""
    _, keras = require_tensorflow(3)
    path = tmp_path / "eyes.weights.h5"
    shape = (settings.size, settings.size, 3)
    keras.applications.MobileNetV2(shape, include_top=False, weights=None, alpha=1.0).save_weights(path)
    return path


def _first_kernel(variables: list[Any]) -> np.ndarray:
    (found,) = (v.numpy() for v in variables if tuple(v.shape) == KERNEL)
    return found


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("method", ["gan", "vae-gan"])
def test_it_keeps_its_eyes_and_a_checkpoint_brings_them_without_the_file(
    method: str, settings: Settings, slices: Slices, weights: Path, tmp_path: Path
) -> None:
    settings = replace(settings, method=method, pretrained=True, steps=2, inversion_steps=2, checkpoint=1)
    given = _first_kernel(build_pretrained_discriminator(settings, weights).variables)
    few, run = slices.take(np.arange(2)), tmp_path / "run"
    trained = train(replace(settings, inversion_steps=1), slices, few, run, NullContext(), weights)
    assert np.array_equal(_first_kernel(trained.state()), given)
    weights.unlink()
    after = train(settings, slices, few, run, NullContext())
    assert np.array_equal(_first_kernel(after.state()), given)
    assert all(np.isfinite(variable.numpy()).all() for variable in after.state())


def test_it_scores_four_maps_and_tells_the_stage(settings: Settings, weights: Path) -> None:
    critic = build_pretrained_discriminator(settings, weights)
    pictures = np.zeros((2, settings.size, settings.size, 1), np.float32)
    scores, near, far, stages = critic([pictures, np.float32([0, 2])])
    assert (scores.shape, stages.shape) == ((2, 4), (2, 3))
    assert near.shape[1] == settings.size // 4
    assert far.shape[1] == settings.size // 8
    # Only what judges learns.
    assert KERNEL not in {tuple(v.shape) for v in critic.trainable_variables}


def test_a_file_that_is_not_its_weights_is_refused(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other.weights.h5"
    other.write_bytes(b"no weights")
    with pytest.raises(DataProblem, match="MobileNetV2"):
        build_pretrained_discriminator(settings, other)

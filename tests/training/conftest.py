"""One tiny training run, shared by the tests that look at its parts: TensorFlow is slow to start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import RecordingContext
from tests.fixtures.colour_data import COLOURS, draw_tile, write_colour_data
from training.about import About
from training.fit import FitSettings
from training.pipeline import run_fit
from training.request import FitRequest, FitResult

SETTINGS = FitSettings(epochs=6, batch=32, learning_rate=1e-2, patience=6, seed=3, views=("mirror",))
ABOUT = About(
    id="tiny",
    title="Tiny",
    input_size=64,
    um_per_px=2.0,
    data="drawn pictures",
    limits=("It knows colours.",),
)


@dataclass(frozen=True)
class TinyRun:
    request: FitRequest
    result: FitResult
    ctx: RecordingContext


@pytest.fixture(scope="session")
def colour_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_data(tmp_path_factory.mktemp("colour") / "data")


def random_weights(path: Path) -> Path:
    """Random filters. Signals all but vanish on their way through them: the last scale brings them back."""
    import keras

    keras.utils.set_random_seed(1)
    network = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))
    tiles = np.stack([draw_tile(label, 1000 + i) for label in COLOURS for i in range(8)])
    features = np.asarray(network(tiles.astype(np.float32) / 127.5 - 1, training=False))
    network.get_layer("Conv_1_bn").gamma.assign(np.full(1280, 1 / features.std(), np.float32))
    network.save_weights(path)
    return path


@pytest.fixture(scope="session")
def tiny_run(colour_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """MobileNetV2 at 64 pixels, random filters: enough to tell colours apart."""
    pytest.importorskip("tensorflow", reason="needs the training extra")
    weights = random_weights(tmp_path_factory.mktemp("weights") / "random.weights.h5")
    out = tmp_path_factory.mktemp("run")
    request = FitRequest(colour_data, out, about=ABOUT, settings=SETTINGS, weights=weights)
    ctx = RecordingContext()
    return TinyRun(request, run_fit(request, ctx), ctx)

"""Half precision is for GPUs that are made for it, and leaves nothing behind in the network."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import RecordingContext
from training.export import check_parity, export_onnx
from training.precision import MIXED, SINGLE, computing_in, training_precision
from training.trunk import Views
from training.tune import Labelled, TuneSettings, fine_tune

tf = pytest.importorskip("tensorflow", reason="needs the training extra")

SIZE = 64
TUNE = TuneSettings(
    cut="", views=0, epochs=1, head_epochs=1, images=24, batch=8, average=0.5, head_rate=1e-2, seed=3
)


@pytest.fixture(scope="module")
def labelled() -> Labelled:
    """Pixels of plain colours, three classes of four images."""
    random = np.random.default_rng(0)
    base = np.array([(200, 60, 130), (240, 190, 215), (90, 60, 160)])[np.arange(12) % 3]
    noise = random.integers(-9, 10, (12, SIZE, SIZE, 3))
    pixels = np.clip(base[:, None, None] + noise, 0, 255).astype(np.uint8)
    targets = np.arange(12) % 3
    return Labelled(Views((pixels,), pixels), targets, np.arange(12).astype(str), targets)


@pytest.fixture
def network():
    import keras

    from training import architectures

    keras.utils.set_random_seed(3)
    return architectures.build("basic_cnn", SIZE, 3, None, frozen=False)


def pretend(monkeypatch: pytest.MonkeyPatch, *capabilities: tuple[int, int] | None) -> None:
    """Let TensorFlow see GPUs of these capabilities; None is one that does not say."""
    gpus = [SimpleNamespace(capability=c) for c in capabilities]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: gpus)
    monkeypatch.setattr(
        tf.config.experimental,
        "get_device_details",
        lambda gpu: {} if gpu.capability is None else {"compute_capability": gpu.capability},
    )


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ((), SINGLE),
        (((8, 0),), MIXED),
        (((9, 0), (8, 6)), MIXED),
        (((7, 5),), SINGLE),
        (((8, 0), (7, 0)), SINGLE),
        ((None,), SINGLE),
    ],
)
def test_only_gpus_made_for_it_compute_in_half_precision(
    monkeypatch: pytest.MonkeyPatch, gpus: tuple, expected: str
) -> None:
    pretend(monkeypatch, *gpus)
    assert training_precision() == expected


def policies(network) -> list[str]:
    return [layer.dtype_policy.name for layer in network.model.layers]


def test_layers_compute_in_half_precision_and_only_within_the_block(network) -> None:
    before = policies(network)
    with computing_in(MIXED, network.model):
        assert set(policies(network)[:-1]) == {MIXED}
        assert network.model(np.zeros((1, SIZE, SIZE, 3), np.uint8)).dtype == "float32"
    assert policies(network) == before


def test_stopping_within_the_block_leaves_nothing_behind(network) -> None:
    before, stopped = policies(network), RecordingContext()
    stopped.cancel()
    with pytest.raises(Cancelled), computing_in(MIXED, network.model):
        stopped.check()
    assert policies(network) == before


def test_a_network_trained_in_half_precision_is_one_in_single_precision(
    network, labelled: Labelled, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = network.model.get_weights()
    single = fine_tune(network, labelled, TUNE, tmp_path / "single")
    network.model.set_weights(start)
    monkeypatch.setattr("training.tune.training_precision", lambda: MIXED)
    mixed = fine_tune(network, labelled, TUNE, tmp_path / "mixed")
    assert mixed[-1].train_loss != single[-1].train_loss
    assert mixed[-1].train_loss == pytest.approx(single[-1].train_loss, rel=0.05)
    assert {w.dtype for w in network.model.weights} == {"float32"}
    assert set(policies(network)) == {SINGLE}
    parity = check_parity(network, export_onnx(network), labelled.views.validation)
    assert parity.probability <= 1e-4

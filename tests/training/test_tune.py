"""Fine-tuning on kept views: resumes to the same weights, trains only what it says, averages members."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.packs.loading import load_pack
from tests.training.conftest import ABOUT, random_weights
from training.architectures.model import divide
from training.augment import Augmenter, AugmentSettings
from training.data import open_dataset
from training.errors import DataProblem
from training.fit import FitSettings
from training.history import Epoch, best_epoch
from training.members import graph_of, mean_weights
from training.pipeline import run_fit
from training.request import FitRequest, FitResult
from training.runtime import OnnxModel
from training.split import split_by_group
from training.trunk import cached_views, trunk_of
from training.tune import Labelled, TuneSettings, fine_tune

pytest.importorskip("tensorflow", reason="needs the training extra")

SIZE = 64
TUNE = TuneSettings(
    cut="block_15", views=1, epochs=2, head_epochs=1, images=48, batch=16, average=0.5, head_rate=1e-2, seed=3
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_weights(tmp_path_factory.mktemp("weights") / "random.weights.h5")


@pytest.fixture(scope="module")
def network(weights: Path):
    import keras

    from training import architectures

    keras.utils.set_random_seed(3)
    return architectures.build("mobilenetv2", SIZE, 3, weights, frozen=False)


@pytest.fixture(scope="module")
def labelled(network, weights: Path, colour_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    dataset = open_dataset(colour_data)
    split = split_by_group(dataset, 3)
    augment = Augmenter(AugmentSettings(), ())
    folder = tmp_path_factory.mktemp("views")
    views = cached_views(folder, network, TUNE.cut, weights, dataset, split, augment, 1, NullContext())
    train, held = split.rows("train"), split.rows("validation")
    return Labelled(views, dataset.targets[train], dataset.groups[train], dataset.targets[held])


@pytest.fixture
def start(network):
    """The network with the weights it was built with, also afterwards."""
    if not hasattr(network.model, "first_weights"):
        network.model.first_weights = network.model.get_weights()
    network.model.set_weights(network.model.first_weights)
    yield network
    network.model.set_weights(network.model.first_weights)


def stopped_after(epochs: int) -> RecordingContext:
    """Cancels as soon as so many epochs are done."""

    class Stopping(RecordingContext):
        def partial(self, value: object) -> None:
            super().partial(value)
            if isinstance(value, Epoch) and value.epoch == epochs:
                self.cancel()

    return Stopping()


def test_a_stopped_run_goes_on_and_ends_with_the_same_weights(
    start, labelled: Labelled, tmp_path: Path
) -> None:
    whole = fine_tune(start, labelled, TUNE, tmp_path / "whole")
    expected = start.model.get_weights()
    start.model.set_weights(start.model.first_weights)
    with pytest.raises(Cancelled):
        fine_tune(start, labelled, TUNE, tmp_path / "cut", stopped_after(2))
    start.model.set_weights(start.model.first_weights)
    resumed = fine_tune(start, labelled, TUNE, tmp_path / "cut")
    assert resumed == whole
    for one, other in zip(start.model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_the_part_after_the_cut_moves_and_batch_norm_stays(
    start, labelled: Labelled, tmp_path: Path
) -> None:
    fine_tune(start, labelled, TUNE, tmp_path)
    names = [w.path for w in start.model.weights]
    pairs = zip(start.model.get_weights(), start.model.first_weights, strict=True)
    moved = {name for name, (now, then) in zip(names, pairs, strict=True) if (now != then).any()}
    assert any("block_16" in name for name in moved)
    assert any("logits" in name for name in moved)
    assert not any("block_14" in name or "block_1_" in name for name in moved)
    assert not any("BN" in name or "bn" in name for name in moved)


def test_the_head_goes_first_alone(start, labelled: Labelled, tmp_path: Path) -> None:
    fine_tune(start, labelled, replace(TUNE, epochs=0), tmp_path)
    pairs = zip(start.model.get_weights(), start.model.first_weights, strict=True)
    moved = [w.path for w, (now, then) in zip(start.model.weights, pairs, strict=True) if (now != then).any()]
    assert moved
    assert all("logits" in name for name in moved)


def test_no_more_checkpoints_are_kept_than_may_be_wanted(start, labelled: Labelled, tmp_path: Path) -> None:
    history = fine_tune(start, labelled, TUNE, tmp_path)
    assert [e.epoch for e in history] == [1, 2, 3]
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["epoch_003.npz"]


def test_patience_stops_a_wild_run_and_goes_back_to_its_best_epoch(
    start, labelled: Labelled, tmp_path: Path
) -> None:
    history = fine_tune(start, labelled, replace(TUNE, patience=1, epochs=6, learning_rate=3.0), tmp_path)
    best, last = best_epoch(history), history[-1]
    assert last.epoch < TUNE.head_epochs + 6
    assert best.validation_loss < last.validation_loss
    _, tail = divide(start, start.cuts[TUNE.cut])
    logits = np.asarray(tail(np.float32(labelled.views.validation), training=False))
    right = logits.argmax(axis=1) == labelled.validation_targets
    assert right.mean() == best.validation_accuracy
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(right)), labelled.validation_targets]
    assert loss.mean() == pytest.approx(best.validation_loss, rel=1e-3)


def test_the_mean_of_weights_is_the_mean() -> None:
    one, two = [np.array([1.0, 2.0], np.float32)], [np.array([3.0, 6.0], np.float32)]
    np.testing.assert_array_equal(mean_weights([one, two])[0], np.array([2.0, 4.0], np.float32))


def test_a_graph_of_other_weights_leaves_the_network_alone(start) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 3), np.uint8)
    other = [np.array(w) for w in start.model.first_weights]
    other[-1] = other[-1] + 5.0  # the head's bias
    moved = OnnxModel(graph_of(start, other)).predict(image).logits
    own = np.asarray(start.model(image, training=False))
    np.testing.assert_allclose(moved, own + 5.0, rtol=1e-4, atol=1e-4)


def test_views_are_repeatable_made_once_and_never_taken_for_others(
    network,
    weights: Path,
    colour_data: Path,
    tmp_path: Path,
) -> None:
    dataset = open_dataset(colour_data)
    split = split_by_group(dataset, 3)
    augment = Augmenter(AugmentSettings(), ())

    def made(folder: Path, chosen: Augmenter) -> np.ndarray:
        views = cached_views(folder, network, "", weights, dataset, split, chosen, 1, NullContext())
        assert views.train[0].shape == views.train[1].shape == (len(split.rows("train")), SIZE, SIZE, 3)
        assert views.train[1].dtype == np.uint8
        return np.array(views.train[1])

    first = made(tmp_path / "one", augment)
    stamp = (tmp_path / "one" / "view00.npy").stat().st_mtime_ns
    np.testing.assert_array_equal(first, made(tmp_path / "two", augment))
    made(tmp_path / "one", augment)
    assert (tmp_path / "one" / "view00.npy").stat().st_mtime_ns == stamp
    other = Augmenter(AugmentSettings(hed=0.9), ())
    with pytest.raises(DataProblem, match="views of other images, or in other stains"):
        made(tmp_path / "one", other)
    assert (made(tmp_path / "three", other) != first).any()


def test_a_trunk_of_nothing_hands_pixels_on(network) -> None:
    pixels = np.zeros((2, SIZE, SIZE, 3), np.uint8)
    assert trunk_of(network, "")(pixels) is pixels
    assert trunk_of(network, "block_15")(pixels).dtype == np.float16


def request_for(data: Path, out: Path, weights: Path | None, tune: TuneSettings) -> FitRequest:
    settings = FitSettings(epochs=4, batch=32, learning_rate=1e-2, seed=3)
    return FitRequest(data, out, about=ABOUT, settings=settings, weights=weights, tune=tune, members=2)


@pytest.fixture(scope="module")
def tuned(colour_data: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    return run_fit(request_for(colour_data, tmp_path_factory.mktemp("tuned"), weights, TUNE))


def test_a_tuned_pack_loads_and_says_how_it_was_made(tuned: FitResult) -> None:
    pack = load_pack(tuned.pack)
    assert pack.spec.architecture == "mobilenetv2"
    assert "2 runs from different seeds" in tuned.metrics["fit"]["description"]
    assert [m["seed"] for m in tuned.metrics["fit"]["members"]] == [3, 4]
    card = (tuned.pack / "card.md").read_text(encoding="utf-8")
    assert "everything after block 15" in card


def test_the_spread_of_the_members_is_published(tuned: FitResult) -> None:
    seeds = tuned.metrics["seeds"]
    assert [one["seed"] for one in seeds] == [3, 4]
    assert all(0 <= one["home_accuracy"] <= 1 for one in seeds)


def test_a_cut_that_the_network_does_not_have_is_a_sentence(
    colour_data: Path, weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataProblem, match="cannot be cut at 'block_99'; it can at: block_3"):
        run_fit(request_for(colour_data, tmp_path, weights, replace(TUNE, cut="block_99")))

"""Every network keeps the same promises: parts that share weights, scaling inside, places to cut, a graph."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungviewer.core.model import PackProvenance
from lungviewer.packs.graph import check_graph
from lungviewer.packs.keras_archive import check_keras_archive
from tests.fixtures.colour_data import COLOURS, draw_tile
from training import architectures
from training.about import About
from training.architectures.model import ArchitectureModel, divide, freeze, settle_norm
from training.classes import KNOWN_LABELS
from training.errors import DataProblem
from training.explanation import grad_cam
from training.export import check_parity, export_onnx
from training.pack import draft_spec, keras_bytes

keras = pytest.importorskip("keras", reason="needs the training extra")

SIZE = 32
SMALL = ("basic_cnn", "plain_cnn4", "bn_cnn")
LARGE = ("mobilenetv3", "resnet50", "densenet121")
PUBLISHED = {
    "mobilenetv2": keras.applications.mobilenet_v2,
    "resnet50": keras.applications.resnet50,
    "densenet121": keras.applications.densenet,
}


def tiles(count: int = 3, size: int = SIZE) -> np.ndarray:
    return np.stack([draw_tile(label, 70 + i, size) for label in COLOURS for i in range(count)])


@lru_cache
def built(name: str) -> ArchitectureModel:
    """A network from random weights, batch norm settled on what it will be given: signals stay alive."""
    keras.utils.set_random_seed(4)
    network = architectures.build(name, SIZE, 3, None, frozen=False)
    settle_norm(network, [tiles()])
    return network


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_the_parts_of_a_network_add_up_to_it(name: str) -> None:
    network, batch = built(name), tiles(1)
    logits = np.asarray(network.model(batch, training=False))
    close: Any = {"rtol": 1e-4, "atol": 1e-5}
    assert np.ptp(logits, axis=0).max() > 1e-3, "the pictures differ, and so must the answers"
    maps = network.backbone(batch, training=False)
    np.testing.assert_allclose(network.tail(maps, training=False), logits, **close)
    embedding = network.embedder(batch, training=False)
    np.testing.assert_allclose(network.head(embedding, training=False), logits, **close)
    assert network.model.get_layer(network.explain.layer).output.shape == network.backbone.output.shape
    assert (network.name, network.input_size) == (name, SIZE)
    if network.dense is not None:
        np.testing.assert_allclose(embedding, np.asarray(maps).mean((1, 2)), **close)
    assert (network.dense is None) == (network.explain.method == "grad-cam")


@pytest.mark.parametrize("name", [n for n in architectures.ARCHITECTURES if n not in SMALL])
def test_a_network_can_be_cut_where_it_says_from_early_to_late(name: str) -> None:
    network, batch = built(name), tiles(1)
    lengths = []
    for layer in network.cuts.values():
        trunk, rest = divide(network, layer)
        lengths.append(len(rest.layers))
    np.testing.assert_allclose(
        rest(trunk(batch, training=False), training=False), network.model(batch, training=False), rtol=1e-4
    )
    assert len(lengths) >= 4
    assert lengths == sorted(set(lengths), reverse=True)
    with pytest.raises(DataProblem, match="cannot be cut"):
        divide(network, "no_such_layer")


@pytest.mark.parametrize("name", PUBLISHED)
def test_scaling_inside_is_that_of_the_published_weights(name: str) -> None:
    pixel = np.array([10, 120, 230], np.uint8).reshape(1, 1, 1, 3)
    scaled = np.asarray(built(name).model.get_layer("scaling")(pixel)).ravel()
    published = PUBLISHED[name].preprocess_input(pixel.astype(np.float32).copy()).ravel()
    # ResNet-50's first layer is turned round instead of the picture (next test).
    expected = published[::-1] if name == "resnet50" else published
    np.testing.assert_allclose(scaled, expected, rtol=1e-5)


def test_resnet_weights_for_blue_green_red_give_the_same_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(input_tensor: Any, **_: Any) -> Any:
        x = keras.layers.Conv2D(4, 3, name="conv1_conv", bias_initializer="random_normal")(input_tensor)
        return keras.Model(keras.utils.get_source_inputs(input_tensor)[0], x)

    monkeypatch.setattr(keras.applications, "ResNet50", short)
    scaled = keras.Input((SIZE, SIZE, 3))
    published = short(scaled)
    published.save_weights(tmp_path / "w.weights.h5")
    expected = published(PUBLISHED["resnet50"].preprocess_input(tiles(1).astype(np.float32)))
    network = architectures.build("resnet50", SIZE, 3, tmp_path / "w.weights.h5")
    np.testing.assert_allclose(network.backbone(tiles(1)), expected, rtol=1e-3, atol=1e-3)


def test_batch_norm_learns_from_nothing_and_keeps_what_was_learned(tmp_path: Path) -> None:
    fresh = architectures.build("bn_cnn", SIZE, 3, None, frozen=False)
    norm = fresh.model.get_layer("norm_3a")
    before = np.asarray(norm.moving_variance)
    fresh.model(tiles(), training=True)
    moved = np.asarray(norm.moving_variance)
    assert not np.allclose(before, moved)
    fresh.backbone.save_weights(tmp_path / "w.weights.h5")

    again = architectures.build("bn_cnn", SIZE, 3, tmp_path / "w.weights.h5", frozen=False)
    norm = again.model.get_layer("norm_3a")
    again.model(tiles(2), training=True)
    np.testing.assert_array_equal(norm.moving_variance, moved)
    names = {variable.path.split("/")[0] for variable in again.model.trainable_variables}
    assert {"conv_3a", "logits"} <= names
    assert not any(name.startswith("norm") for name in names)
    freeze(again.backbone, frozen=True, pretrained=True)
    assert len(again.model.trainable_variables) == 2, "only the head is left"


def test_settled_batch_norm_holds_plain_means_over_batches() -> None:
    network = architectures.build("bn_cnn", SIZE, 3, None, frozen=False)
    norm = network.model.get_layer("norm_1a")
    batches = [tiles(2), tiles(3) // 2, tiles(4) // 3]
    first = keras.Model(network.model.inputs[0], norm.input)
    settle_norm(network, batches)
    expected = np.mean([np.asarray(first(batch)).mean((0, 1, 2)) for batch in batches], axis=0)
    np.testing.assert_allclose(norm.moving_mean, expected, rtol=1e-4, atol=1e-5)
    assert norm.momentum == pytest.approx(0.9)
    freeze(network.backbone, frozen=False, pretrained=True)
    settle_norm(network, batches[:1])
    np.testing.assert_allclose(norm.moving_mean, expected, rtol=1e-4, atol=1e-5)


def check_export(name: str) -> None:
    network = built(name)
    graph = export_onnx(network)
    assert check_parity(network, graph, tiles()).images == 9
    classes = tuple(KNOWN_LABELS[label] for label in COLOURS)
    unknown = PackProvenance("", "", "group", 0, "", "2024-01-01")
    spec = draft_spec(About(input_size=SIZE), classes, name, network.explain, unknown)
    weights = sum(int(np.prod(v.shape)) for v in network.model.weights)
    assert check_graph(graph, spec).parameters < weights + 5000, "nothing large is stored twice"
    # Also after the export: it borrows layers, and must give them back as they were.
    check_keras_archive(keras_bytes(network.model))


@pytest.mark.parametrize("name", SMALL)
def test_the_graph_of_a_small_network_keeps_the_contract(name: str) -> None:
    check_export(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_the_graph_of_a_large_network_keeps_the_contract(name: str) -> None:
    check_export(name)


def test_the_map_of_hidden_layers_needs_the_gradient() -> None:
    """Of each class another one, and not what a mean → dense head would give."""
    network = built("plain_cnn4")
    maps = network.backbone(tiles(), training=False)
    found = grad_cam(network.tail, maps, 3)
    assert found.shape == (9, 3, 2, 2)
    assert not np.allclose(found[:, 0], found[:, 1], atol=1e-3 * found.max())

"""A graph that looks at a field in several positions gives one answer, whichever way the field lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.conftest import TinyRun
from training.judge import open_pack

tf = pytest.importorskip("tensorflow", reason="needs the training extra")

from training.architectures import build  # noqa: E402
from training.export import check_parity, export_onnx  # noqa: E402
from training.reexport import reexport  # noqa: E402
from training.runtime import OnnxModel  # noqa: E402
from training.turned import TURNS, averaged_maps, turned  # noqa: E402

SIDE = 8


def images(count: int = 3, side: int = SIDE, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side, channels)).astype(np.uint8)


def lopsided(batch: object) -> object:
    """Maps that see up and left: each cell plus twice its upper and three times its left neighbour."""
    x = tf.cast(batch, tf.float32)
    up, left = tf.roll(x, 1, axis=1), tf.roll(x, 1, axis=2)
    return x + 2 * up + 3 * left


@pytest.mark.parametrize("quarters", [0, 1, 2, 3, -1, -2, -3])
def test_turned_is_numpys_rot90(quarters: int) -> None:
    picture = images()
    np.testing.assert_array_equal(turned(tf.constant(picture), quarters), np.rot90(picture, quarters, (1, 2)))


@pytest.mark.parametrize("turns", TURNS)
def test_maps_turn_with_the_picture_in_as_many_positions_as_were_averaged(turns: int) -> None:
    picture = images()
    maps = np.asarray(averaged_maps(lopsided, tf.constant(picture), turns))
    for quarters in (1, 2, 3):
        other = np.ascontiguousarray(np.rot90(picture, quarters, (1, 2)))
        again = np.asarray(averaged_maps(lopsided, tf.constant(other), turns))
        same = np.allclose(again, np.rot90(maps, quarters, (1, 2)), rtol=1e-6)
        assert same == (quarters % (4 // turns) == 0), quarters


def test_one_position_is_the_backbone_itself() -> None:
    picture = tf.constant(images())
    np.testing.assert_array_equal(averaged_maps(lopsided, picture, 1), lopsided(picture))


@pytest.fixture(scope="module")
def graph() -> tuple[object, bytes]:
    network = replace(build("basic_cnn", 64, 3, None), turns=4)
    return network, export_onnx(network)


def test_the_exported_graph_is_the_averaged_network(graph: tuple[object, bytes]) -> None:
    network, content = graph
    found = check_parity(network, content, images(5, 64))  # type: ignore[arg-type]
    assert found.probability < 1e-4
    once = replace(network, turns=1)  # type: ignore[type-var]
    with pytest.raises(Exception, match="The exported"):
        check_parity(once, content, images(5, 64))  # type: ignore[arg-type]


def test_its_answer_does_not_depend_on_how_the_field_lies_nor_on_the_batch(
    graph: tuple[object, bytes],
) -> None:
    model, picture = OnnxModel(graph[1], threads=1), images(4, 64)
    raw = model.predict(picture)
    for quarters in (1, 2, 3):
        other = model.predict(np.ascontiguousarray(np.rot90(picture, quarters, (1, 2))))
        np.testing.assert_allclose(other.logits, raw.logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(other.embedding, raw.embedding, rtol=1e-4, atol=1e-5)
        expected = np.rot90(raw.cam, quarters, (2, 3))
        np.testing.assert_allclose(other.cam, expected, rtol=1e-3, atol=1e-6 * raw.cam.max())
    alone = model.predict(picture[2:3])
    np.testing.assert_allclose(alone.logits[0], raw.logits[2], rtol=1e-5, atol=1e-6)


def test_a_pack_states_its_turns_and_keeps_them_when_it_is_exported_again(tiny_run: TinyRun) -> None:
    judge = open_pack(tiny_run.result.pack)
    assert judge.spec.input.turns == tiny_run.request.turns == 4
    again = reexport(tiny_run.result.pack, None, 4)
    assert again.same_bytes

"""Eight bits: standard operators, corrected biases, an honest comparison."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lungviewer.core.backend import RawOutput
from lungviewer.core.errors import Cancelled
from lungviewer.core.job import RecordingContext
from lungviewer.packs.graph import check_graph
from tests.fixtures.packs import COLOURS, tiny_model, tiny_spec
from tests.fixtures.tiny_judge import painted, tiny_judge
from training.bias_correction import correct_biases, rounded
from training.errors import NotQuantisable
from training.int8 import LEVELS, quantise
from training.int8_check import int8_record, map_correlations
from training.judge import Judge
from training.runtime import OnnxModel

pytest.importorskip("tensorflow", reason="needs the training extra")

SIZE, WIDTH, CLASSES, GRID = 32, 8, 3, 4


def deep_model(seed: int = 0) -> onnx.ModelProto:
    """A graph of the contract with the parts of a MobileNet: plain, depthwise and 1×1 convolutions with
    ReLU6, a residual sum, and the tiny pack's kind of head. Weights are random."""
    random = np.random.default_rng(seed)

    def kernel(*shape: int) -> np.ndarray:
        return random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)

    constants = {
        "scale": np.float32(1 / 128),
        "low": np.float32(0),
        "high": np.float32(6),
        "space": np.array([2, 3]),
        "first": kernel(WIDTH, 3, 3, 3),
        "depthwise": kernel(WIDTH, 1, 3, 3),
        "project": kernel(WIDTH, WIDTH, 1, 1),
        "project_bias": random.normal(0, 0.1, WIDTH).astype(np.float32),
        "last": kernel(WIDTH, WIDTH, 1, 1),
        "classes": kernel(CLASSES, WIDTH),
        "class_kernel": np.zeros((CLASSES, WIDTH, 1, 1), np.float32),
    }
    constants["class_kernel"][..., 0, 0] = constants["classes"]
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        node("Mul", ["numbers", "scale"], ["scaled"]),
        node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        node("Conv", ["planes", "first"], ["a"], strides=[4, 4], pads=[1, 1, 1, 1]),
        node("Clip", ["a", "low", "high"], ["b"]),
        node("Conv", ["b", "depthwise"], ["c"], group=WIDTH, strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Clip", ["c", "low", "high"], ["d"]),
        node("Conv", ["d", "project", "project_bias"], ["e"]),
        node("Add", ["d", "e"], ["sum"]),
        node("Conv", ["sum", "last"], ["f"]),
        node("Clip", ["f", "low", "high"], ["features"]),
        node("Conv", ["features", "class_kernel"], ["evidence"]),
        node("Relu", ["evidence"], ["cam"]),
        node("ReduceMean", ["features", "space"], ["embedding"], keepdims=0),
        node("Gemm", ["embedding", "classes"], ["logits"], transB=1),
    ]
    outputs = {"logits": [CLASSES], "cam": [CLASSES, GRID, GRID], "embedding": [WIDTH]}
    graph = helper.make_graph(
        nodes,
        "deep",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", *s]) for n, s in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Smooth pictures, so that channels have means worth keeping."""
    random = np.random.default_rng(1)
    coarse = random.integers(0, 256, (12, SIZE // 8, SIZE // 8, 3), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="module")
def deep_int8(pictures: np.ndarray) -> bytes:
    return quantise(deep_model().SerializeToString(), pictures)


def test_the_quantised_graph_says_nearly_the_same(deep_int8: bytes, pictures: np.ndarray) -> None:
    plain = OnnxModel(deep_model().SerializeToString()).predict(pictures)
    found = OnnxModel(deep_int8).predict(pictures)
    for name in ("logits", "cam", "embedding"):
        one, other = getattr(plain, name), getattr(found, name)
        assert one.shape == other.shape
        assert np.abs(one - other).max() < 0.05 * np.abs(one).max()
        assert (one != other).any()


def test_it_is_made_of_standard_operators_that_a_pack_may_hold(deep_int8: bytes) -> None:
    model = onnx.load_from_string(deep_int8)
    assert {entry.domain for entry in model.opset_import} == {""}
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in model.graph.node}
    assert model.producer_name == "lungviewer"
    assert not model.metadata_props
    check_graph(deep_int8, tiny_spec())


def test_first_convolution_and_head_stay_in_float_and_the_rest_uses_seven_bits(deep_int8: bytes) -> None:
    graph = onnx.load_from_string(deep_int8).graph
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    plain = {node.input[1] for node in graph.node if node.op_type == "Conv"} & set(constants)
    assert plain == {"first", "class_kernel"}
    weights = [v for v in constants.values() if v.dtype == np.int8 and v.ndim == 4]
    assert len(weights) == 3
    assert all(np.abs(v.astype(int)).max() == LEVELS for v in weights)


def test_the_same_images_give_the_same_bytes(deep_int8: bytes, pictures: np.ndarray) -> None:
    assert quantise(deep_model().SerializeToString(), pictures) == deep_int8
    assert quantise(deep_model().SerializeToString(), pictures[:4]) != deep_int8


def test_what_cannot_be_quantised_is_a_sentence(pictures: np.ndarray) -> None:
    with pytest.raises(NotQuantisable, match="no images to take the ranges"):
        quantise(deep_model().SerializeToString(), pictures[:0])
    with pytest.raises(NotQuantisable, match="too few convolutions"):
        quantise(tiny_model().SerializeToString(), pictures)


# --- biases ------------------------------------------------------------------------------------------


def convolution(weights: np.ndarray, group: int, bias: np.ndarray | None) -> onnx.ModelProto:
    """uint8 images → numbers → six channels → one convolution called `it`, whose output is `out`."""
    constants = {"widen": np.random.default_rng(5).uniform(0, 1, (6, 3, 1, 1)).astype(np.float32)}
    constants["weights"] = weights
    if bias is not None:
        constants["bias"] = bias
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        node("Transpose", ["numbers"], ["planes"], perm=[0, 3, 1, 2]),
        node("Conv", ["planes", "widen"], ["wide"]),
        node(
            "Conv", ["wide", "weights", *(["bias"] if bias is not None else [])], ["out"], "it", group=group
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
        [helper.make_empty_tensor_value_info("out")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def channel_means(model: onnx.ModelProto, weights: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Of the output, when the convolution has these weights."""
    changed = onnx.ModelProto.FromString(model.SerializeToString())
    tensor = next(t for t in changed.graph.initializer if t.name == "weights")
    tensor.CopyFrom(numpy_helper.from_array(weights, "weights"))
    return OnnxModel(changed.SerializeToString()).tensors(["out"], images)[0].mean(axis=(0, 2, 3))


@pytest.mark.parametrize(
    ("group", "kernel", "biased"), [(1, 1, True), (1, 3, False), (2, 1, True), (3, 3, True), (6, 3, False)]
)
def test_a_corrected_bias_takes_back_what_rounding_does_to_the_mean(
    group: int, kernel: int, biased: bool
) -> None:
    random = np.random.default_rng(group)
    weights = random.normal(size=(12, 6 // group, kernel, kernel)).astype(np.float32)
    bias = random.normal(size=12).astype(np.float32) if biased else None
    # Even colours: the mean under a kernel is then exactly the mean of the image.
    images = random.integers(0, 256, (5, 1, 1, 3), np.uint8).repeat(SIZE, axis=1).repeat(SIZE, axis=2)
    model = convolution(weights, group, bias)
    wanted = channel_means(model, weights, images)
    coarse = rounded(weights, 4)
    shift = np.abs(channel_means(model, coarse, images) - wanted)
    correct_biases(model, ["it"], images, 4)
    left = np.abs(channel_means(model, coarse, images) - wanted)
    assert shift.max() > 1
    assert left.max() < 1e-3 * shift.max()


def test_rounded_weights_have_a_scale_per_output_channel() -> None:
    weights = np.array([[1.0, 0.26], [100.0, 26.0], [0.0, 0.0]], np.float32).reshape(3, 2, 1, 1)
    expected = np.array([[1.0, 0.25], [100.0, 25.0], [0.0, 0.0]], np.float32).reshape(3, 2, 1, 1)
    np.testing.assert_array_equal(rounded(weights, 4), expected)


# --- the comparison ----------------------------------------------------------------------------------


class Scripted:
    """A model that gives prepared answers, in order, again and again."""

    def __init__(self, logits: np.ndarray, maps: np.ndarray, embedding: np.ndarray, size: int) -> None:
        self._raw, self._at, self.size = (logits, maps, embedding), 0, size

    def predict(self, batch: np.ndarray) -> RawOutput:
        rows = slice(self._at, self._at + len(batch))
        self._at = rows.stop % len(self._raw[0])
        return RawOutput(*(values[rows].astype(np.float32) for values in self._raw))


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every timing is of a float model that takes three times as long."""
    monkeypatch.setattr("training.speed._seconds", lambda model, _: float(model.size))


@pytest.fixture
def by_hand(turns: None) -> tuple[Judge, Judge, np.ndarray, np.ndarray, np.ndarray]:
    """Six images of six groups. The float model is right on five. Eight bits lose one of these and are
    unsure of another, and refuse a third. Their maps: four that are proportional, one that is turned round,
    one pair flat."""
    fields, targets, groups = painted(groups=2, copies=1)
    said = targets.copy()
    said[5] = (targets[5] + 1) % 3
    logits = 8.0 * np.eye(3)[said]
    other = logits.copy()
    other[0] = 8.0 * np.eye(3)[(targets[0] + 1) % 3]
    other[1] = 0.1 * np.eye(3)[said[1]]
    maps = np.random.default_rng(0).uniform(0, 1, (6, 3, 4, 4))
    moved = 2 * maps + 1
    moved[2] = -maps[2]
    maps[3] = moved[3] = 0.5
    seen = np.array(COLOURS)[targets] / 255
    strange = seen.copy()
    strange[4] += 5.0
    judge = tiny_judge(score="gaussian")
    plain = replace(judge, model=Scripted(logits, maps, seen, 3000))  # type: ignore[arg-type]
    rounding = replace(judge, model=Scripted(other, moved, strange, 1000))  # type: ignore[arg-type]
    return plain, rounding, fields, targets, groups


def test_a_comparison_made_by_hand(by_hand: tuple) -> None:
    record = int8_record(*by_hand, "group")
    assert record["accuracy_fp32"] == pytest.approx(5 / 6)
    assert record["accuracy_int8"] == pytest.approx(4 / 6)
    assert record["fall_points"] == pytest.approx(100 / 6)
    low, high = record["fall_interval"]
    assert low <= record["fall_points"] <= high
    assert record["maps"] == 5
    assert record["map_correlation"] == pytest.approx((4 - 1) / 5, abs=1e-5)
    assert record["agreement"] == pytest.approx(5 / 6)
    assert record["status_agreement"] == pytest.approx(4 / 6)
    assert (record["refused_fp32"], record["refused_int8"]) == (0.0, pytest.approx(1 / 6))
    assert record["speed_ratio"] == 3.0
    assert (record["bytes"], record["bytes_fp32"]) == (1000, 3000)
    assert (record["images"], record["groups"], record["split_unit"]) == (6, 6, "group")
    assert record["shipped"] is False
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("points", "correlation", "shipped"), [(17, 0.5, True), (16, 0.5, False), (17, 0.7, False)]
)
def test_it_is_shipped_only_when_answers_and_maps_are_both_good_enough(
    by_hand: tuple, monkeypatch: pytest.MonkeyPatch, points: float, correlation: float, shipped: bool
) -> None:
    monkeypatch.setattr("training.int8_check.MOST_FALL_POINTS", points)
    monkeypatch.setattr("training.int8_check.LEAST_MAP_CORRELATION", correlation)
    assert int8_record(*by_hand, "group")["shipped"] is shipped


def test_a_comparison_can_be_stopped(by_hand: tuple) -> None:
    ctx = RecordingContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        int8_record(*by_hand, "group", ctx)


def test_a_map_that_only_one_model_draws_counts_as_unlike() -> None:
    drawn, flat = np.arange(4.0).reshape(1, 2, 2), np.ones((1, 2, 2))
    assert map_correlations(drawn, flat).tolist() == [0.0]
    assert map_correlations(flat, flat).tolist() == []
    assert map_correlations(drawn, -drawn).tolist() == [-1.0]

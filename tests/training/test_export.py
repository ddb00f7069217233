"""The exported graph computes what was trained; passes change rounding only; a difference is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lungviewer.packs.graph import check_graph
from lungviewer.packs.loading import load_pack
from tests.fixtures.colour_data import COLOURS, draw_tile
from tests.training.conftest import TinyRun
from training import architectures
from training.architectures.model import ArchitectureModel
from training.errors import DataProblem, ParityError
from training.explanation import grad_cam
from training.export import check_parity, export_onnx
from training.onnx_passes import simplify
from training.runtime import OnnxModel

pytest.importorskip("tensorflow", reason="needs the training extra")


@pytest.fixture(scope="module")
def network(tiny_run: TinyRun) -> ArchitectureModel:
    return architectures.build("mobilenetv2", 64, 3, tiny_run.request.weights)


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    return np.stack([draw_tile(label, 500 + i) for label in COLOURS for i in range(3)])


def test_the_graph_agrees_with_keras_and_with_grad_cam(
    network: ArchitectureModel, tiles: np.ndarray, tiny_run: TinyRun
) -> None:
    graph = export_onnx(network)
    raw = OnnxModel(graph).predict(tiles)
    np.testing.assert_allclose(raw.logits, np.asarray(network.model(tiles)), rtol=1e-3, atol=1e-4)
    expected = grad_cam(network.tail, network.backbone(tiles), 3)
    assert expected.max() > 0
    np.testing.assert_allclose(raw.cam, expected, rtol=1e-3, atol=1e-4 * expected.max())
    parity = check_parity(network, graph, tiles)
    assert parity.images == len(tiles)
    assert export_onnx(network) == graph, "the same network must give the same bytes"
    check_graph(graph, tiny_run.result.spec)


def test_the_graph_of_another_network_is_refused(
    network: ArchitectureModel, tiles: np.ndarray, tiny_run: TinyRun
) -> None:
    foreign = load_pack(tiny_run.result.pack).model
    with pytest.raises(ParityError, match="moves a probability"):
        check_parity(network, foreign, tiles)


def test_a_map_that_is_not_grad_cam_is_refused(
    network: ArchitectureModel, tiles: np.ndarray, tiny_run: TinyRun
) -> None:
    class Bent(OnnxModel):
        def predict(self, batch: np.ndarray):  # type: ignore[no-untyped-def]
            raw = super().predict(batch)
            return type(raw)(raw.logits, raw.cam * 1.01, raw.embedding)

    graph = export_onnx(network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.export.OnnxModel", Bent)
        with pytest.raises(ParityError, match="Grad-CAM"):
            check_parity(network, graph, tiles)


def test_the_graph_is_lean(tiny_run: TinyRun) -> None:
    """No batch norm, padding or reshaping is left as a pass over memory of its own."""
    graph = onnx.load_from_string(load_pack(tiny_run.result.pack).model).graph
    kinds = [node.op_type for node in graph.node]
    assert not {"BatchNormalization", "Pad", "Reshape", "Shape", "Einsum"} & set(kinds)
    assert kinds.count("Transpose") == 1
    assert kinds.count("Mul") == 1
    assert [o.name for o in graph.output] == ["logits", "cam", "embedding"]
    dimensions = graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dimensions] == ["N", 64, 64, 3]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(DataProblem, match="weights file"):
        architectures.build("mobilenetv2", 64, 3, tmp_path / "other.weights.h5")


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(DataProblem, match="mobilenetv2"):
        architectures.build("perceptron", 64, 3, None)


# --- the passes, on graphs small enough to read -------------------------------------------------------


def constant(name: str, values: object, kind: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, kind), name)


def graph_of(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> onnx.ModelProto:
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("y",)]
    start = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2, 9, 9])
    graph = helper.make_graph(nodes, "g", [start], ends, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).normal(0, 1, (2, 2, 9, 9)).astype(np.float32)
    return np.asarray(session.run(["y"], {"x": x})[0])


KERNEL = constant("k", np.random.default_rng(1).normal(0, 1, (4, 2, 3, 3)))


@pytest.mark.parametrize("filler", [[], ["zero"]])
def test_scale_shift_and_padding_are_folded(filler: list[str]) -> None:
    nodes = [
        helper.make_node("Pad", ["x", "pads", *filler], ["p"]),
        helper.make_node("Conv", ["p", "k"], ["c"], strides=[2, 2]),
        helper.make_node("Mul", ["c", "m"], ["s"]),
        helper.make_node("Add", ["a", "s"], ["y"]),
    ]
    constants = [
        KERNEL,
        constant("pads", [0, 0, 0, 1, 0, 0, 1, 1], np.int64),
        constant("zero", 0.0),
        constant("m", np.arange(1, 5).reshape(1, 4, 1, 1)),
        constant("a", np.arange(4).reshape(4, 1, 1)),
    ]
    before = run(graph_of(nodes, constants))
    model = simplify(graph_of(nodes, constants))
    assert [n.op_type for n in model.graph.node] == ["Conv"]
    np.testing.assert_allclose(run(model), before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("nodes", "constants", "kept"),
    [
        # Padding with something else than zero is not what a convolution does.
        (
            [
                helper.make_node("Pad", ["x", "pads", "one"], ["p"]),
                helper.make_node("Conv", ["p", "k"], ["y"]),
            ],
            [constant("pads", [0, 0, 1, 1, 0, 0, 1, 1], np.int64), constant("one", 1.0)],
            ["Pad", "Conv"],
        ),
        # The convolution's own result is needed too.
        (
            [
                helper.make_node("Conv", ["x", "k"], ["c"]),
                helper.make_node("Mul", ["c", "two"], ["d"]),
                helper.make_node("Add", ["c", "d"], ["y"]),
            ],
            [constant("two", 2.0)],
            ["Conv", "Mul", "Add"],
        ),
        # A factor that varies over the image is not one per channel.
        (
            [helper.make_node("Conv", ["x", "k"], ["c"]), helper.make_node("Mul", ["c", "v"], ["y"])],
            [constant("v", np.arange(7.0).reshape(1, 1, 1, 7))],
            ["Conv", "Mul"],
        ),
    ],
)
def test_what_cannot_be_folded_is_left_alone(
    nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], kept: list[str]
) -> None:
    before = run(graph_of(nodes, [KERNEL, *constants]))
    model = simplify(graph_of(nodes, [KERNEL, *constants]))
    assert [n.op_type for n in model.graph.node] == kept
    np.testing.assert_allclose(run(model), before, rtol=1e-6)

"""The last layer of a contract graph taken out and another one put in, without the network it came from.

A graph whose head is mean over space → dense ends in `logits = embedding·W + b` and
`cam = ReLU(conv1×1(maps, W/(h·w)))`. With both weights replaced it keeps the contract, for other classes
and another number of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.trust import calibrated_probabilities
from training.errors import DataProblem, ParityError
from training.export import MAX_CAM_DIFFERENCE, MAX_PROBABILITY_DIFFERENCE, Parity, share_of_largest
from training.tensorflow_gate import require_onnxruntime

NOT_DENSE = "The pack's network does not end in a mean over space and one dense layer, with a map to match."


@dataclass(frozen=True, slots=True)
class GraphHead:
    """The dense layer of a graph: `kernel` D×C, `bias` C. `maps` names the last feature maps N×D×h×w."""

    kernel: FloatArray
    bias: FloatArray
    maps: str


@dataclass(frozen=True, slots=True)
class _Ends:
    """The names of the dense layer's weights, and the convolution before `cam`."""

    kernel: str
    bias: str
    transposed: bool
    conv: Any


def take_head(graph: bytes) -> GraphHead:
    """Find the dense layer of a contract graph.

    Raises:
        DataProblem: the graph has another kind of head.
    """
    model = _parse(graph)
    ends, constants = _ends(model), _constants(model)
    kernel = constants[ends.kernel].T if ends.transposed else constants[ends.kernel]
    bias = constants[ends.bias].reshape(-1)
    conv = constants[ends.conv.input[1]]
    if conv.shape != (*kernel.T.shape, 1, 1) or bias.shape != kernel.shape[1:]:
        raise DataProblem(NOT_DENSE)
    # The map must be of this very layer, up to the number of cells: else its meaning is not known.
    own, scaled = kernel.T.astype(np.float64), conv[:, :, 0, 0].astype(np.float64)
    cells = (own * own).sum() / max((own * scaled).sum(), 1e-30)
    if not np.allclose(scaled * cells, own, atol=1e-3 * np.abs(own).max()):
        raise DataProblem(NOT_DENSE)
    return GraphHead(np.asarray(kernel, np.float32), np.asarray(bias, np.float32), ends.conv.input[0])


def with_head(graph: bytes, kernel: FloatArray, bias: FloatArray) -> bytes:
    """The graph with another dense layer: `kernel` D×C, `bias` C.

    Raises:
        DataProblem: the graph has another kind of head.
        ValueError: D is not the width of the graph's embedding.
    """
    import onnx
    from onnx import numpy_helper

    old = take_head(graph)
    if kernel.shape != (old.kernel.shape[0], len(bias)):
        raise ValueError("the kernel does not fit the embedding")
    model = _parse(graph)
    ends, constants = _ends(model), _constants(model)
    cells = float(np.linalg.norm(old.kernel) / np.linalg.norm(constants[ends.conv.input[1]]))
    shape = constants[ends.bias].shape
    new = {
        ends.kernel: kernel.T if ends.transposed else kernel,
        ends.bias: bias.reshape([len(bias) if n == len(old.bias) else n for n in shape]),
        ends.conv.input[1]: (kernel.T / np.float32(round(cells)))[:, :, None, None],
    }
    if len(ends.conv.input) > 2:
        new[ends.conv.input[2]] = np.zeros(len(bias), np.float32)
    for tensor in model.graph.initializer:
        if tensor.name in new:
            values = np.ascontiguousarray(new[tensor.name], np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for output in model.graph.output:
        if output.name in ("logits", "cam"):
            output.type.tensor_type.shape.dim[1].dim_value = len(bias)
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def check_head(graph: bytes, kernel: FloatArray, bias: FloatArray, images: npt.NDArray[np.uint8]) -> Parity:
    """Compare the graph's outputs with numpy's, from the graph's own feature maps, on n×S×S×3 images.

    Raises:
        ParityError: a probability moves by more than 1e-4, or a map by more than 0.1 % of the largest.
    """
    maps, logits, cam, embedding = _run_with_maps(graph, images)
    mean = maps.mean(axis=(2, 3), dtype=np.float64)
    expected = np.maximum(np.einsum("ndhw,dc->nchw", maps, kernel), 0) / (maps.shape[2] * maps.shape[3])
    probability = np.abs(
        calibrated_probabilities(logits, 1) - calibrated_probabilities((mean @ kernel + bias), 1)
    )
    found = Parity(
        images=len(images),
        probability=float(probability.max()),
        cam=share_of_largest(cam, expected),
        embedding=share_of_largest(embedding, mean),
    )
    if not found.probability <= MAX_PROBABILITY_DIFFERENCE:
        raise ParityError(f"The graph with its new head moves a probability by {found.probability:.1e}.")
    if not max(found.cam, found.embedding) <= MAX_CAM_DIFFERENCE:
        raise ParityError(f"The map of the new head differs by {found.cam:.1e} of its largest value.")
    return found


def _run_with_maps(graph: bytes, images: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
    """Feature maps, logits, cam and embedding."""
    from onnx import TensorProto, helper

    model = _parse(graph)
    name = _ends(model).conv.input[0]
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    runtime = require_onnxruntime()
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[npt.NDArray[np.float32]] = session.run(
        [name, "logits", "cam", "embedding"], {"image": images}
    )
    return found


def _parse(graph: bytes) -> Any:
    import onnx

    return onnx.load_from_string(graph)


def _constants(model: Any) -> dict[str, npt.NDArray[np.float32]]:
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _ends(model: Any) -> _Ends:
    """The nodes before `logits` and `cam`: MatMul and Add, or Gemm; convolution and ReLU."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    known = {tensor.name for tensor in model.graph.initializer}
    last, relu = made_by["logits"], made_by["cam"]
    conv = made_by.get(relu.input[0])
    if relu.op_type != "Relu" or conv is None or conv.op_type != "Conv" or conv.input[1] not in known:
        raise DataProblem(NOT_DENSE)
    if last.op_type == "Gemm":
        transposed = any(a.name == "transB" and a.i for a in last.attribute)
        plain = all(a.name == "transB" or (a.name in ("alpha", "beta") and a.f == 1) for a in last.attribute)
        dense, kernel, bias = last, last.input[1], last.input[2] if len(last.input) > 2 else ""
    else:
        transposed, plain = False, last.op_type == "Add"
        bias = next((name for name in last.input if name in known), "")
        dense = next((made_by[name] for name in last.input if name in made_by), None)
        plain = plain and dense is not None and dense.op_type == "MatMul"
        kernel = dense.input[1] if plain else ""
    if not plain or dense.input[0] != "embedding" or not {kernel, bias} <= known:
        raise DataProblem(NOT_DENSE)
    return _Ends(kernel, bias, transposed, conv)

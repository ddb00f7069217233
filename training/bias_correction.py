"""Take back, before a network is quantised, the shift that rounding its weights would give to every channel.

Rounded weights are off by a fixed amount, and inputs behind a ReLU are positive, so the errors of a channel
do not average out: they move its mean. The expected shift is the weights' error times the mean input, and
the bias takes it back (Nagel et al. 2019, arXiv:1906.04721, section 4.2). Without it a MobileNetV2 of
8 bits keeps its answers but not its maps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from training.runtime import OnnxModel

BATCH = 4

Floats = npt.NDArray[np.float32]


def correct_biases(model: Any, names: Iterable[str], images: npt.NDArray[np.uint8], levels: int) -> None:
    """Change the biases of some convolutions of an ONNX model, in place; one without a bias gets one.

    Args:
        model: an `onnx.ModelProto` of the pack contract whose nodes have names.
        names: of Conv nodes whose weights are constants.
        images: n×S×S×3 uint8 RGB that stand for what the network will see.
        levels: of the symmetric rounding to come: weights become −levels … levels, per output channel.
    """
    from onnx import numpy_helper

    chosen = set(names)
    nodes = [node for node in model.graph.node if node.name in chosen]
    means = _mean_inputs(model, sorted({node.input[0] for node in nodes}), images)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in nodes:
        weights = numpy_helper.to_array(constants[node.input[1]])
        shift = _shift(rounded(weights, levels) - weights, means[node.input[0]])
        if len(node.input) < 3:
            node.input.append(f"{node.name}_bias")
            constants[node.input[2]] = model.graph.initializer.add()
            bias = np.zeros(len(weights), np.float32)
        else:
            bias = numpy_helper.to_array(constants[node.input[2]])
        corrected = (bias - shift).astype(np.float32)
        constants[node.input[2]].CopyFrom(numpy_helper.from_array(corrected, node.input[2]))


def rounded(weights: Floats, levels: int) -> Floats:
    """Weights O×I×h×w as they come back from symmetric rounding, one scale per output channel."""
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1).reshape(-1, 1, 1, 1)
    scale = np.where(largest > 0, largest, 1.0) / levels
    return np.asarray(np.round(weights / scale) * scale, np.float32)


def _shift(error: Floats, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """By how much a weights' error O×I×h×w moves each output, for inputs of this mean per channel.

    With groups, output channels take their inputs from their own group's channels only.
    """
    outputs, inputs = error.shape[:2]
    per_group = outputs * inputs // len(mean)  # outputs per group: groups = channels / inputs
    own = mean.reshape(-1, inputs).repeat(per_group, axis=0)
    return np.asarray((error.sum(axis=(2, 3), dtype=np.float64) * own).sum(axis=1))


def _mean_inputs(
    model: Any, tensors: list[str], images: npt.NDArray[np.uint8]
) -> dict[str, npt.NDArray[np.float64]]:
    """The mean over images and space of tensors N×C×h×w, per channel."""
    import onnx
    from onnx import helper

    probe = onnx.ModelProto.FromString(model.SerializeToString())
    for i, name in enumerate(tensors):
        probe.graph.node.append(helper.make_node("GlobalAveragePool", [name], [f"mean_{i}"]))
        probe.graph.output.append(helper.make_empty_tensor_value_info(f"mean_{i}"))
    runner = OnnxModel(probe.SerializeToString())
    outputs = [f"mean_{i}" for i in range(len(tensors))]
    parts: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in tensors}
    for start in range(0, len(images), BATCH):
        found = runner.tensors(outputs, images[start : start + BATCH])
        for name, values in zip(tensors, found, strict=True):
            parts[name].append(values.mean(axis=(2, 3), dtype=np.float64))
    return {name: np.concatenate(rows).mean(axis=0) for name, rows in parts.items()}

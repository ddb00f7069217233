"""From a graph of the pack contract to one that computes its convolutions in eight bits.

Static quantisation in the QDQ form: standard ONNX operators only, which the runtime fuses. What was chosen,
for MobileNetV2 on validation images (training/EXPERIMENTS.md):

- Weights are signed, per output channel, and use seven of their eight bits. Processors without VNNI add two
  products of eight bits in 16, which saturates: the same file answered differently there. With seven
  bits the sum cannot overflow (2 · 255 · 64 < 2¹⁵), and the file gives the same numbers on all.
- Activations are unsigned with a zero point: behind ReLU6 no level is wasted.
- Sums of residual branches stay in float. Rounding them cost accuracy and gained no speed.
- The first sixteenth of the convolutions stays in float: little work, and every later layer feels it.
- Only what leads to the embedding is quantised; logits and maps are computed from it in float.
- Biases take back what rounding does to the mean (training/bias_correction.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bias_correction import correct_biases
from training.errors import NotQuantisable
from training.tensorflow_gate import require_onnxruntime

LEVELS = 64
"""Weights become −64 … 64."""
FLOAT_SHARE = 16
"""One in so many convolutions, from the input on, stays in float; at least one."""
_FUSED = ("Clip", "Relu")
_BATCH = 8


def quantise(graph: bytes, images: npt.NDArray[np.uint8]) -> bytes:
    """The same network with eight-bit convolutions; the same inputs give the same bytes.

    Args:
        graph: a graph of the pack contract, in float.
        images: n×S×S×3 uint8 RGB training images, from which the range of every activation is taken.

    Raises:
        NotQuantisable: the graph has too few convolutions, or no images are given.
    """
    require_onnxruntime()  # before its own quantisation module imports it: its telemetry is off then
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    if not len(images):
        raise NotQuantisable("There are no images to take the ranges of activations from.")
    model = onnx.load_from_string(graph)
    for i, node in enumerate(model.graph.node):
        node.name = node.name or f"n{i}"
    convolutions = _chosen(model.graph)
    correct_biases(model, convolutions, images, LEVELS)
    _mark_as_prepared(model)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            target,
            _Batches(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", *_FUSED],
            nodes_to_quantize=[*convolutions, *_followers(model.graph, convolutions)],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        quantised = onnx.load(str(target))
    _tidy(quantised)
    onnx.checker.check_model(quantised)
    return bytes(quantised.SerializeToString(deterministic=True))


def _chosen(graph: Any) -> list[str]:
    """Names of the convolutions to quantise: on the way to the embedding, less the first few."""
    constants = {tensor.name for tensor in graph.initializer}
    needed, convolutions = {"embedding"}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            if node.op_type == "Conv" and constants.issuperset(node.input[1:]):
                convolutions.append(node.name)
    convolutions.reverse()
    chosen = convolutions[max(1, len(convolutions) // FLOAT_SHARE) :]
    if not chosen:
        raise NotQuantisable("The network has too few convolutions to gain from eight bits.")
    return chosen


def _followers(graph: Any, convolutions: list[str]) -> list[str]:
    """Activations that directly follow: the runtime makes them part of the convolution's rounding."""
    outputs = {node.output[0] for node in graph.node if node.name in set(convolutions)}
    return [node.name for node in graph.node if node.op_type in _FUSED and node.input[0] in outputs]


class _Batches:
    """What the calibration reads from: a dictionary of inputs at a time, then None."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        self._left: Iterator[npt.NDArray[np.uint8]] = iter(
            [images[i : i + _BATCH] for i in range(0, len(images), _BATCH)]
        )

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._left, None)
        return None if batch is None else {"image": batch}


def _mark_as_prepared(model: Any) -> None:
    """Exported graphs are simplified already; unmarked ones make the quantiser write a remark to the log."""
    entry = model.metadata_props.add()
    entry.key, entry.value = "onnx.quant.pre_process", "onnxruntime.quant"


def _tidy(model: Any) -> None:
    """A header like that of the float graph, and no notes of the tools on the way."""
    import lungviewer

    del model.metadata_props[:], model.graph.value_info[:]
    for unused in [entry for entry in model.opset_import if entry.domain not in ("", "ai.onnx")]:
        model.opset_import.remove(unused)
    model.graph.name, model.graph.doc_string = "lungviewer int8", ""
    model.producer_name, model.producer_version, model.doc_string = "lungviewer", lungviewer.__version__, ""

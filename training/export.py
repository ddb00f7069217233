"""From a Keras network to the graph of the pack contract, checked against what was trained.

Input `image` uint8 N×S×S×3 RGB, scaling inside. Outputs `logits` N×C, `cam` N×C×h×w and `embedding` N×D
from one call. `cam` is Grad-CAM of every class (training/explanation.py): a 1×1 convolution for a mean →
dense head, a gradient built into the graph for any other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.trust import calibrated_probabilities
from training.architectures.model import ArchitectureModel
from training.errors import ParityError
from training.explanation import class_activation, contract_function, grad_cam, gradient_maps
from training.runtime import OUTPUTS, OnnxModel
from training.tensorflow_gate import require_tensorflow

OPSET = 17
PARITY_BATCH = 4
PARITY_IMAGES = 32
"""Validation images, evenly spread, that graph and network are compared on."""
MAX_PROBABILITY_DIFFERENCE = 1e-4
MAX_CAM_DIFFERENCE = 1e-3
"""Of the largest map value of the batch."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest absolute differences over `images` pictures: probabilities of Keras and ONNX Runtime; maps
    against Grad-CAM by gradient tape, as a share of the largest map value; embeddings likewise."""

    images: int
    probability: float
    cam: float
    embedding: float


def export_onnx(network: ArchitectureModel) -> bytes:
    """The contract graph of a network; the gradient is part of it when the head has hidden layers."""
    _, keras = require_tensorflow()
    classes = int(network.model.output_shape[-1])
    full = keras.Model(
        network.model.inputs[0], [network.backbone.output, network.model.output, network.embedder.output]
    )
    # As numpy: tensors caught by the function below would become inputs of the graph.
    kernel = None if network.dense is None else np.asarray(network.dense.kernel, np.float32)

    def parts(image: Any) -> Any:
        return full(image, training=False)

    def explain(found: Any) -> Any:
        if kernel is None:
            return gradient_maps(network.tail, found, classes)
        return class_activation(kernel, found)

    return convert(*contract_function(parts, explain, network.input_size))


def convert(function: Any, signature: list[Any], outputs: Sequence[str] = OUTPUTS) -> bytes:
    """A tf.function that returns its outputs by name, as a serialised, simplified ONNX graph; `outputs` is
    their order there."""
    import onnx
    import tf2onnx

    from training.onnx_passes import simplify

    # What it cannot convert fails the checks below; its log lines are not for the person who trains.
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    simplify(model)
    _tidy(model, outputs)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _tidy(model: Any, order: Sequence[str]) -> None:
    """Outputs in the contract's order, the batch dimension called N, no foreign names in the header."""
    import lungviewer

    graph = model.graph
    declared = sorted(graph.output, key=lambda output: order.index(output.name))
    copies = [type(output).FromString(output.SerializeToString()) for output in declared]
    del graph.output[:]
    graph.output.extend(copies)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    for unused in [o for o in model.opset_import if o.domain not in ("", "ai.onnx")]:
        model.opset_import.remove(unused)
    _rename(graph)
    graph.name, graph.doc_string = "lungviewer", ""
    model.producer_name, model.producer_version, model.doc_string = "lungviewer", lungviewer.__version__, ""
    del model.metadata_props[:]


def _rename(graph: Any) -> None:
    """Number tensors and nodes in order: TensorFlow's names count up within a process, and the same
    network must give the same bytes."""
    kept = {value.name for value in (*graph.input, *graph.output)}
    names: dict[str, str] = {"": ""}
    for node in graph.node:
        for name in (*node.input, *node.output):
            names.setdefault(name, name if name in kept else f"t{len(names)}")
    for i, node in enumerate(graph.node):
        node.name = f"n{i}"
        node.doc_string = ""
        renamed = [names[name] for name in node.input], [names[name] for name in node.output]
        del node.input[:], node.output[:]
        node.input.extend(renamed[0])
        node.output.extend(renamed[1])
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    ordered = sorted(graph.initializer, key=lambda tensor: int(tensor.name[1:]))
    copies = [type(tensor).FromString(tensor.SerializeToString()) for tensor in ordered]
    del graph.initializer[:]
    graph.initializer.extend(copies)


def check_parity(network: ArchitectureModel, graph: bytes, images: npt.NDArray[np.uint8]) -> Parity:
    """Compare the exported graph with the Keras network on real images, one batch N×S×S×3.

    Raises:
        ParityError: a probability moves by more than 1e-4, or a map by more than 0.1 % of the largest
            (1 % when its gradient passes hidden layers).
    """
    raw = OnnxModel(graph).predict(images)
    logits, expected, embedding = _as_trained(network, images)
    found = Parity(
        images=len(images),
        probability=_largest(calibrated_probabilities(raw.logits, 1), calibrated_probabilities(logits, 1)),
        cam=share_of_largest(raw.cam, expected),
        embedding=share_of_largest(raw.embedding, embedding),
    )
    if not found.probability <= MAX_PROBABILITY_DIFFERENCE:
        raise ParityError(f"The exported graph moves a probability by {found.probability:.1e}.")
    # A hidden unit at zero may be on in one and off in the other, and then its whole gradient differs.
    allowed = MAX_CAM_DIFFERENCE if network.dense is not None else 10 * MAX_CAM_DIFFERENCE
    if not max(found.cam, found.embedding) <= allowed:
        raise ParityError(f"The exported map differs from Grad-CAM by {found.cam:.1e} of its largest value.")
    return found


def _as_trained(
    network: ArchitectureModel, images: npt.NDArray[np.uint8]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What Keras says of N images: logits, Grad-CAM by gradient tape, embeddings. A few at a time: outside of
    a graph Keras keeps every layer's output, 90 MB for one image of 224 pixels."""
    parts = []
    for start in range(0, len(images), PARITY_BATCH):
        batch = images[start : start + PARITY_BATCH]
        logits = np.asarray(network.model(batch, training=False))
        maps = network.backbone(batch, training=False)
        embedding = np.asarray(network.embedder(batch, training=False))
        parts.append((logits, grad_cam(network.tail, maps, logits.shape[1]), embedding))
    logits, maps, embedding = (np.concatenate(part) for part in zip(*parts, strict=True))
    return logits, maps, embedding


def share_of_largest(found: npt.NDArray[np.floating], expected: npt.NDArray[np.floating]) -> float:
    """The largest absolute difference, as a share of the largest absolute value expected."""
    return _largest(found, expected) / max(float(np.abs(expected).max()), 1e-12)


def _largest(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())

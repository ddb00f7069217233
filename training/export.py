"""From a Keras network to the graph of the pack contract, checked against what was trained.

Input `image` uint8 N×S×S×3 RGB, scaling inside. Outputs `logits` N×C, `cam` N×C×h×w and `embedding` N×D
from one forward pass. For a mean → dense head, Grad-CAM of class c is exactly ReLU(Σ_k w_kc·A_k)/Z with
Z = h·w (Selvaraju et al. 2017, arXiv:1610.02391, section 3; Zhou et al. 2016, arXiv:1512.04150): one
1×1 convolution.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.trust import calibrated_probabilities
from training.architectures.model import ArchitectureModel
from training.errors import ParityError
from training.runtime import OnnxModel
from training.tensorflow_gate import require_tensorflow

OPSET = 17
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
    """The contract graph of a network with a mean → dense head.

    Raises:
        ParityError: the network has no such head.
    """
    if network.dense is None:
        raise ParityError("Only heads of mean and dense can be exported so far.")
    tf, _ = require_tensorflow()
    # As numpy: tensors caught by the function below would become inputs of the graph.
    weights, bias = (np.asarray(v, np.float32) for v in (network.dense.kernel, network.dense.bias))
    size = network.input_size
    signature = [tf.TensorSpec([None, size, size, 3], tf.uint8, name="image")]

    @tf.function(input_signature=signature, autograph=False)
    def contract(image: Any) -> dict[str, Any]:
        maps = network.backbone(image, training=False)
        embedding = tf.reduce_mean(maps, [1, 2])
        # Dividing the weights, not the result, spares a pass; ReLU and a positive factor commute.
        kernel = (weights / (maps.shape[1] * maps.shape[2]))[None, None]
        scores = tf.nn.relu(tf.nn.conv2d(maps, tf.constant(kernel, tf.float32), 1, "VALID"))
        return {
            "logits": tf.matmul(embedding, weights) + bias,
            "cam": tf.transpose(scores, [0, 3, 1, 2]),
            "embedding": embedding,
        }

    return convert(contract, signature)


def convert(function: Any, signature: list[Any]) -> bytes:
    """A tf.function that returns the three outputs by name, as a serialised, simplified ONNX graph."""
    import onnx
    import tf2onnx

    from training.onnx_passes import simplify

    # What it cannot convert fails the checks below; its log lines are not for the person who trains.
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    simplify(model)
    _tidy(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _tidy(model: Any) -> None:
    """Outputs in the contract's order, the batch dimension called N, no foreign names in the header."""
    import lungviewer

    graph = model.graph
    order = ["logits", "cam", "embedding"]
    outputs = sorted(graph.output, key=lambda output: order.index(output.name))
    copies = [type(output).FromString(output.SerializeToString()) for output in outputs]
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


def grad_cam(network: ArchitectureModel, batch: npt.NDArray[np.uint8]) -> FloatArray:
    """Grad-CAM of every class by `tf.GradientTape`, N×C×h×w: the definition, not the shortcut.

    Weights are the mean over space of the logit's gradient with respect to the last feature maps.
    """
    tf, _ = require_tensorflow()
    maps = network.backbone(tf.constant(batch), training=False)
    result = []
    for target in range(int(network.head.output_shape[-1])):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logit = network.head(tf.reduce_mean(maps, [1, 2]), training=False)[:, target]
        weights = tf.reduce_mean(tape.gradient(logit, maps), [1, 2], keepdims=True)
        result.append(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)).numpy())
    return np.stack(result, axis=1)


def check_parity(network: ArchitectureModel, graph: bytes, images: npt.NDArray[np.uint8]) -> Parity:
    """Compare the exported graph with the Keras network on real images, one batch N×S×S×3.

    Raises:
        ParityError: a probability moves by more than 1e-4, or a map by more than 0.1 % of the largest.
    """
    raw = OnnxModel(graph).predict(images)
    logits = np.asarray(network.model(images, training=False))
    expected = grad_cam(network, images)
    embedding = np.asarray(network.embedder(images, training=False))
    found = Parity(
        images=len(images),
        probability=_largest(calibrated_probabilities(raw.logits, 1), calibrated_probabilities(logits, 1)),
        cam=_largest(raw.cam, expected) / max(float(expected.max()), 1e-12),
        embedding=_largest(raw.embedding, embedding) / max(float(np.abs(embedding).max()), 1e-12),
    )
    if not found.probability <= MAX_PROBABILITY_DIFFERENCE:
        raise ParityError(f"The exported graph moves a probability by {found.probability:.1e}.")
    if not max(found.cam, found.embedding) <= MAX_CAM_DIFFERENCE:
        raise ParityError(f"The exported map differs from Grad-CAM by {found.cam:.1e} of its largest value.")
    return found


def _largest(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())

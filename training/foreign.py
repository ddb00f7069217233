"""Take somebody else's classifier apart: feature maps, head and logits, whatever its last layers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.model import ExplainSpec
from training.errors import ImportRefused
from training.explanation import class_activation, contract_function, gradient_maps, widen
from training.tensorflow_gate import require_tensorflow

SCALINGS = ("none", "0-1", "-1-1", "imagenet", "caffe")
"""How the model wants its pixels: 0…255; 0…1; −1…1; ImageNet mean and deviation of 0…1 (PyTorch's);
BGR less ImageNet's mean (Caffe's, as Keras' own ResNet50)."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A classifier in parts.

    `full` maps scaled pixels to [maps N×h×w×D, raw outputs, embedding N×E] and `head` maps to raw
    outputs; `after_mean` does so from the maps' mean over space, when the head starts with that.
    `activation` is what the outputs went through ("softmax", "sigmoid" or "linear"), and has been taken
    off. `dense` is the last layer when the head is mean → dense.
    """

    full: Any
    head: Any
    after_mean: Any | None
    activation: str
    dense: Any | None
    channels: int
    explain: ExplainSpec


def take_apart(model: Any, classes: int, size: int) -> Foreign:
    """Find the last feature maps and the logits. Changes the model: its last activation is removed.

    Raises:
        ImportRefused: more than one input or output, another size, or a head that is not understood.
    """
    _, keras = require_tensorflow()
    layers = keras.layers
    if len(model.layers) == 2 and isinstance(model.layers[1], keras.Model):
        model = model.layers[1]
    channels = _check_ends(model, classes, size)
    output = model.outputs[0]
    chain = _back_to_maps(output)
    operations = [operation for operation, _ in chain]
    maps = chain[-1][1]
    if getattr(operations[-1], "data_format", "channels_last") != "channels_last":
        raise ImportRefused("The model keeps channels first, which is not supported.")
    logits, activation = output, _activation_of(operations[0])
    if isinstance(operations[0], layers.Softmax | layers.Activation):
        logits, operations = chain[0][1], operations[1:]
    elif isinstance(operations[0], layers.Dense):
        operations[0].activation = keras.activations.linear
    dense = operations[0] if operations and isinstance(operations[0], layers.Dense) else None
    if dense is not None and dense.activation is not keras.activations.linear:
        raise ImportRefused("The model's outputs go through two activations.")
    embedding = layers.GlobalAveragePooling2D()(maps) if dense is None else _input_of(logits)
    if len(embedding.shape) != 2:
        raise ImportRefused("The model's last layer does not work on one vector per image.")
    pools = isinstance(operations[-1], layers.GlobalAveragePooling2D)
    plain = dense is not None and pools
    plain = plain and all(isinstance(op, layers.Dropout | layers.Identity) for op in operations[1:-1])
    return Foreign(
        full=keras.Model(model.inputs, [maps, logits, embedding]),
        head=keras.Model(maps, logits),
        after_mean=keras.Model(chain[-2][1], logits) if pools and len(operations) > 1 else None,
        activation=activation,
        dense=dense if plain else None,
        channels=channels,
        explain=ExplainSpec("cam" if plain else "grad-cam", maps._keras_history.operation.name),
    )


def _check_ends(model: Any, classes: int, size: int) -> int:
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        raise ImportRefused("The model must have one input and one output.")
    shape, outputs = model.inputs[0].shape, model.outputs[0].shape
    if len(shape) != 4 or shape[3] not in (1, 3):
        raise ImportRefused("The model does not read images with one or three channels last.")
    if any(side not in (None, size) for side in shape[1:3]):
        raise ImportRefused(f"The model reads {shape[1]} × {shape[2]} pixels, not {size} × {size}.")
    if len(outputs) != 2 or outputs[1] != (1 if classes == 2 and outputs[1] == 1 else classes):
        raise ImportRefused(f"The model has {outputs[-1]} outputs; {classes} classes were named.")
    return int(shape[3])


def _input_of(tensor: Any) -> Any:
    history = tensor._keras_history
    inputs = history.operation._inbound_nodes[history.node_index].input_tensors
    if len(inputs) != 1:
        raise ImportRefused("The model's last layers are not one after another.")
    return inputs[0]


def _back_to_maps(output: Any) -> list[tuple[Any, Any]]:
    """(operation, its input) from the output back to the first input that is an image of features."""
    chain = []
    tensor = output
    while len(tensor.shape) != 4 or tuple(tensor.shape[1:3]) == (1, 1):
        operation = tensor._keras_history.operation
        if not operation._inbound_nodes or not operation._inbound_nodes[0].input_tensors:
            raise ImportRefused("The model has no feature maps to explain its answers with.")
        if hasattr(operation, "layers"):
            raise ImportRefused("The model's last part is a model within the model, which is not supported.")
        tensor = _input_of(tensor)
        chain.append((operation, tensor))
    if not chain:
        raise ImportRefused("The model's output is an image, not a class.")
    return chain


def _activation_of(operation: Any) -> str:
    _, keras = require_tensorflow()
    if isinstance(operation, keras.layers.Softmax):
        return "softmax"
    function = getattr(operation, "activation", None)
    if function is None or function is keras.activations.linear:
        return "linear"
    if function is keras.activations.softmax:
        return "softmax"
    if function is keras.activations.sigmoid and operation.output.shape[-1] == 1:
        return "sigmoid"
    raise ImportRefused("The model's outputs are neither logits nor softmax.")


# --- in a graph or eagerly ---------------------------------------------------------------------------


def scale_pixels(image: Any, scaling: str, channels: int) -> Any:
    """uint8 N×S×S×3 as the model wants it, in TensorFlow."""
    tf, _ = require_tensorflow()
    x = tf.cast(image, tf.float32)
    if channels == 1:
        x = tf.reduce_sum(x * tf.constant(_GREY), axis=-1, keepdims=True)
    if scaling == "0-1":
        return x / 255.0
    if scaling == "-1-1":
        return x / 127.5 - 1.0
    if scaling in ("imagenet", "caffe") and channels != 3:
        raise ImportRefused("This scaling needs a model with three channels.")
    if scaling == "imagenet":
        return (x / 255.0 - tf.constant(_MEAN)) / tf.constant(_DEVIATION)
    if scaling == "caffe":
        # A 1×1 convolution: reversing a dimension has no simple operator in ONNX.
        return tf.nn.conv2d(x, tf.constant(np.eye(3, dtype=np.float32)[::-1][None, None]), 1, "VALID") - (
            tf.constant(_CAFFE_MEAN)
        )
    return x


def foreign_contract(foreign: Foreign, classes: int, size: int, scaling: str) -> tuple[Any, list[Any]]:
    """The contract as a tf.function, and its signature."""

    def parts(image: Any) -> tuple[Any, Any, Any]:
        scaled = scale_pixels(image, scaling, foreign.channels)
        maps, raw, embedding = foreign.full(scaled, training=False)
        return maps, widen(raw), embedding

    kernel = None if foreign.dense is None else _widened_kernel(foreign.dense)

    def explain(maps: Any) -> Any:
        if kernel is None:
            return gradient_maps(foreign.head, maps, classes, foreign.after_mean)
        return class_activation(kernel, maps)

    return contract_function(parts, explain, size)


def _widened_kernel(dense: Any) -> FloatArray:
    kernel = np.asarray(dense.kernel, np.float32)
    return np.concatenate([-kernel / 2, kernel / 2], axis=1) if kernel.shape[1] == 1 else kernel


def probabilities(outputs: npt.NDArray[np.floating], activation: str) -> npt.NDArray[np.float64]:
    """What the model itself says, N×C, from its untouched outputs."""
    values = np.asarray(outputs, np.float64)
    if activation == "sigmoid":
        return np.concatenate([1 - values, values], axis=1)
    if activation == "softmax":
        return values
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))

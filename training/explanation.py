"""Grad-CAM of every class, by gradient tape or as part of a graph (Selvaraju et al. 2017, arXiv:1610.02391).

The weight of feature map k for class c is the mean over space of ∂logit_c/∂A_k; the map is
ReLU(Σ_k weight·A_k). When the logits are a dense layer on the maps' mean over space, the weights are that
layer's own divided by h·w (section 3; Zhou et al. 2016, arXiv:1512.04150), and no gradient is needed.

Throughout: `tail` is the network after its feature maps, N×h×w×D → logits N×C (or N×1 for two classes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lungviewer.core.backend import FloatArray
from training.tensorflow_gate import require_tensorflow

Tensor = Any
"""Keras and TensorFlow have no usable types."""


def contract_function(
    parts: Callable[[Tensor], Sequence[Tensor]], explain: Callable[[Tensor], Tensor], size: int
) -> tuple[Any, list[Any]]:
    """The pack contract as a tf.function, and its signature.

    Args:
        parts: uint8 N×S×S×3 → (maps, logits, embedding).
        explain: maps N×h×w×D → N×C×h×w.
        size: S in pixels.
    """
    tf, _ = require_tensorflow()
    signature = [tf.TensorSpec([None, size, size, 3], tf.uint8, name="image")]

    @tf.function(input_signature=signature, autograph=False)
    def contract(image: Tensor) -> dict[str, Tensor]:
        maps, logits, embedding = parts(image)
        return {"logits": logits, "cam": explain(maps), "embedding": tf.identity(embedding)}

    return contract, signature


def class_activation(kernel: FloatArray, maps: Tensor) -> Tensor:
    """Grad-CAM of a mean → dense head with weights D×C, as one 1×1 convolution: N×C×h×w."""
    tf, _ = require_tensorflow()
    # Dividing the weights, not the result, spares a pass; ReLU and a positive factor commute.
    weights = tf.constant(kernel[None, None] / (maps.shape[1] * maps.shape[2]), tf.float32)
    scores = tf.nn.relu(tf.nn.conv2d(maps, weights, 1, "VALID"))
    return tf.transpose(scores, [0, 3, 1, 2])


def grad_cam(tail: Any, maps: Tensor, classes: int) -> FloatArray:
    """Grad-CAM by gradient tape, N×C×h×w: the definition, not the shortcut."""
    return np.asarray(_weighted(tail, maps, maps, classes))


def gradient_maps(tail: Any, maps: Tensor, classes: int, after_mean: Any | None = None) -> Tensor:
    """The same within a graph that is to be converted.

    Args:
        after_mean: the tail without its mean over space, when it begins with one: the mean is not derived
            but written down, as its gradient is the same everywhere (the converter makes shapes of it that
            do not run).
    """
    tf, _ = require_tensorflow()
    if after_mean is None:
        with _masked_relu(tail.layers):
            return _weighted(tail, maps, maps, classes)
    keep = len(after_mean.inputs[0].shape) == 4
    mean = tf.reduce_mean(maps, [1, 2], keepdims=keep)
    with _masked_relu(after_mean.layers):
        return _weighted(after_mean, mean, maps, classes)


def widen(raw: Tensor) -> Tensor:
    """Logits of two classes from the one output of a binary model: softmax of ∓z/2 is sigmoid of z."""
    tf, _ = require_tensorflow()
    return tf.concat([-raw / 2, raw / 2], axis=-1) if raw.shape[-1] == 1 else raw


def _weighted(head: Any, start: Tensor, maps: Tensor, classes: int) -> Tensor:
    tf, _ = require_tensorflow()
    cells = maps.shape[1] * maps.shape[2]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(start)
        logits = widen(head(start, training=False))
        # Products, not slices: the converter knows their gradient.
        targets = [logits * tf.one_hot(target, classes) for target in range(classes)]
    result = []
    for target in targets:
        gradient = tape.gradient(target, start)
        if len(gradient.shape) == 2:
            gradient = tf.expand_dims(tf.expand_dims(gradient, 1), 1)
        # With respect to the maps, their mean; with respect to their mean, the same sum in one piece.
        weights = tf.reduce_sum(gradient, [1, 2], keepdims=True) / cells
        result.append(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)))
    return tf.stack(result, axis=1)


@contextmanager
def _masked_relu(layers: Sequence[Any]) -> Iterator[None]:
    """The converter knows no gradient of ReLU; as a product with a mask it needs none."""
    tf, keras = require_tensorflow()

    def masked(x: Tensor) -> Tensor:
        return x * tf.stop_gradient(tf.cast(x > 0, x.dtype))

    activated = [each for each in layers if getattr(each, "activation", None) is keras.activations.relu]
    plain = [
        each
        for each in layers
        if isinstance(each, keras.layers.ReLU)
        and not (each.max_value or each.negative_slope or each.threshold)
    ]
    for layer in activated:
        layer.activation = masked
    for layer in plain:
        layer.call = masked
    try:
        yield
    finally:
        for layer in activated:
            layer.activation = keras.activations.relu
        for layer in plain:
            del layer.call

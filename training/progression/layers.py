"""Parts of the networks that Keras does not have: the stage axis, spectral normalisation, a norm by pixel."""

from __future__ import annotations

from functools import cache
from typing import Any

from training.progression.settings import STAGES
from training.tensorflow_gate import require_tensorflow

COUNT = len(STAGES)


def stage_weights(stage: Any) -> Any:
    """Shares of the stages at places on the axis: N → N×3. 1 at a stage's own place, falling to 0 at its
    neighbours', so that every place between two stages is a mixture of just these."""
    tf, _ = require_tensorflow()
    places = tf.constant([s.position for s in STAGES], tf.float32)
    clipped = tf.clip_by_value(tf.reshape(stage, (-1, 1)), STAGES[0].position, STAGES[-1].position)
    return tf.nn.relu(1.0 - tf.abs(clipped - places))


def expected_stage(logits: Any) -> Any:
    """The mean place on the axis under the stages' probabilities: N×3 → N."""
    tf, _ = require_tensorflow()
    places = tf.constant([s.position for s in STAGES], tf.float32)
    return tf.reduce_sum(tf.nn.softmax(logits) * places, axis=1)


@cache
def _classes() -> dict[str, Any]:
    """The layers' classes, made when Keras is first needed."""
    tf, keras = require_tensorflow()

    layer: Any = keras.layers.Layer

    class StageWeights(layer):  # type: ignore[misc]
        def call(self, stage: Any) -> Any:
            return stage_weights(stage)

    class PixelNorm(layer):  # type: ignore[misc]
        def call(self, values: Any) -> Any:
            return values / tf.sqrt(tf.reduce_mean(values * values, axis=-1, keepdims=True) + 1e-6)

    class Spectral(layer):  # type: ignore[misc]
        """A convolution or dense layer whose kernel is divided by its largest singular value."""

        def __init__(self, channels: int, window: int = 0, strides: int = 1) -> None:
            super().__init__()
            self._channels, self._window, self._strides = channels, window, strides

        def build(self, shape: Any) -> None:
            inside = int(shape[-1])
            sides = (self._window, self._window) if self._window else ()
            self.kernel = self.add_weight(
                shape=(*sides, inside, self._channels), initializer="orthogonal", name="kernel"
            )
            self.bias = self.add_weight(shape=(self._channels,), initializer="zeros", name="bias")
            self.direction = self.add_weight(
                shape=(self._channels, 1), initializer="random_normal", trainable=False, name="direction"
            )

        def call(self, values: Any, training: bool = False) -> Any:
            flat = tf.reshape(tf.convert_to_tensor(self.kernel), (-1, self._channels))
            right = tf.convert_to_tensor(self.direction)
            left = tf.math.l2_normalize(tf.stop_gradient(tf.matmul(flat, right)))
            right = tf.math.l2_normalize(tf.stop_gradient(tf.matmul(flat, left, transpose_a=True)))
            if training:
                self.direction.assign(right)
            norm = tf.matmul(left, tf.matmul(flat, right), transpose_a=True)[0, 0]
            kernel = self.kernel / norm
            if not self._window:
                return tf.matmul(values, kernel) + self.bias
            return tf.nn.conv2d(values, kernel, self._strides, "SAME") + self.bias

    return {"StageWeights": StageWeights, "PixelNorm": PixelNorm, "Spectral": Spectral}


def stage_weights_layer() -> Any:
    """`stage_weights` as a layer."""
    return _classes()["StageWeights"]()


def pixel_norm() -> Any:
    """Every pixel's vector of channels brought to mean square 1 (Karras et al. 2018, arXiv:1710.10196)."""
    return _classes()["PixelNorm"]()


def spectral_conv(channels: int, window: int, strides: int = 1) -> Any:
    """A convolution with spectral normalisation (Miyato et al. 2018, arXiv:1802.05957), a step a call."""
    return _classes()["Spectral"](channels, window, strides)


def spectral_dense(channels: int) -> Any:
    """A dense layer with spectral normalisation."""
    return _classes()["Spectral"](channels)

"""An encoder for a generator that has none: picture → latent and stage, the generator frozen.

Trained on what the generator draws, whose latents are known, and on real slices, which must come back through
the generator.
"""

from __future__ import annotations

from typing import Any

from training.progression.layers import stage_weights
from training.progression.settings import Settings
from training.progression.trainer import Averages, Drawn, adam, apply
from training.tensorflow_gate import require_tensorflow

LATENT = 0.3
"""Weight of the distance between the latents of drawn pictures and what the encoder says."""
STAGE = 0.1


class Inversion:
    """One step of it, and its state."""

    def __init__(self, generator: Any, encoder: Any, settings: Settings) -> None:
        tf, _ = require_tensorflow()
        self._tf, self._generator, self._encoder = tf, generator, encoder
        self._averages = Averages(encoder.variables, settings.average)
        self._optimizer = adam(settings.learning_rate, encoder.trainable_variables)
        self._compiled = tf.function(self._step, autograph=False)

    def step(self, drawn: Drawn) -> dict[str, float]:
        """Train one step. Returns the terms of the loss by name."""
        tf = self._tf
        parts = (drawn.real, drawn.stages, drawn.latent, drawn.aims)
        losses = self._compiled(*(tf.constant(part) for part in parts))
        return {name: float(value) for name, value in losses.items()}

    def use_average(self) -> None:
        self._averages.use()

    def state(self) -> list[Any]:
        return [*self._encoder.variables, *self._averages.state, *self._optimizer.variables]

    def _step(self, real: Any, stages: Any, latent: Any, aims: Any) -> dict[str, Any]:
        tf = self._tf
        made = self._generator([latent, aims], training=False)
        with tf.GradientTape() as tape:
            code, _, logits = self._encoder(tf.concat([real, made], 0), training=True)
            count = tf.shape(real)[0]
            back = self._generator([code[:count], stages], training=False)
            shares = stage_weights(tf.concat([stages, aims], 0))
            found = {
                "pixels": tf.reduce_mean(tf.abs(back - real)),
                "latent": tf.reduce_mean(tf.square(code[count:] - latent)),
                "stage": tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(shares, logits)),
            }
            loss = found["pixels"] + LATENT * found["latent"] + STAGE * found["stage"]
        apply(self._optimizer, tape, loss, self._encoder.trainable_variables)
        self._averages.update()
        return found

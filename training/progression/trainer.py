"""What both methods share: networks, moving averages, what is drawn for a step, and the state of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.backend import FloatArray
from training.progression.diff_augment import augment, draws
from training.progression.layers import stage_weights
from training.progression.networks import build_discriminator
from training.progression.pretrained import build_pretrained_discriminator
from training.progression.settings import STAGES, Settings
from training.progression.slices import Batches
from training.tensorflow_gate import require_tensorflow

BETA_1, BETA_2 = 0.5, 0.99
"""Of Adam, for networks that play against one another."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a step is given: real pictures and their stages, latents of made-up people, noise for encoded
    ones, shares of the batch's codes in new ones, places on the axis to draw at, and how real and drawn
    pictures are altered."""

    real: FloatArray
    stages: FloatArray
    latent: FloatArray
    noise: FloatArray
    shares: FloatArray
    aims: FloatArray
    alter_real: FloatArray
    alter_drawn: FloatArray


def draw_step(batches: Batches, settings: Settings, number: int) -> Drawn:
    """Everything random about step `number`: the same after a pause as without one."""
    random = np.random.default_rng((settings.seed, number, 2))
    real, stages = batches.draw(number)
    shape = (settings.batch, settings.latent)
    # Half at the stages themselves, where real slices are, half anywhere between them.
    whole = random.integers(0, len(STAGES), settings.batch).astype(np.float32)
    between = random.uniform(STAGES[0].position, STAGES[-1].position, settings.batch).astype(np.float32)
    aims = np.where(np.arange(settings.batch) % 2 == 0, whole, between).astype(np.float32)
    latent, noise = random.standard_normal((2, *shape), np.float32)
    alter_real, alter_drawn = draws(random), draws(random)
    shares = random.standard_normal((settings.batch, settings.batch), np.float32)
    return Drawn(real, stages, latent, noise, shares, aims, alter_real, alter_drawn)


class Averages:
    """Moving averages of variables (as Polyak & Juditsky 1992), to be kept instead of the last values."""

    def __init__(self, variables: Sequence[Any], decay: float) -> None:
        self._tf, _ = require_tensorflow()
        self._variables, self._decay = list(variables), decay
        self.values = [self._tf.Variable(v.value, trainable=False) for v in self._variables]
        self.steps = self._tf.Variable(0.0, trainable=False)

    def update(self) -> None:
        """One step, inside a compiled function; a short memory at first, or the start would stay for long."""
        decay = self._tf.minimum(self._decay, (1 + self.steps) / (10 + self.steps))
        self.steps.assign_add(1.0)
        for average, variable in zip(self.values, self._variables, strict=True):
            average.assign(decay * average + (1 - decay) * self._tf.convert_to_tensor(variable))

    def use(self) -> None:
        """Give the variables their averages."""
        for average, variable in zip(self.values, self._variables, strict=True):
            variable.assign(average)

    @property
    def state(self) -> list[Any]:
        return [self.steps, *self.values]


def discriminator_of(settings: Settings, weights: Path | None) -> Any:
    """The discriminator that a run's settings ask for; `weights` are the pretrained one's, which a checkpoint
    brings too.

    Raises:
        DataProblem: the weights file is of another network.
    """
    if settings.pretrained:
        return build_pretrained_discriminator(settings, weights)
    return build_discriminator(settings)


def adam(rate: float, variables: Sequence[Any]) -> Any:
    """Adam for adversarial training, its slots made."""
    _, keras = require_tensorflow()
    optimizer = keras.optimizers.Adam(rate, beta_1=BETA_1, beta_2=BETA_2)
    optimizer.build(list(variables))
    return optimizer


def apply(optimizer: Any, tape: Any, loss: Any, variables: Sequence[Any]) -> None:
    """One optimiser step on some variables; those that a loss does not reach stay."""
    tf, _ = require_tensorflow()
    zero = tf.UnconnectedGradients.ZERO
    # Not Keras' own variables: TensorFlow cannot make zeros of their type.
    sources = [variable.value for variable in variables]
    gradients = tape.gradient(loss, sources, unconnected_gradients=zero)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def hinge(real: Any, drawn: Any) -> Any:
    """The discriminator's loss (Lim & Ye 2017, arXiv:1705.02894)."""
    tf, _ = require_tensorflow()
    return tf.reduce_mean(tf.nn.relu(1.0 - real)) + tf.reduce_mean(tf.nn.relu(1.0 + drawn))


def stage_told(stages: Any, logits: Any) -> Any:
    """How far pictures are from showing their places on the axis: the mean cross-entropy in nats, of the
    mixture of stages that a place stands for."""
    tf, _ = require_tensorflow()
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(stage_weights(stages), logits))


class GradientPenalty:
    """The lazy R1 penalty on real pictures (Mescheder et al. 2018, arXiv:1801.04406; taken every few steps
    and weighted accordingly as Karras et al. 2020, arXiv:1912.04958)."""

    def __init__(self, discriminator: Any, optimizer: Any, settings: Settings) -> None:
        tf, _ = require_tensorflow()
        self._every = settings.r1_every if settings.r1 and not settings.pretrained else 0
        weight = settings.r1 * settings.r1_every / 2

        def penalise(real: Any, stages: Any, drawn: Any) -> None:
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    inner.watch(real)
                    scores = discriminator([augment(real, drawn), stages], training=False)[0]
                    total = tf.reduce_sum(scores)
                slope = inner.gradient(total, real)
                loss = weight * tf.reduce_mean(tf.reduce_sum(tf.square(slope), axis=(1, 2, 3)))
            apply(optimizer, outer, loss, discriminator.trainable_variables)

        self._penalise = tf.function(penalise, autograph=False)

    def maybe(self, number: int, drawn: Drawn) -> None:
        if self._every and number % self._every == 0:
            tf, _ = require_tensorflow()
            self._penalise(tf.constant(drawn.real), tf.constant(drawn.stages), tf.constant(drawn.alter_real))

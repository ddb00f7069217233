"""The GAN: a conditional generator against a projection discriminator, hinge loss, altered pictures.

Made for few pictures: differentiable augmentation, spectral normalisation, lazy R1, averaged weights and a
light generator (compare Liu et al. 2021, arXiv:2101.04775). Its encoder is trained afterwards
(training/progression/inversion.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.progression.diff_augment import augment
from training.progression.inversion import Inversion
from training.progression.networks import build_encoder, build_generator
from training.progression.settings import Settings
from training.progression.trainer import (
    Averages,
    Drawn,
    GradientPenalty,
    adam,
    apply,
    discriminator_of,
    hinge,
    stage_told,
)
from training.tensorflow_gate import require_tensorflow


class GanTrainer:
    """All networks of the method, one step of it, and its state. After `settings.steps` the generator has
    its averaged weights for good, and the encoder is trained for `settings.inversion_steps`."""

    def __init__(self, settings: Settings, weights: Path | None = None) -> None:
        tf, _ = require_tensorflow(settings.seed)
        self._tf, self._settings = tf, settings
        self.generator, self.encoder = build_generator(settings), build_encoder(settings)
        self._discriminator = discriminator_of(settings, weights)
        self._averages = Averages(self.generator.variables, settings.average)
        self._optimizer = adam(settings.learning_rate, self.generator.trainable_variables)
        self._against = adam(settings.learning_rate, self._discriminator.trainable_variables)
        self._penalty = GradientPenalty(self._discriminator, self._against, settings)
        self._inversion = Inversion(self.generator, self.encoder, settings)
        self._compiled = tf.function(self._step, autograph=False)

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self._settings.steps + self._settings.inversion_steps

    def step(self, number: int, drawn: Drawn) -> dict[str, float]:
        """Train step `number`, from 1. Returns the terms of the loss by name."""
        if number == self._settings.steps + 1:
            self._averages.use()
        if number > self._settings.steps:
            return self._inversion.step(drawn)
        tf = self._tf
        parts = (drawn.real, drawn.stages, drawn.latent, drawn.aims, drawn.alter_real, drawn.alter_drawn)
        losses = self._compiled(*(tf.constant(part) for part in parts))
        self._penalty.maybe(number, drawn)
        return {name: float(value) for name, value in losses.items()}

    def use_average(self) -> None:
        """Leave the generator and the encoder with their averaged weights; training ends with it."""
        self._averages.use()
        self._inversion.use_average()

    def state(self) -> list[Any]:
        """Everything a checkpoint needs, in a fixed order."""
        slots = [*self._optimizer.variables, *self._against.variables]
        networks = [*self.generator.variables, *self._discriminator.variables]
        return [*networks, *self._averages.state, *slots, *self._inversion.state()]

    def _step(
        self, real: Any, stages: Any, latent: Any, aims: Any, alter_real: Any, alter_drawn: Any
    ) -> dict[str, Any]:
        tf, score = self._tf, self._discriminator
        with tf.GradientTape(persistent=True) as tape:
            made = self.generator([latent, aims], training=True)
            drawn, *_, shown = score([augment(made, alter_drawn), aims], training=True)
            true, *_, known = score([augment(real, alter_real), stages], training=False)
            found = {"generator": -tf.reduce_mean(drawn), "discriminator": hinge(true, drawn)}
            found |= {"told": stage_told(aims, shown), "known": stage_told(stages, known)}
            loss = found["generator"] + self._settings.told * found["told"]
            against = found["discriminator"] + found["known"]
        apply(self._optimizer, tape, loss, self.generator.trainable_variables)
        apply(self._against, tape, against, score.trainable_variables)
        del tape
        self._averages.update()
        return found

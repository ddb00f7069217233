"""The autoencoder: encoder and generator learn to give a slice back, and to move it along the axis.

A variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114) with a discriminator (Larsen et al. 2016,
arXiv:1512.09300). Per step: (1) slices given back at their own stage, compared by pixels and by the
discriminator's features; (2) half of them drawn at another place on the axis, and as many made-up people
(their codes vary as the batch's do: that is where they are drawn from later, see frame.py), all of which must
look real to the discriminator and show it that stage, the former as they were at an eighth of the size;
(3) latents that tell the stage are punished through a network that looks for it (as Lample et al. 2017,
arXiv:1706.00409), so that only the axis can change it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from training.progression.diff_augment import augment
from training.progression.networks import build_encoder, build_generator, build_stage_seeker
from training.progression.settings import STAGES, Settings
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

STAGE_HEAD = 0.1
"""Weight of the encoder's own guess of the stage."""
LARGEST_LOG_VARIANCE = 2.0


class AutoencoderTrainer:
    """All networks of the method, one step of it, and its state."""

    def __init__(self, settings: Settings, weights: Path | None = None) -> None:
        tf, _ = require_tensorflow(settings.seed)
        self._tf, self._settings = tf, settings
        self.generator, self.encoder = build_generator(settings), build_encoder(settings)
        self._discriminator, self._seeker = discriminator_of(settings, weights), build_stage_seeker(settings)
        self._learned = [*self.generator.trainable_variables, *self.encoder.trainable_variables]
        self._kept = [*self.generator.variables, *self.encoder.variables]
        self._averages = Averages(self._kept, settings.average)
        rate = settings.learning_rate
        self._optimizer = adam(rate, self._learned)
        self._against = adam(rate, self._discriminator.trainable_variables)
        self._seeking = adam(rate, self._seeker.trainable_variables)
        self._penalty = GradientPenalty(self._discriminator, self._against, settings)
        self._compiled = {
            playing: tf.function(self._step_of(playing), autograph=False) for playing in (False, True)
        }

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self._settings.steps

    def step(self, number: int, drawn: Drawn) -> dict[str, float]:
        """Train step `number`, from 1. Returns the terms of the loss by name."""
        tf, playing = self._tf, number > self._settings.warm_up
        parts = (drawn.real, drawn.stages, drawn.noise, drawn.shares, drawn.aims)
        alter = (drawn.alter_real, drawn.alter_drawn)
        losses = self._compiled[playing](*(tf.constant(part) for part in (*parts, *alter)))
        if playing:
            self._penalty.maybe(number, drawn)
        return {name: float(value) for name, value in losses.items()}

    def use_average(self) -> None:
        """Leave the generator and the encoder with their averaged weights; training ends with it."""
        self._averages.use()

    def state(self) -> list[Any]:
        """Everything a checkpoint needs, in a fixed order."""
        optimizers = (self._optimizer, self._against, self._seeking)
        slots = [v for optimizer in optimizers for v in optimizer.variables]
        networks = [*self._kept, *self._discriminator.variables, *self._seeker.variables]
        return [*networks, *self._averages.state, *slots]

    def _step_of(self, playing: bool) -> Any:
        tf, s = self._tf, self._settings
        half = s.batch // 2
        judged = 2 * s.batch - half
        score = self._discriminator

        def step(
            real: Any, stages: Any, noise: Any, shares: Any, aims: Any, alter_real: Any, alter_drawn: Any
        ) -> dict[str, Any]:
            labels = tf.cast(tf.round(stages - STAGES[0].position), tf.int32)
            with tf.GradientTape(persistent=True) as tape:
                mean, log_variance, stage_logits = self.encoder(real, training=True)
                log_variance = tf.minimum(log_variance, LARGEST_LOG_VARIANCE)
                code = mean + tf.exp(0.5 * log_variance) * noise
                back = self.generator([code, stages], training=True)
                found = {"pixels": _difference(tf, real, back)}
                found["kl"] = 0.5 * tf.reduce_mean(
                    tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, 1)
                )
                found["stage"] = _entropy(tf, labels, stage_logits)
                sought = _entropy(tf, labels, self._seeker(tf.stop_gradient(mean)))
                hidden = tf.nn.relu(math.log(len(STAGES)) - _entropy(tf, labels, self._seeker(mean)))
                loss = found["pixels"] + s.kl * found["kl"] + STAGE_HEAD * found["stage"]
                loss += s.stage_out * hidden
                found["sought"] = sought
                if playing:
                    codes = tf.concat([code[:half], _made_up(tf, code, shares)[half:]], 0)
                    moved = self.generator([codes, aims], training=True)
                    pictures = tf.concat([moved, back[half:]], 0)
                    places = tf.concat([aims, stages[half:]], 0)
                    # Behind them the slices that were given back, altered alike: to be compared, not judged.
                    both = augment(tf.concat([pictures, real[half:]], 0), alter_drawn)
                    drawn, *maps, shown = score([both, tf.concat([places, stages[half:]], 0)], training=True)
                    drawn, shown = drawn[:judged], shown[:judged]
                    true, *_, known = score([augment(real, alter_real), stages], training=False)
                    found["features"] = tf.add_n([_apart(tf, m[s.batch : judged], m[judged:]) for m in maps])
                    found["outline"] = tf.reduce_mean(tf.abs(_small(tf, moved - real)[:half]))
                    found["generator"] = -tf.reduce_mean(drawn)
                    found["discriminator"] = hinge(true, drawn)
                    loss += s.features * found["features"] + s.outline * found["outline"]
                    found["told"], found["known"] = stage_told(places, shown), stage_told(stages, known)
                    loss += s.adversarial * (found["generator"] + s.told * found["told"])
                    against = found["discriminator"] + found["known"]
            apply(self._optimizer, tape, loss, self._learned)
            apply(self._seeking, tape, sought, self._seeker.trainable_variables)
            if playing:
                play = self._discriminator.trainable_variables
                apply(self._against, tape, against, play)
            del tape
            self._averages.update()
            return found

        return step


def _made_up(tf: Any, codes: Any, shares: Any) -> Any:
    """As many codes again, normal with the mean and covariance of these; without a gradient."""
    mean = tf.reduce_mean(codes, axis=0, keepdims=True)
    spread = (codes - mean) / tf.sqrt(tf.cast(tf.shape(codes)[0] - 1, tf.float32))
    return tf.stop_gradient(mean + tf.matmul(shares, spread))


def _difference(tf: Any, one: Any, other: Any) -> Any:
    """Mean absolute difference of pixels, at full size and at a half and a quarter of it."""
    apart = one - other
    pooled = [tf.nn.avg_pool2d(apart, side, side, "VALID") for side in (2, 4)]
    return tf.add_n([tf.reduce_mean(tf.abs(part)) for part in (apart, *pooled)]) / 3


def _apart(tf: Any, ours: Any, theirs: Any) -> Any:
    """Mean absolute difference of maps; only the former are to change."""
    return tf.reduce_mean(tf.abs(ours - tf.stop_gradient(theirs)))


def _small(tf: Any, pictures: Any) -> Any:
    return tf.nn.avg_pool2d(pictures, 8, 8, "VALID")


def _entropy(tf: Any, labels: Any, logits: Any) -> Any:
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(each)

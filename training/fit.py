"""Train a head on cached embeddings: Adam, cosine schedule, early stopping on the validation groups.

Everything that steers the loop is derived from the saved history, so a run that was stopped goes on
where it was and ends with the same weights as one that was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext, NullContext
from training.architectures.model import ArchitectureModel
from training.event_log import write_event_log
from training.features import Features
from training.history import (
    Epoch,
    Targets,
    best_epoch,
    class_weights,
    cosine_rate,
    load_variables,
    read_history,
    save_variables,
    stalled,
    write_history,
)
from training.split import Split
from training.tensorflow_gate import require_tensorflow


@dataclass(frozen=True, slots=True)
class FitSettings:
    """`learning_rate` is where the cosine starts; `patience` in epochs without a better validation loss."""

    epochs: int = 40
    batch: int = 128
    learning_rate: float = 5e-4
    dropout: float = 0.2
    patience: int = 12
    seed: int = 7
    views: tuple[str, ...] = ("mirror", "quarter", "mirror_three_quarters")


def fit_head(
    network: ArchitectureModel,
    features: Features,
    targets: Targets,
    split: Split,
    settings: FitSettings,
    folder: Path,
    ctx: JobContext | None = None,
    event_log: Path | None = None,
) -> list[Epoch]:
    """Train `network.head` and leave it with the weights of the best epoch.

    Writes `history.json` and a checkpoint per epoch into `folder`, and goes on from what it finds there.
    Every epoch is handed to `ctx.partial`, and with `event_log` written into that folder for TensorBoard.

    Raises:
        Cancelled: between two epochs; a later call resumes.
    """
    ctx = ctx or NullContext()
    train, validation = split.rows("train"), split.rows("validation")
    stacked = np.concatenate([features.originals[train], *(features.by_view[v] for v in settings.views)])
    labels = np.tile(targets[train], 1 + len(settings.views))
    classes = int(network.head.output_shape[-1])
    loop = _HeadLoop(network.head, class_weights(targets[train], classes), settings)
    history = _resume(loop, folder)
    write_event_log(event_log, history)
    while len(history) < settings.epochs and not stalled(history, settings.patience):
        ctx.check()
        number = len(history) + 1
        rate = cosine_rate(settings.learning_rate, number, settings.epochs)
        loop.run_epoch(stacked, labels, number, rate)
        epoch = Epoch(
            number,
            rate,
            *loop.measure(features.originals[train], targets[train]),
            *loop.measure(features.originals[validation], targets[validation]),
        )
        history.append(epoch)
        loop.save(_checkpoint(folder, number))
        write_history(folder, history)
        write_event_log(event_log, history)
        ctx.partial(epoch)
        ctx.progress(number, settings.epochs, "Training the head")
    loop.load(_checkpoint(folder, best_epoch(history).epoch))
    return history


def _checkpoint(folder: Path, epoch: int) -> Path:
    return folder / "checkpoints" / f"epoch_{epoch:03d}.npz"


def _resume(loop: _HeadLoop, folder: Path) -> list[Epoch]:
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    history = read_history(folder)
    # A checkpoint is written before its history row, so the last row always has one.
    if history:
        loop.load(_checkpoint(folder, history[-1].epoch))
    return history


class _HeadLoop:
    """The optimiser's state and one epoch of it; all randomness comes from (seed, epoch)."""

    def __init__(self, head: Any, weights: FloatArray, settings: FitSettings) -> None:
        tf, keras = require_tensorflow()
        self._tf, self._keras, self._head, self._settings = tf, keras, head, settings
        self._optimizer = keras.optimizers.Adam(settings.learning_rate)
        self._optimizer.build(head.trainable_variables)
        self._weights = tf.constant(weights)
        self._step = tf.function(self._train_step, reduce_retracing=True, autograph=False)

    def _train_step(self, batch: Any, labels: Any) -> None:
        tf = self._tf
        with tf.GradientTape() as tape:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, self._head(batch, training=True))
            loss = tf.reduce_mean(each * tf.gather(self._weights, labels))
        variables = self._head.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    def run_epoch(self, inputs: FloatArray, labels: Targets, number: int, rate: float) -> None:
        self._seed_dropout(number)
        self._optimizer.learning_rate.assign(rate)
        order = np.random.default_rng((self._settings.seed, number)).permutation(len(inputs))
        for start in range(0, len(order), self._settings.batch):
            rows = order[start : start + self._settings.batch]
            self._step(self._tf.constant(inputs[rows]), self._tf.constant(labels[rows]))

    def _seed_dropout(self, number: int) -> None:
        for layer in self._head.layers:
            if isinstance(layer, self._keras.layers.Dropout) and layer.rate > 0:
                state = layer.seed_generator.state
                state.assign(np.array([self._settings.seed, number], state.dtype))

    def measure(self, inputs: FloatArray, labels: Targets) -> tuple[float, float]:
        """Mean cross-entropy and accuracy without dropout."""
        tf = self._tf
        logits = self._head(tf.constant(inputs), training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        return float(loss), float((logits.numpy().argmax(axis=1) == labels).mean())

    def _variables(self) -> list[Any]:
        return [*self._head.trainable_variables, *self._optimizer.variables]

    def save(self, path: Path) -> None:
        save_variables(path, self._variables())

    def load(self, path: Path) -> None:
        load_variables(path, self._variables())

"""Fine-tune the end of a network on kept views: the head first, then everything after the cut.

Weights are averaged over the steps (exponential moving average; Polyak & Juditsky 1992, as used by
Tarvainen & Valpola 2017, arXiv:1703.01780). Single epochs swing by tens of points on other laboratories'
images while they look the same at home; the average does not, and it is what is measured and kept.
The head is trained first so that its random start does not wreck the features (Kumar et al. 2022,
arXiv:2202.10054).

A run that was stopped goes on at its last epoch and ends with the same weights as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext, NullContext
from training.architectures.model import ArchitectureModel, divide
from training.event_log import write_event_log
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
from training.precision import computing_in, training_precision
from training.sampling import Sampler
from training.tensorflow_gate import require_tensorflow
from training.trunk import Kept, Views

MEASURE_BATCH = 64
WARM_UP = 30
"""Steps over which the rate rises: at full rate the first steps undo what the backbone knew."""


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """How the end of a network is trained.

    `cut` names where the frozen beginning ends ("" trains everything from pixels). Every image is seen as
    it is and in `views` augmented ones; `images` of them make an epoch (0: as many as there are).
    `head_epochs` train the last layer alone, at `head_rate`. `average` is the decay of the moving average
    per step; 0 keeps the last weights. `smoothing` is taken from the true class and spread over all.
    `balance`: "sampling" draws classes, then groups, then images evenly; "weights" weighs the loss by
    class; "none" does neither. `patience` epochs without a better validation loss end the run and its best
    epoch is kept; 0 runs to the end and keeps that.
    """

    cut: str = "block_12"
    views: int = 8
    epochs: int = 6
    images: int = 3072
    batch: int = 64
    head_epochs: int = 2
    head_rate: float = 1e-3
    learning_rate: float = 3e-4
    weight_decay: float = 0.02
    average: float = 0.998
    smoothing: float = 0.05
    balance: str = "sampling"
    patience: int = 0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the loop learns from: views, and class and group of the training and validation images."""

    views: Views
    train_targets: Targets
    train_groups: npt.NDArray[np.str_]
    validation_targets: Targets


def fine_tune(
    network: ArchitectureModel,
    data: Labelled,
    settings: TuneSettings,
    folder: Path,
    ctx: JobContext | None = None,
    event_log: Path | None = None,
) -> list[Epoch]:
    """Train the part of `network` after the cut and leave it with the averaged weights.

    Writes history.json and a checkpoint after every epoch into `folder`, and goes on from what it finds
    there. Every epoch is handed to `ctx.partial`, and with `event_log` written into that folder for
    TensorBoard.

    Raises:
        Cancelled: between two batches; a later call goes on from the last whole epoch.
    """
    ctx = ctx or NullContext()
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    loop = _Loop(network, data, settings)
    history = read_history(folder)
    # A checkpoint is written before its history row, so the last row always has one.
    if history:
        load_variables(_checkpoint(folder, history[-1].epoch), loop.state())
    write_event_log(event_log, history)
    total = settings.head_epochs + settings.epochs
    while len(history) < total and not stalled(history, settings.patience):
        number = len(history) + 1
        epoch = loop.run_epoch(number, ctx)
        history.append(epoch)
        save_variables(_checkpoint(folder, number), loop.state())
        write_history(folder, history)
        write_event_log(event_log, history)
        _forget(folder, history, settings.patience)
        ctx.partial(epoch)
        ctx.progress(number, total, "Fine-tuning")
    kept = best_epoch(history) if settings.patience else history[-1]
    load_variables(_checkpoint(folder, kept.epoch), loop.state())
    loop.use_average()
    return history


def _checkpoint(folder: Path, epoch: int) -> Path:
    return folder / "checkpoints" / f"epoch_{epoch:03d}.npz"


def _forget(folder: Path, history: list[Epoch], patience: int) -> None:
    """A checkpoint is tens of megabytes: keep the last, and the best when it may be wanted."""
    needed = {history[-1].epoch} | ({best_epoch(history).epoch} if patience else set())
    for number in range(1, history[-1].epoch):
        if number not in needed:
            _checkpoint(folder, number).unlink(missing_ok=True)


class _Loop:
    """The optimisers' state, the averages, and one epoch; all randomness comes from (seed, epoch)."""

    def __init__(self, network: ArchitectureModel, data: Labelled, settings: TuneSettings) -> None:
        tf, keras = require_tensorflow()
        self._tf, self._keras, self._data, self._settings = tf, keras, data, settings
        cut = network.cuts.get(settings.cut, settings.cut)
        self._tail = divide(network, cut)[1] if cut else network.model
        self._precision = training_precision()
        self._sampler = Sampler(data.train_targets, data.train_groups, settings.balance)
        weights = class_weights(data.train_targets, int(network.model.output_shape[-1]))
        self._weights = tf.constant(weights if settings.balance == "weights" else np.ones_like(weights))
        # All of them, not only what learns: batch norm's statistics move too in a network from scratch.
        self._variables = list(self._tail.weights)
        self._averages = [tf.Variable(v.value, trainable=False) for v in self._variables]
        self._decay = tf.Variable(0.0, trainable=False)
        self._forward = tf.function(self._predict, reduce_retracing=True, autograph=False)
        head = self._tail.layers[-1].trainable_variables
        self._phases = [
            self._phase(head, settings.head_rate, 0.0),
            self._phase(self._tail.trainable_variables, settings.learning_rate, settings.weight_decay),
        ]

    def _phase(self, variables: list[Any], rate: float, decay: float) -> tuple[Any, Any]:
        """An optimiser for some variables, and its compiled step."""
        optimizer = self._keras.optimizers.AdamW(rate, weight_decay=decay)
        optimizer.build(variables)
        tf = self._tf

        def step(inputs: Any, labels: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                logits = self._tail(self._as_input(inputs), training=True)
                loss = self._loss(logits, labels)
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            for average, variable in zip(self._averages, self._variables, strict=True):
                average.assign(self._decay * average + (1 - self._decay) * tf.cast(variable, average.dtype))
            return loss, tf.reduce_mean(tf.cast(tf.argmax(logits, 1) == labels, tf.float32))

        return optimizer, tf.function(step, reduce_retracing=True, autograph=False)

    def _as_input(self, inputs: Any) -> Any:
        """Pixels stay bytes: the network scales them itself."""
        return inputs if inputs.dtype == self._tf.uint8 else self._tf.cast(inputs, self._tf.float32)

    def _loss(self, logits: Any, labels: Any) -> Any:
        tf, smoothing = self._tf, self._settings.smoothing
        classes = logits.shape[-1]
        truth = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
        each = tf.nn.softmax_cross_entropy_with_logits(truth, logits)
        return tf.reduce_mean(each * tf.gather(self._weights, labels))

    def _predict(self, inputs: Any) -> Any:
        return self._tail(self._as_input(inputs), training=False)

    def run_epoch(self, number: int, ctx: JobContext) -> Epoch:
        """Epoch `number`, from 1: the head's, then everybody's."""
        s = self._settings
        tuning = number > s.head_epochs
        optimizer, step = self._phases[tuning]
        rate = cosine_rate(s.learning_rate, number - s.head_epochs, s.epochs) if tuning else s.head_rate
        self._seed_layers(number)
        losses, hits = [], []
        with computing_in(self._precision, self._tail):
            for inputs, labels in self._batches(number):
                ctx.check()
                steps = float(optimizer.iterations)
                optimizer.learning_rate.assign(rate * min(1.0, (1 + steps) / WARM_UP))
                # A short memory at first, or the start would stay in the average for long.
                self._decay.assign(min(s.average, (1 + steps) / (10 + steps)) if tuning else 0.0)
                loss, hit = step(inputs, labels)
                losses.append(float(loss))
                hits.append(float(hit))
        held = self._measure_average()
        return Epoch(number, rate, float(np.mean(losses)), float(np.mean(hits)), *held)

    def _batches(self, number: int) -> Any:
        """A tf.data pipeline: the next batches are read from disk while this one is trained on."""
        tf, s, data = self._tf, self._settings, self._data

        def drawn() -> Iterator[tuple[Kept, Targets]]:
            random = np.random.default_rng((s.seed, number))
            for rows in self._sampler.epoch(s.images, s.batch, random):
                views = random.integers(len(data.views.train), size=len(rows))
                batch = np.stack([data.views.train[v][row] for v, row in zip(views, rows, strict=True)])
                yield batch, data.train_targets[rows]

        example = data.views.train[0]
        signature = (
            tf.TensorSpec((None, *example.shape[1:]), example.dtype),
            tf.TensorSpec((None,), tf.int64),
        )
        return tf.data.Dataset.from_generator(drawn, output_signature=signature).prefetch(2)

    def _seed_layers(self, number: int) -> None:
        for layer in self._tail.layers:
            if isinstance(layer, self._keras.layers.Dropout) and layer.rate > 0:
                state = layer.seed_generator.state
                state.assign(np.array([self._settings.seed, number], state.dtype))

    def _measure_average(self) -> tuple[float, float]:
        """Cross-entropy and accuracy of the averaged weights on the validation images as they are."""
        own = [variable.numpy() for variable in self._variables]
        self.use_average()
        images, targets = self._data.views.validation, self._data.validation_targets
        parts = range(0, len(images), MEASURE_BATCH)
        logits = np.concatenate(
            [self._forward(self._tf.constant(images[i : i + MEASURE_BATCH])).numpy() for i in parts]
        )
        for variable, value in zip(self._variables, own, strict=True):
            variable.assign(value)
        log_total = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1))
        loss = log_total + logits.max(axis=1) - logits[np.arange(len(targets)), targets]
        return float(loss.mean()), float((logits.argmax(axis=1) == targets).mean())

    def use_average(self) -> None:
        """Give the network the averaged weights."""
        for variable, average in zip(self._variables, self._averages, strict=True):
            variable.assign(average)

    def state(self) -> list[Any]:
        """Everything a checkpoint needs, in a fixed order."""
        optimizers = [v for optimizer, _ in self._phases for v in optimizer.variables]
        return [*self._variables, *self._averages, *optimizers]

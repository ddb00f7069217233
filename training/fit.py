"""Train a head on cached embeddings: Adam, cosine schedule, early stopping on the validation groups.

Everything that steers the loop is derived from the saved history, so a run that was stopped goes on
where it was and ends with the same weights as one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext, NullContext
from training.dense_head import DenseHead
from training.event_log import write_event_log
from training.features import Features
from training.history import (
    Epoch,
    Targets,
    best_epoch,
    class_weights,
    cosine_rate,
    read_history,
    stalled,
    write_history,
)
from training.split import Split
from training.views import HEAD_VIEWS


@dataclass(frozen=True, slots=True)
class FitSettings:
    """`learning_rate` is where the cosine starts; `patience` in epochs without a better validation loss."""

    epochs: int = 40
    batch: int = 128
    learning_rate: float = 5e-4
    dropout: float = 0.2
    patience: int = 12
    seed: int = 7
    views: tuple[str, ...] = HEAD_VIEWS["histology"]


@dataclass(frozen=True, slots=True)
class TrainedHead:
    """The dense layer of the best epoch, `kernel` D×C and `bias` C, and how training went."""

    kernel: FloatArray
    bias: FloatArray
    history: tuple[Epoch, ...]

    def logits(self, embeddings: FloatArray) -> FloatArray:
        """N×C of embeddings N×D."""
        return np.asarray(embeddings @ self.kernel + self.bias, np.float32)


def fit_head(
    features: Features,
    targets: Targets,
    classes: int,
    split: Split,
    settings: FitSettings,
    folder: Path,
    ctx: JobContext | None = None,
    event_log: Path | None = None,
) -> TrainedHead:
    """Train a dense layer on embeddings; the epoch of the smallest validation loss counts.

    Writes `history.json` and a checkpoint per epoch into `folder`, and goes on from what it finds there.
    Every epoch is handed to `ctx.partial`, and with `event_log` written into that folder for TensorBoard.

    Raises:
        Cancelled: between two epochs; a later call resumes.
    """
    from threadpoolctl import threadpool_limits

    ctx = ctx or NullContext()
    train, validation = split.rows("train"), split.rows("validation")
    known, held = features.originals[train], features.originals[validation]
    stacked = np.concatenate([known, *(features.by_view[v] for v in settings.views)])
    labels = np.tile(targets[train], 1 + len(settings.views))
    head = DenseHead(known.shape[1], class_weights(targets[train], classes), settings.dropout)
    history = _resume(head, folder)
    write_event_log(event_log, history)
    while len(history) < settings.epochs and not stalled(history, settings.patience):
        ctx.check()
        number = len(history) + 1
        rate = cosine_rate(settings.learning_rate, number, settings.epochs)
        # Products this small gain nothing from threads, and lose where others want the cores.
        with threadpool_limits(1):
            head.run_epoch(stacked, labels, settings.batch, rate, (settings.seed, number))
            measured = (*head.measure(known, targets[train]), *head.measure(held, targets[validation]))
        epoch = Epoch(number, rate, *measured)
        history.append(epoch)
        head.save(_checkpoint(folder, number))
        write_history(folder, history)
        write_event_log(event_log, history)
        ctx.partial(epoch)
        ctx.progress(number, settings.epochs, "Training the head")
    return _best(head, history, folder)


def _checkpoint(folder: Path, epoch: int) -> Path:
    return folder / "checkpoints" / f"epoch_{epoch:03d}.npz"


def _resume(head: DenseHead, folder: Path) -> list[Epoch]:
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    history = read_history(folder)
    # A checkpoint is written before its history row, so the last row always has one.
    if history:
        head.load(_checkpoint(folder, history[-1].epoch))
    return history


def _best(head: DenseHead, history: Sequence[Epoch], folder: Path) -> TrainedHead:
    head.load(_checkpoint(folder, best_epoch(history).epoch))
    return TrainedHead(head.kernel, head.bias, tuple(history))

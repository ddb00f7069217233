"""What a training loop remembers between epochs, and the schedule that both loops share."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.paths import atomic_write

Targets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One row of the history. Losses are cross-entropy in nats; those of validation are of the images
    as they are, without dropout."""

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


def class_weights(targets: Targets, classes: int) -> FloatArray:
    """Weights that give every class the same say: mean 1 over the images."""
    counts = np.bincount(targets, minlength=classes)
    return np.asarray(len(targets) / (classes * np.maximum(counts, 1)), np.float32)


def best_epoch(history: Sequence[Epoch]) -> Epoch:
    """The epoch of the smallest validation loss, the first of equals."""
    return min(history, key=lambda e: (e.validation_loss, e.epoch))


def cosine_rate(start: float, epoch: int, epochs: int) -> float:
    """Learning rate of epoch 1…epochs: half a cosine from `start` to 1 % of it."""
    share = (epoch - 1) / max(1, epochs - 1)
    return start * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def stalled(history: Sequence[Epoch], patience: int) -> bool:
    """Whether `patience` epochs have passed since the best one; never when it is 0."""
    return bool(history and patience) and len(history) - best_epoch(history).epoch >= patience


def write_history(folder: Path, history: Sequence[Epoch]) -> None:
    """Save as history.json, atomically."""
    with atomic_write(folder / "history.json") as stream:
        stream.write(json.dumps([asdict(e) for e in history], indent=1).encode())


def read_history(folder: Path) -> list[Epoch]:
    """The epochs that a run folder records; empty when it has none."""
    path = folder / "history.json"
    return [Epoch(**row) for row in json.loads(path.read_bytes())] if path.is_file() else []


def save_variables(path: Path, variables: Sequence[Any]) -> None:
    """Values of Keras variables in order, atomically."""
    buffer = io.BytesIO()
    np.savez(buffer, *[v.numpy() for v in variables])
    with atomic_write(path) as stream:
        stream.write(buffer.getbuffer())


def load_variables(path: Path, variables: Sequence[Any]) -> None:
    """Give variables the values that `save_variables` wrote."""
    with np.load(path, allow_pickle=False) as saved:
        for i, variable in enumerate(variables):
            variable.assign(saved[f"arr_{i}"])

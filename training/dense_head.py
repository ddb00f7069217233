"""A dense layer trained in numpy: softmax regression with dropout on what it reads. No TensorFlow needed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.paths import atomic_write
from training.history import Targets

MEAN_DECAY, SQUARE_DECAY, EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-7)


class DenseHead:
    """Weights `kernel` D×C and `bias` C, from zero, and Adam's averages of them (Kingma & Ba 2015,
    arXiv:1412.6980).

    Args:
        width: D.
        class_weights: C, how much an image of each class counts.
        dropout: share of the inputs that is left out at random while learning.
    """

    def __init__(self, width: int, class_weights: FloatArray, dropout: float) -> None:
        classes = len(class_weights)
        self._class_weights, self._dropout, self._steps = class_weights, dropout, 0
        # The bias is the last row: one array to update. Weights, mean gradient, mean squared gradient.
        self._state = np.zeros((3, width + 1, classes), np.float32)

    @property
    def kernel(self) -> FloatArray:
        return self._state[0, :-1].copy()

    @property
    def bias(self) -> FloatArray:
        return self._state[0, -1].copy()

    def run_epoch(
        self, inputs: FloatArray, labels: Targets, batch: int, rate: float, seed: tuple[int, int]
    ) -> None:
        """Learn from inputs N×D once, in an order and with a dropout that `seed` decides."""
        random = np.random.default_rng(seed)
        order = random.permutation(len(inputs))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            self._step(self._dropped(inputs[rows], random), labels[rows], rate)

    def measure(self, inputs: FloatArray, labels: Targets) -> tuple[float, float]:
        """Mean cross-entropy in nats and accuracy, without dropout and class weights."""
        logits = inputs @ self._state[0, :-1] + self._state[0, -1]
        chances = _softmax(logits)[np.arange(len(labels)), labels]
        loss = -np.log(np.maximum(chances, np.finfo(np.float32).tiny)).mean()
        return float(loss), float((logits.argmax(axis=1) == labels).mean())

    def save(self, path: Path) -> None:
        """Weights and the optimiser's state, atomically."""
        buffer = io.BytesIO()
        np.savez(buffer, state=self._state, steps=np.array(self._steps))
        with atomic_write(path) as stream:
            stream.write(buffer.getbuffer())

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        with np.load(path, allow_pickle=False) as saved:
            self._state, self._steps = saved["state"], int(saved["steps"])

    def _dropped(self, inputs: FloatArray, random: np.random.Generator) -> FloatArray:
        if not self._dropout:
            return inputs
        kept = random.random(inputs.shape, np.float32) >= np.float32(self._dropout)
        return np.asarray(inputs * kept * np.float32(1 / (1 - self._dropout)), np.float32)

    def _step(self, inputs: FloatArray, labels: Targets, rate: float) -> None:
        weights, mean, square = self._state
        error = _softmax(inputs @ weights[:-1] + weights[-1])
        error[np.arange(len(labels)), labels] -= 1
        error *= (self._class_weights[labels] / np.float32(len(labels)))[:, None]
        gradient = np.concatenate([inputs.T @ error, error.sum(axis=0, keepdims=True)])
        self._steps += 1
        mean += (1 - MEAN_DECAY) * (gradient - mean)
        square += (1 - SQUARE_DECAY) * (gradient * gradient - square)
        # Both averages begin at zero, which is made up for here.
        scale = np.sqrt(1 - SQUARE_DECAY**self._steps) / (1 - MEAN_DECAY**self._steps)
        weights -= np.float32(rate * scale) * mean / (np.sqrt(square) + EPSILON)


def _softmax(logits: FloatArray) -> npt.NDArray[np.float32]:
    """Probabilities N×C in single precision, as the optimiser's state is."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)

"""Differentiable augmentation of what a discriminator sees (Zhao et al. 2020, arXiv:2006.10738).

With a few hundred slices a discriminator learns them by heart; shown only altered ones, real and drawn
alike, it cannot. One draw serves a whole batch: no layer compares the pictures of a batch, and moving all of
them together costs a processor next to nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lungviewer.core.backend import FloatArray
from training.tensorflow_gate import require_tensorflow

DRAWS = 6
REACH = 0.125
"""Of the side: how far pictures are moved."""
HOLE = 0.4
"""Of the side: the square that is cut out."""


def draws(random: np.random.Generator) -> FloatArray:
    """What `augment` needs for one batch, uniform in [0, 1)."""
    return random.random(DRAWS, np.float32)


def augment(pictures: Any, drawn: Any) -> Any:
    """Brightness, contrast, a move and a hole: N×S×S×1 → the same shape, with gradients."""
    tf, _ = require_tensorflow()
    side = int(pictures.shape[1])
    mean = tf.reduce_mean(pictures, axis=(1, 2, 3), keepdims=True)
    pictures = (pictures - mean) * (0.7 + 0.6 * drawn[1]) + mean + (drawn[0] - 0.5) * 0.4
    reach = int(side * REACH)
    # Reflected, not black: a black edge would itself be a mark.
    padded = tf.pad(pictures, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "REFLECT")
    begin = tf.cast(drawn[2:4] * (2 * reach + 1), tf.int32)
    moved = tf.slice(padded, [0, begin[0], begin[1], 0], [-1, side, side, 1])
    moved = tf.ensure_shape(moved, (None, side, side, 1))
    places = tf.range(side, dtype=tf.float32) / side
    rows = tf.cast(tf.abs(places - drawn[4]) < HOLE / 2, tf.float32)
    columns = tf.cast(tf.abs(places - drawn[5]) < HOLE / 2, tf.float32)
    kept = 1.0 - rows[:, None] * columns[None, :]
    return moved * kept[None, :, :, None]

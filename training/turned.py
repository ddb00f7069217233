"""A network that looks at every field in several positions and averages what it finds there.

Tissue has no up and no left, but a network answers a turned field a little differently, and near its
boundary with another class. The feature maps of the field and of its quarter turns, turned back, are averaged
before the head. The head is unchanged, so the logits of a mean → dense head are the mean of the turns' logits
and Grad-CAM of the averaged maps is still exact. With four turns the answer to a turned field is the same up
to rounding; it costs as many runs of the network as there are turns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from training.tensorflow_gate import require_tensorflow

Tensor = Any
"""Keras and TensorFlow have no usable types."""

TURNS = (1, 2, 4)
"""A field as it is; and upside down; and both turned by a quarter."""


def averaged_maps(backbone: Callable[[Tensor], Tensor], images: Tensor, turns: int) -> Tensor:
    """Feature maps N×h×w×D of uint8 images N×S×S×3, averaged over `turns` positions.

    Args:
        backbone: M×S×S×3 → M×h×w×D with h = w, for any M.
        turns: 1, 2 or 4.
    """
    if turns == 1:
        return backbone(images)
    tf, _ = require_tensorflow()
    quarters = range(0, 4, 4 // turns)
    # A batch of turns × N in one run; the turns get an axis of their own, whose length is known, so that
    # they can be taken apart again whatever N is.
    side, channels = int(images.shape[1]), int(images.shape[3])
    together = tf.stack([turned(images, k) for k in quarters], axis=1)
    maps = backbone(tf.reshape(together, [-1, side, side, channels]))
    apart = tf.reshape(maps, [-1, turns, *(int(n) for n in maps.shape[1:])])
    return tf.add_n([turned(apart[:, i], -k) for i, k in enumerate(quarters)]) / turns


def turned(images: Tensor, quarters: int) -> Tensor:
    """Images or maps N×S×S×D turned anticlockwise by some quarters."""
    tf, _ = require_tensorflow()
    backwards = tf.range(int(images.shape[1]) - 1, -1, -1)
    # Gather, not reverse: the converter makes one plain operator of it.
    if quarters % 4 == 1:
        return tf.gather(tf.transpose(images, [0, 2, 1, 3]), backwards, axis=1)
    if quarters % 4 == 2:
        return tf.gather(tf.gather(images, backwards, axis=1), backwards, axis=2)
    if quarters % 4 == 3:
        return tf.transpose(tf.gather(images, backwards, axis=1), [0, 2, 1, 3])
    return images

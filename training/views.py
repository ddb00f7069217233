"""Label-preserving views of a picture that need no random numbers: what may be turned and mirrored how.

Changes of stain, window, scale and sharpness, which have parameters, are in training/augment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from training.augment.geometry import placed

Batch = npt.NDArray[np.uint8]
View = Callable[[Batch], Batch]

VIEWS: dict[str, View] = {
    "original": lambda b: b,
    "mirror": lambda b: b[:, :, ::-1],
    "quarter": lambda b: np.rot90(b, 1, axes=(1, 2)),
    "half": lambda b: b[:, ::-1, ::-1],
    "three_quarters": lambda b: np.rot90(b, 3, axes=(1, 2)),
    "mirror_quarter": lambda b: np.rot90(b[:, :, ::-1], 1, axes=(1, 2)),
    "mirror_half": lambda b: b[:, ::-1],
    "mirror_three_quarters": lambda b: np.rot90(b[:, :, ::-1], 3, axes=(1, 2)),
}
"""Each maps n×S×S×3 to the same shape; together the eight symmetries of the square: tissue has no up."""


def _leaning(angle: float, factor: float, shift: float, mirrored: bool = False) -> View:
    """Turned by a few degrees, magnified a little and moved by a share of the side; perhaps mirrored."""

    def seen(batch: Batch) -> Batch:
        move = shift * batch.shape[1]
        pictures = batch[:, :, ::-1] if mirrored else batch
        return np.stack([placed(one, angle, factor, (move, -move)) for one in pictures])

    return seen


UPRIGHT: dict[str, View] = {
    "original": VIEWS["original"],
    "mirror": VIEWS["mirror"],
    "lean_left": _leaning(7, 1.06, 0.03),
    "lean_right": _leaning(-7, 0.94, -0.03),
    "mirror_lean_left": _leaning(5, 0.97, -0.02, mirrored=True),
    "mirror_lean_right": _leaning(-5, 1.03, 0.02, mirrored=True),
}
"""For what has an up, as a body on a table has: mirrored, and lying a little differently."""

BY_MODALITY: Mapping[str, Mapping[str, View]] = {"histology": VIEWS, "ct": UPRIGHT}


HEAD_VIEWS: Mapping[str, tuple[str, ...]] = {
    "histology": ("mirror", "quarter", "mirror_three_quarters"),
    "ct": ("mirror", "lean_left", "lean_right"),
}
"""What a head on a frozen network learns from beside the images as they are."""


def view(name: str, batch: Batch) -> Batch:
    """One view of a batch n×S×S×3, contiguous."""
    return np.ascontiguousarray((VIEWS.get(name) or UPRIGHT[name])(batch))

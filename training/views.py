"""Label-preserving views of a tile that cost no quality: flips and quarter turns.

Changes of stain, scale and sharpness, which have parameters, are in training/augment.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Batch = npt.NDArray[np.uint8]

VIEWS: dict[str, Callable[[Batch], Batch]] = {
    "original": lambda b: b,
    "mirror": lambda b: b[:, :, ::-1],
    "quarter": lambda b: np.rot90(b, 1, axes=(1, 2)),
    "half": lambda b: b[:, ::-1, ::-1],
    "three_quarters": lambda b: np.rot90(b, 3, axes=(1, 2)),
    "mirror_quarter": lambda b: np.rot90(b[:, :, ::-1], 1, axes=(1, 2)),
    "mirror_half": lambda b: b[:, ::-1],
    "mirror_three_quarters": lambda b: np.rot90(b[:, :, ::-1], 3, axes=(1, 2)),
}
"""Each maps n×S×S×3 to the same shape; together the eight symmetries of the square."""


def view(name: str, batch: Batch) -> Batch:
    """One view of a batch n×S×S×3, contiguous."""
    return np.ascontiguousarray(VIEWS[name](batch))

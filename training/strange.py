"""Pictures made from validation images that no lung model should answer: to choose the trust score by.

The other organs and laboratories in hand are too few to fit anything by, and are kept for evaluation.
Strange colours are left to the image checks (core/trust.py): a score that is chosen for seeing them calls
every other laboratory strange.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from training.augment.light import grey

Random = np.random.Generator


def _blurred(field: RGB, _: Random) -> RGB:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), field.shape[0] / 30), np.uint8)


def _pixels_shuffled(field: RGB, random: Random) -> RGB:
    return random.permutation(field.reshape(-1, 3)).reshape(field.shape)


def _blocks_shuffled(field: RGB, random: Random) -> RGB:
    count = 8
    side = field.shape[0] // count
    blocks = field[: side * count, : side * count].reshape(count, side, count, side, 3).swapaxes(1, 2)
    mixed = random.permutation(blocks.reshape(count * count, side, side, 3))
    whole = mixed.reshape(count, count, side, side, 3).swapaxes(1, 2).reshape(side * count, side * count, 3)
    return np.asarray(cv2.resize(whole, field.shape[:2]), np.uint8)


def _noise(field: RGB, random: Random) -> RGB:
    return random.integers(0, 256, field.shape, np.uint8)


def _colour_field(field: RGB, random: Random) -> RGB:
    coarse = random.integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, field.shape[:2], interpolation=cv2.INTER_CUBIC), np.uint8)


STRANGE: dict[str, Callable[[RGB, Random], RGB]] = {
    "blurred": _blurred,
    "pixels_shuffled": _pixels_shuffled,
    "blocks_shuffled": _blocks_shuffled,
    "noise": _noise,
    "colour_field": _colour_field,
}


def make_strange(kind: str, fields: npt.NDArray[np.uint8], seed: int) -> npt.NDArray[np.uint8]:
    """One kind of strangeness applied to n×S×S×3 fields; the same seed gives the same pictures."""
    random = np.random.default_rng(seed)
    made = [STRANGE[kind](field, random) for field in fields]
    if not (fields != fields[..., :1]).any():
        # Of pictures without colour, colour would be the least of what makes them strange.
        made = [grey(picture) for picture in made]
    return np.ascontiguousarray(np.stack(made))

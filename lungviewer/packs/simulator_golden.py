"""Whether a machine draws and encodes what a simulator says it must.

golden.npz holds, for K made-up people: `latent` float32 K×Z and `stage` float32 K, what the generator was
given; `image` uint8 K×S×S, what it drew; `encoded_latent` float32 K×Z and `encoded_stage` float32 K, what the
encoder made of `image`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import PackInvalid
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.arrays import Arrays
from lungviewer.packs.names import GOLDEN

MEAN_DIFFERENCE = 1.0
"""Grey levels of 255, over all pixels: processors round differently, and by far less."""
LARGEST_DIFFERENCE = 24.0
"""Grey levels of any one pixel."""
ENCODER_TOLERANCE = 5e-2
"""Relative to the largest stated number, as for embeddings (packs/golden.py)."""


def check_golden(arrays: Arrays, spec: SimulatorSpec) -> int:
    """How many examples golden.npz holds.

    Raises:
        PackInvalid: an array is missing, or has another type or shape.
    """
    count = len(arrays["image"]) if "image" in arrays and arrays["image"].ndim else 0
    expected = {
        "latent": ((count, spec.latent), "f4"),
        "stage": ((count,), "f4"),
        "image": ((count, spec.size, spec.size), "u1"),
        "encoded_latent": ((count, spec.latent), "f4"),
        "encoded_stage": ((count,), "f4"),
    }
    found = {name: (array.shape, array.dtype.str[1:]) for name, array in arrays.items()}
    if not 1 <= count <= 64 or found != expected:
        raise PackInvalid(f"{GOLDEN} does not hold 1 to 64 examples of what the simulator draws and encodes.")
    return count


def drawing_reproduces(arrays: Arrays, drawn: npt.NDArray[np.uint8]) -> bool:
    """Whether `drawn`, made from the golden latents and stages, is what golden.npz states."""
    stated = arrays["image"].astype(np.float32)
    if drawn.shape != stated.shape:
        return False
    difference = np.abs(drawn.astype(np.float32) - stated)
    return bool(difference.mean() <= MEAN_DIFFERENCE and difference.max() <= LARGEST_DIFFERENCE)


def encoding_reproduces(
    arrays: Arrays, latent: npt.NDArray[np.float32], stage: npt.NDArray[np.float32]
) -> bool:
    """Whether the encoder's answers about the golden images are what golden.npz states."""
    for name, actual in (("encoded_latent", latent), ("encoded_stage", stage)):
        stated = arrays[name].astype(np.float32)
        scale = float(np.abs(stated).max()) or 1.0
        # `not <=` also catches NaN.
        if actual.shape != stated.shape or not np.abs(actual - stated).max() <= ENCODER_TOLERANCE * scale:
            return False
    return True

"""Pictures that are far from any H&E stained lung and need no files: glass, photographs, other stains."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.image import RGB
from training.augment.stain import HED, density, pixels_of


def synthetic_glass(size: int, count: int = 40, seed: int = 1) -> list[RGB]:
    """Empty glass as cameras see it: white to beige, a gentle gradient, sensor noise, a few specks."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    pictures = []
    for _ in range(count):
        tint = np.array([244, 241, 238]) - random.uniform(0, 14, 3)
        slope = random.uniform(-6, 6, 2)
        plane = tint + (slope[0] * x + slope[1] * y)[..., None] + random.normal(0, 1.5, (size, size, 3))
        for _ in range(int(random.integers(0, 5))):
            cy, cx = random.integers(4, size - 4, 2)
            plane[cy - 2 : cy + 2, cx - 2 : cx + 2] -= random.uniform(10, 60)
        pictures.append(np.clip(plane, 0, 255).astype(np.uint8))
    return pictures


def photographs(size: int, count: int = 40, seed: int = 2) -> tuple[list[RGB], list[str]]:
    """Square crops of the two photographs that come with scikit-learn (a temple, a flower), and which of
    the two each is of: figures rest on two pictures, whatever the number of crops. No smaller than `size`."""
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(seed)
    sources = load_sample_images().images
    crops, names = [], []
    for number in range(count):
        photograph = sources[number % len(sources)]
        height, width = photograph.shape[:2]
        side = int(random.integers(min(height, width) // 2, min(height, width)))
        top, left = int(random.integers(height - side)), int(random.integers(width - side))
        crop = photograph[top : top + side, left : left + side]
        larger = max(side, size)
        crops.append(np.asarray(cv2.resize(crop, (larger, larger)), np.uint8))
        names.append(f"photograph {number % len(sources)}")
    return crops, names


# --- other stains ------------------------------------------------------------------------------------

_DAB, _HAEMATOXYLIN = HED[2], HED[0]
_IRON_HAEMATOXYLIN = np.array([0.58, 0.58, 0.58], np.float32)
_ANILINE_BLUE = np.array([0.85, 0.50, 0.12], np.float32)


def _dyed(nuclei: FloatArray, rest: FloatArray) -> Callable[[FloatArray], RGB]:
    """Haematoxylin's and eosin's amounts …×3 shown in the colours of two other dyes."""
    dyes = np.stack([nuclei, rest])
    return lambda amounts: pixels_of((np.maximum(amounts[..., :2], 0) @ dyes).astype(np.float32))


def _fluorescence(amounts: FloatArray) -> RGB:
    """Nuclei glow blue, the rest faintly green, on black."""
    nuclei, rest = (np.clip(amounts[..., i], 0, 1.5) / 1.5 for i in range(2))
    light = np.stack([0.1 * rest, 0.35 * rest + 0.25 * nuclei, nuclei], axis=-1)
    return np.asarray(255 * light.clip(0, 1), np.uint8)


OTHER_STAINS: dict[str, Callable[[FloatArray], RGB]] = {
    "immunohistochemistry (recoloured)": _dyed(0.7 * _HAEMATOXYLIN, 1.2 * _DAB),
    "trichrome (recoloured)": _dyed(_IRON_HAEMATOXYLIN, _ANILINE_BLUE),
    "fluorescence (recoloured)": _fluorescence,
}
"""Each maps amounts of haematoxylin, eosin and a rest, S×S×3, to a picture."""


def restained(fields: npt.NDArray[np.uint8], name: str) -> list[RGB]:
    """Home fields n×S×S×3 as another stain would show them: the same tissue, so only colour is strange.

    Amounts of dye are those of the fixed HED basis (Ruifrok & Johnston 2001).
    """
    unmix = np.linalg.inv(HED)
    return [OTHER_STAINS[name]((density(field) @ unmix).astype(np.float32)) for field in fields]

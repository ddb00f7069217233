"""Position: mirror, free rotation, scale and shift in one resampling."""

from __future__ import annotations

import cv2
import numpy as np

from lungviewer.core.image import RGB

Random = np.random.Generator


def move(pixels: RGB, scale: tuple[float, float], shift: float, random: Random) -> RGB:
    """One S×S×3 picture mirrored or not, turned by any angle, scaled and shifted; edges are mirrored.

    Args:
        scale: smallest and largest magnification, drawn evenly in its logarithm.
        shift: largest displacement as a share of the side.
    """
    side = pixels.shape[0]
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
    factor = float(np.exp(random.uniform(np.log(scale[0]), np.log(scale[1]))))
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), random.uniform(0, 360), factor)
    matrix[:, 2] += random.uniform(-shift, shift, 2) * side
    moved = cv2.warpAffine(
        np.ascontiguousarray(pixels),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(moved, np.uint8)

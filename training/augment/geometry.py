"""Position: mirror, rotation, scale and shift in one resampling."""

from __future__ import annotations

import cv2
import numpy as np

from lungviewer.core.image import RGB

Random = np.random.Generator


def move(
    pixels: RGB,
    scale: tuple[float, float],
    shift: float,
    random: Random,
    turn: tuple[float, float] = (0, 360),
) -> RGB:
    """One S×S×3 picture mirrored or not, turned, scaled and shifted; edges are mirrored.

    Args:
        scale: smallest and largest magnification, drawn evenly in its logarithm.
        shift: largest displacement as a share of the side.
        turn: smallest and largest angle in degrees. Tissue lies in any direction, a body does not.
    """
    side = pixels.shape[0]
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
    factor = float(np.exp(random.uniform(np.log(scale[0]), np.log(scale[1]))))
    angle = float(random.uniform(*turn))
    across, down = random.uniform(-shift, shift, 2) * side
    return placed(pixels, angle, factor, (float(across), float(down)))


def placed(pixels: RGB, angle: float, factor: float, shift: tuple[float, float]) -> RGB:
    """One S×S×3 picture turned by `angle` degrees, magnified by `factor` about its middle and moved by
    `shift` pixels (to the right, down); edges are mirrored."""
    side = pixels.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, factor)
    matrix[:, 2] += shift
    moved = cv2.warpAffine(
        np.ascontiguousarray(pixels),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(moved, np.uint8)


def zoomed(field: RGB, zoom: float) -> RGB:
    """Enlarged about the centre; what a smaller picture lacks at the edges is mirrored in."""
    side = field.shape[0]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), 0, zoom)
    border = cv2.BORDER_REFLECT_101
    return np.asarray(cv2.warpAffine(field, matrix, (side, side), borderMode=border), np.uint8)

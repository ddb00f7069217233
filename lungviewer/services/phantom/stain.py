"""From amounts of dye to colours, and from light to a camera's pixels.

Each dye takes its share of the light that passes: Beer–Lambert, I = I0 · 10^(−Σ amount · colour vector).
The colour vectors of haematoxylin and eosin are those of A. C. Ruifrok and D. A. Johnston,
"Quantification of histochemical staining by color deconvolution", Anal Quant Cytol Histol 23 (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lungviewer.core.image import RGB
from lungviewer.services.phantom.noise import Plane, blur, noise

HAEMATOXYLIN = (0.650, 0.704, 0.286)
EOSIN = (0.072, 0.990, 0.105)
RED_CELL = (0.060, 0.800, 0.500)
"""Haemoglobin under eosin, set by eye: no dye of the paper."""


@dataclass(frozen=True, slots=True)
class Camera:
    """What the microscope adds. `light` is the colour of empty glass; the rest are deviations, 0–255."""

    light: tuple[float, float, float] = (234.0, 230.0, 241.0)
    blur_um: float = 0.24
    defocus_um: float = 0.75
    shading: float = 3.0
    grain: float = 1.4


def develop(
    haematoxylin: Plane, eosin: Plane, red: Plane, camera: Camera, px: float, rng: np.random.Generator
) -> RGB:
    """Turn planes of dye amounts (optical density units) into a picture.

    Args:
        px: pixels per micrometre.
    """
    size = haematoxylin.shape[0]
    # A section is thicker than the depth of focus: some places are always a little out of it.
    focus = np.clip(0.15 + 0.4 * noise(rng, size, 32 * px), 0, 1).astype(np.float32)
    shading = noise(rng, size, size / 2) * np.float32(camera.shading)
    picture = np.empty((size, size, 3), np.float32)
    for channel in range(3):
        density = (
            haematoxylin * np.float32(HAEMATOXYLIN[channel])
            + eosin * np.float32(EOSIN[channel])
            + red * np.float32(RED_CELL[channel])
        )
        light = np.power(np.float32(10.0), -np.maximum(density, 0)) * np.float32(camera.light[channel])
        grain = noise(rng, size, 2.0) * np.float32(camera.grain)
        sharp, soft = blur(light, camera.blur_um * px), blur(light, camera.defocus_um * px)
        picture[:, :, channel] = sharp + focus * (soft - sharp) + shading + grain
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

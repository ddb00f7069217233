"""Which pixels are tissue."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB

MIN_DENSITY = 0.12
MIN_CHROMA = 8.0

_OPTICAL_DENSITY = (-np.log10(np.maximum(np.arange(256), 1) / 245)).clip(min=0).astype(np.float32)


def tissue_mask(pixels: RGB) -> npt.NDArray[np.bool_]:
    """True where a pixel absorbs light (mean optical density above 0.12, white at 245) and has a stain's
    colour (Lab chroma above 8). H×W×3 uint8 RGB in, H×W out. Dust and shadows have no colour; glass
    absorbs nothing."""
    return absorbs(pixels) & (chroma(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)) > MIN_CHROMA)


def absorbs(pixels: RGB) -> npt.NDArray[np.bool_]:
    """The first half of `tissue_mask`."""
    red, green, blue = cv2.split(cv2.LUT(pixels, _OPTICAL_DENSITY))
    return np.asarray((red + green + blue) / np.float32(3) > MIN_DENSITY)


def chroma(lab: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """How far a colour is from grey. OpenCV's Lab of eight bits in, H×W×3, with a and b shifted by 128."""
    a, b = (cv2.extractChannel(lab, i).astype(np.float32) - 128 for i in (1, 2))
    return np.asarray(np.sqrt(a * a + b * b))  # of whole numbers: exact; np.hypot takes five times as long

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
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)  # a and b shifted by 128
    chroma = np.hypot(lab[..., 1].astype(np.float32) - 128, lab[..., 2].astype(np.float32) - 128)
    density = _OPTICAL_DENSITY[pixels].mean(axis=2)
    return np.asarray((density > MIN_DENSITY) & (chroma > MIN_CHROMA))

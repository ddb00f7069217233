"""Lines round tissue, on pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lungviewer.core.image import RGB
from lungviewer.core.tissue_map import Outline

_INK = (20, 60, 160)
_PAPER = (255, 255, 255)
_SHIFT = 4  # OpenCV's fixed-point bits
_THIN_PX, _WIDE_PX = 1, 3
_PX_PER_WIDTH = 900  # of the picture's longest side, for each pixel of the line's width


def draw_outlines(picture: RGB, outlines: Sequence[Outline]) -> None:
    """Draw closed lines (N×2 points each, pixels of the picture) into it, in place: dark with a light rim, so
    that they are seen on glass, on tissue and on colours."""
    lines = [np.rint((outline - 0.5) * 2**_SHIFT).astype(np.int32) for outline in outlines]
    scale = max(1, round(max(picture.shape[:2]) / _PX_PER_WIDTH))
    for colour, width in ((_PAPER, _WIDE_PX), (_INK, _THIN_PX)):
        cv2.polylines(picture, lines, True, colour, width * scale, cv2.LINE_AA, _SHIFT)

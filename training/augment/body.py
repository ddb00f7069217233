"""Where the body is in a CT slice, and other surroundings for it: air and table say nothing about lungs."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB

Random = np.random.Generator
Mask = npt.NDArray[np.bool_]

SOFT = 120
"""Grey from which on something is denser than fat would ever be through a lung window."""
_THINNEST = 0.02
"""Share of the side: what is thinner than this (table, wires, clothes) is no body."""
_LARGE = 0.012
"""Share of the picture that a part of the body takes at least; the foot of a table takes less."""
_AREA = (0.08, 0.95)
_MARGIN = 0.015


def body_mask(pixels: RGB) -> Mask | None:
    """H×W, true on the body with its lungs; None where there is no telling.

    What encloses all large dense parts that are not thin, widened a little: a thin chest wall falls into
    pieces, and a table of thin lines falls away.
    """
    dense = (pixels[..., 0] > SOFT).astype(np.uint8)
    side = min(dense.shape)
    opened = cv2.morphologyEx(dense, cv2.MORPH_OPEN, _disc(_THINNEST * side))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    # By what they enclose: of an open ring of chest wall little is left when it is only counted.
    large = [o for o in outlines if cv2.contourArea(cv2.convexHull(o)) > _LARGE * dense.size]
    if not large:
        return None
    filled = cv2.fillPoly(np.zeros_like(dense), [cv2.convexHull(np.concatenate(large))], 1)
    mask = cv2.dilate(filled, _disc(_MARGIN * side)).astype(bool)
    low, high = _AREA
    return np.asarray(mask) if low <= mask.mean() <= high else None


def other_surroundings(pixels: RGB, random: Random) -> RGB:
    """S×S×3 with something else around the body: air of one grey, black, or another circle of the scanner; no
    table. Unchanged where the body is not found."""
    mask = body_mask(pixels)
    if mask is None:
        return pixels
    side = pixels.shape[0]
    air, beyond = random.uniform(0, 70, 2)
    around = np.full((side, side), air, np.float32)
    if random.random() < 0.5:
        radius, middle = random.uniform(0.45, 0.75) * side, side / 2
        y, x = np.mgrid[0:side, 0:side]
        around[(y - middle) ** 2 + (x - middle) ** 2 > radius**2] = beyond
    around += random.normal(0, random.uniform(0, 6), around.shape)
    shown = np.where(mask, pixels[..., 0].astype(np.float32), around)
    grey = np.asarray(np.clip(np.rint(shown), 0, 255), np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _disc(radius: float) -> npt.NDArray[np.uint8]:
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)

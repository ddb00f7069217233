"""How much stain each pixel of a small picture of a slide holds, and what is no tissue whatever its colour.

Haematoxylin, eosin, blood and diaminobenzidine all absorb green light more than red or more than blue
(A. C. Ruifrok and D. A. Johnston, Anal Quant Cytol Histol 23, 2001); dust, shadows, bubbles and unscanned
black absorb all three alike, whatever the colour of lamp and glass. So stain is the share of green light that
is missing beside red or blue, after the slide's own glass was made white. Otsu's cut through the saturation,
which many programs use, loses pale tissue beside dense and takes ink and bare glass for tissue
(`python -m benchmarks.tissue DATA`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB

Mask = npt.NDArray[np.bool_]
Plane = npt.NDArray[np.float32]

UNIT = 1024
"""Lengths below are pixels of a picture whose longest side is this, and grow with the picture."""

_SMOOTHING = 0.8
"""Pixels; takes the camera's noise."""
_FAINTEST, _STRONGEST = 0.02, 0.10
_NOISE = 5.0
"""Standard deviations of bare glass."""
_FLOOR = np.float32(0.03)
"""Of the light; keeps what is nearly black from having a colour."""


@dataclass(frozen=True, slots=True)
class StainPicture:
    """H×W. `stain` 0 to 1, signed around 0 on bare glass; `barred`: ink, black and grey, which are no stain
    however strong; `dark`: where hardly any light passes, without ink. `automatic`: the threshold that
    tells this slide's stain from its glass."""

    stain: Plane
    barred: Mask
    dark: Mask
    automatic: float


def read_stain(pixels: RGB, readable: Mask) -> StainPicture:
    """Stain of a small picture of a slide, H×W×3; parts that are not readable have no say."""
    unit = max(pixels.shape[:2]) / UNIT
    glass = glass_colour(pixels, readable)
    soft = cv2.GaussianBlur(pixels, (0, 0), _SMOOTHING)
    # Brighter than glass is what a scanner left out (white) beside tinted glass.
    passes = np.minimum(np.arange(256, dtype=np.float32)[:, None] / glass, 1).astype(np.float32)
    red, green, blue = cv2.split(cv2.LUT(soft, passes[:, None, :]))
    most = cv2.max(red, blue)
    stain = 1 - (green + _FLOOR) / (most + _FLOOR)
    ink = _ink(red, green, unit)
    # Stain absorbs one colour at least a fifth less (in optical density) than green.
    grey = most < cv2.pow(green, 0.8)
    black = cv2.max(most, green) < 0.16
    barred = ink | grey | black
    automatic = _automatic(stain, barred, cv2.min(green, most) > 0.9, readable)
    return StainPicture(stain, barred, (green < 0.5) & ~ink, automatic)


def glass_colour(pixels: RGB, readable: Mask) -> npt.NDArray[np.float32]:
    """Red, green and blue of bare glass: the brightest that is common among flat, hardly coloured parts.

    Pure white is what scanners write where they did not look, and counts only when nothing else is there;
    white too where there is no glass to be seen, as on a cut-out full of tissue.
    """
    height, width = pixels.shape[:2]
    shrink = min(1.0, UNIT / 2 / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(readable.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    red, green, blue = cv2.split(small)
    around = np.ones((3, 3), np.uint8)
    flat = cv2.subtract(cv2.dilate(green, around), cv2.erode(green, around)) <= 8
    most, least = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    bright = (most >= 150) & (least < 254) & (least > most * 0.8)
    # The tints of glass are warm or cool, hardly ever pink: pink is stain.
    glassy = seen & flat & bright & (green >= cv2.addWeighted(red, 0.475, blue, 0.475, 0))
    if np.count_nonzero(glassy) < 0.01 * glassy.size:
        return np.full(3, 255, np.float32)
    counts = np.bincount(green[glassy], minlength=256).astype(np.float32)
    common = cv2.GaussianBlur(counts[None], (0, 0), 3)[0]
    peaks = common == cv2.dilate(common[None], np.ones((1, 9), np.uint8))[0]
    peak = int(np.flatnonzero(peaks & (common >= 0.2 * common.max())).max())
    near = glassy & (cv2.absdiff(green, np.full_like(green, peak)) <= 4)
    return np.asarray(np.median(small[near], axis=0), dtype=np.float32)


def _ink(red: Plane, green: Plane, unit: float) -> Mask:
    """Blue and green felt pen: absorbs red clearly more than green, as no stain of H&E does. With the soft
    edge of the strokes, where ink and glass mix into other hues."""
    core = ((red < 0.45) & (red < cv2.pow(green, 1.2))).astype(np.uint8)
    core = cv2.morphologyEx(core, cv2.MORPH_OPEN, disc(unit))
    return np.asarray(cv2.dilate(core, disc(4 * unit)) > 0)


def _automatic(stain: Plane, barred: Mask, clear: Mask, readable: Mask) -> float:
    """Above what bare glass of this slide varies by, and above a tenth of its tissue's stain, within bounds.
    The spread of glass is taken below the median, where no stain is."""
    sparse = np.s_[::2, ::2]
    amount, seen = stain[sparse], readable[sparse]
    clear = clear[sparse] & seen
    noise = 0.0
    if np.count_nonzero(clear) >= 0.01 * clear.size:
        low, middle = np.percentile(amount[clear], (16, 50))
        noise = float(middle + _NOISE * (middle - low))
    stained = amount[seen & ~barred[sparse] & (amount > max(noise, _FAINTEST))]
    typical = float(np.median(stained)) if stained.size else 0.0
    return float(np.clip(max(noise, 0.1 * typical), _FAINTEST, _STRONGEST))


def disc(radius: float) -> npt.NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)

"""Nine ways in which a slide, a scanner or a file spoils a picture, each in five steps.

The idea is Hendrycks & Dietterich 2019 (arXiv:1903.12261); the kinds and amounts are those of slides, not of
photographs. For every kind, step 1 is hardly seen, step 3 is a poor slide that is still signed out, and
step 5 is one that most would send back. Lengths are pixels of the model's input, where one is about
0.6 µm. The amounts were set by looking at the pictures, before any model was measured with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from training.augment.degrade import jpeg as through_jpeg
from training.augment.light import grey
from training.augment.stain import HED, density, pixels_of

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Corruption:
    """`apply(field, amount, random)` at the five `amounts`, in `unit`; `reason` is what does this in a lab,
    `plain` how a card names it."""

    apply: Callable[[RGB, float, Random], RGB]
    amounts: tuple[float, float, float, float, float]
    unit: str
    reason: str
    plain: str


def either_way(amount: float, random: Random) -> float:
    """The factor or its inverse."""
    return amount if random.random() < 0.5 else 1 / amount


def as_bytes(values: npt.NDArray[np.floating]) -> RGB:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def jpeg(field: RGB, quality: float, _: Random) -> RGB:
    """Through a file of that quality."""
    return through_jpeg(field, int(quality))


def _filtered(field: RGB, kernel: npt.NDArray[np.float32]) -> RGB:
    smooth = cv2.filter2D(field, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smooth, np.uint8)


def motion(field: RGB, length: float, random: Random) -> RGB:
    """A line of that length in any direction; drawn fine and averaged down, so that fractions count."""
    fine, side = 8, 2 * int(np.ceil(length / 2)) + 1
    angle, middle = random.uniform(0, np.pi), side * fine / 2
    half = length * fine / 2 * np.array([np.cos(angle), np.sin(angle)])
    line = np.zeros((side * fine, side * fine), np.float32)
    ends = [tuple(round(float(v)) for v in middle + sign * half) for sign in (-1, 1)]
    cv2.line(line, ends[0], ends[1], 1.0, fine)
    return _filtered(field, cv2.resize(line, (side, side), interpolation=cv2.INTER_AREA))


def _defocus(field: RGB, radius: float, _: Random) -> RGB:
    """A disc: what geometrical optics makes of a point that is out of focus."""
    fine, side = 8, 2 * int(np.ceil(radius)) + 1
    disc = np.zeros((side * fine, side * fine), np.float32)
    cv2.circle(disc, (side * fine // 2, side * fine // 2), round(radius * fine), 1.0, -1)
    return _filtered(field, cv2.resize(disc, (side, side), interpolation=cv2.INTER_AREA))


def _noise(field: RGB, deviation: float, random: Random) -> RGB:
    """Photon noise: its variance grows with the light."""
    light = field.astype(np.float32)
    return as_bytes(light + random.normal(0, deviation, field.shape) * np.sqrt(light / 255))


def _brightness(field: RGB, factor: float, random: Random) -> RGB:
    return as_bytes(field.astype(np.float32) * either_way(factor, random))


def _contrast(field: RGB, factor: float, random: Random) -> RGB:
    mean = field.mean()
    return as_bytes((field.astype(np.float32) - mean) * either_way(factor, random) + mean)


def _saturation(field: RGB, factor: float, random: Random) -> RGB:
    plain = grey(field).astype(np.float32)
    return as_bytes(plain + (field.astype(np.float32) - plain) * either_way(factor, random))


def _stain(field: RGB, amount: float, random: Random) -> RGB:
    """More or less of each dye, and a cast over everything, in HED space (Ruifrok & Johnston 2001; Tellez
    et al. 2018, arXiv:1808.05896)."""
    dyes = density(field).reshape(-1, 3) @ np.linalg.inv(HED)
    more = np.array([either_way(1 + amount, random) for _ in range(2)] + [1.0], np.float32)
    cast = random.choice((-1, 1), 3) * np.float32(amount / 6)
    moved = (dyes * more + cast).astype(np.float32) @ HED
    return pixels_of(moved.astype(np.float32)).reshape(field.shape)


def scale(field: RGB, factor: float, random: Random) -> RGB:
    """Magnified, or reduced with the tissue mirrored at the edges."""
    side = field.shape[0]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), 0, either_way(factor, random))
    if matrix[0, 0] < 1:  # averaged first, or fine detail would turn into false patterns
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), 0.5 * (1 / matrix[0, 0] - 1) + 0.01), np.uint8)
    moved = cv2.warpAffine(
        field, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(moved, np.uint8)


CORRUPTIONS: dict[str, Corruption] = {
    "jpeg": Corruption(
        jpeg,
        (70, 50, 30, 20, 10),
        "JPEG quality",
        "slide files are kept at 30 to 90; pictures that were saved again have less",
        "strong JPEG compression",
    ),
    "blur": Corruption(
        motion,
        (2, 3, 4.5, 6.5, 9),
        "pixels of movement",
        "the stage of a line scanner shakes, or the microscope is touched during an exposure",
        "movement blur",
    ),
    "defocus": Corruption(
        _defocus,
        (1, 1.5, 2.2, 3.2, 4.5),
        "radius of the disc in pixels; at NA 0.75, 0.5 to 2.3 µm out of focus",
        "the focus map misses a fold, a thick section or a bubble",
        "tissue that is out of focus",
    ),
    "noise": Corruption(
        _noise,
        (4, 8, 12, 18, 25),
        "standard deviation at white, of 255",
        "little light or a small sensor with much gain; phone on the eyepiece",
        "camera noise",
    ),
    "brightness": Corruption(
        _brightness,
        (1.08, 1.16, 1.25, 1.38, 1.55),
        "factor on intensity, or its inverse",
        "lamp, exposure, a white point that was not set",
        "pictures that are too dark or too bright",
    ),
    "contrast": Corruption(
        _contrast,
        (1.12, 1.25, 1.45, 1.75, 2.2),
        "factor about the mean, or its inverse",
        "stray light and thick mounting medium; the tone curve of a scanner",
        "pictures that are too flat or too hard",
    ),
    "stain": Corruption(
        _stain,
        (0.12, 0.25, 0.4, 0.6, 0.85),
        "relative change of each dye (more or less), and a sixth of it as density over everything",
        "another batch of dye, another time in the bath, a thicker section, a faded slide",
        "strong, weak or discoloured stain",
    ),
    "saturation": Corruption(
        _saturation,
        (1.15, 1.3, 1.55, 1.9, 2.4),
        "factor on the distance to grey, or its inverse",
        "a colour profile that was lost, or colours made vivid for a screen",
        "colours that are too pale or too vivid",
    ),
    "scale": Corruption(
        scale,
        (1.08, 1.18, 1.32, 1.55, 1.9),
        "magnification, or its inverse",
        "µm per pixel that is not stated, or wrong; another objective",
        "another magnification than stated",
    ),
}
"""By name; the order is part of the seed of every picture."""

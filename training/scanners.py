"""Scanners that do not exist: validation slices as other doses, kernels, windows and files would show them.

What training/laboratories.py is for slides. Each has one window, one kernel, one level of noise, one field of
view and one quality of file for all its slices, as a hospital has; so none of these tells the classes apart,
as they may at home. They say nothing about other patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from training.augment.degrade import jpeg, sharpen
from training.augment.geometry import zoomed
from training.augment.scan import rewindowed, softened, with_noise

_GAIN_SPREAD, _OFFSET_SPREAD = 0.10, 8.0
_KERNEL = (-1.3, 0.9)
_NOISE_GREY, _GRAIN = (1.5, 14.0), (0.0, 1.2)
_ZOOM, _JPEG_QUALITY = (0.88, 1.14), (40, 95)


@dataclass(frozen=True, slots=True)
class Scanner:
    """What all slices of one made-up scanner share.

    `gain` and `offset` (grey) are another window; `kernel` below 0 is a Gaussian of so many pixels, above 0
    the share of detail that is added again; `noise` is a standard deviation in grey, `grain` how far it is
    smoothed, in pixels; `zoom` > 1 shows less of the body, larger; `quality` is of a JPEG.
    """

    gain: float
    offset: float
    kernel: float
    noise: float
    grain: float
    zoom: float
    quality: int


def draw_scanner(number: int, seed: int) -> Scanner:
    """Scanner `number` of a seed."""
    random = np.random.default_rng((seed, number))
    return Scanner(
        gain=float(np.exp(random.normal(0, _GAIN_SPREAD))),
        offset=float(random.normal(0, _OFFSET_SPREAD)),
        kernel=float(random.uniform(*_KERNEL)),
        noise=float(np.exp(random.uniform(*np.log(_NOISE_GREY)))),
        grain=float(random.uniform(*_GRAIN)),
        zoom=float(np.exp(random.uniform(*np.log(_ZOOM)))),
        quality=int(random.integers(*_JPEG_QUALITY)),
    )


def scanned_fields(number: int, fields: npt.NDArray[np.uint8], seed: int) -> npt.NDArray[np.uint8]:
    """n×S×S×3 slices as scanner `number` would show them; the same seed gives the same pictures."""
    scanner = draw_scanner(number, seed)
    return np.stack(
        [as_scanned_by(scanner, f, np.random.default_rng((seed, number, i))) for i, f in enumerate(fields)]
    )


def as_scanned_by(scanner: Scanner, field: RGB, random: np.random.Generator) -> RGB:
    """One S×S×3 slice as the scanner would show it; `random` draws its noise."""
    pixels = zoomed(field, scanner.zoom)
    pixels = sharpen(pixels, scanner.kernel) if scanner.kernel > 0 else softened(pixels, -scanner.kernel)
    pixels = with_noise(pixels, scanner.noise, scanner.grain, random)
    return jpeg(rewindowed(pixels, scanner.gain, scanner.offset), scanner.quality)

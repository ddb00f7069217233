"""What other scanners, kernels, windows and files make of the same CT slice. No stain, and an up.

A slice has 8-bit grey in three equal channels, as it was saved through one window. Noise, sharpness and the
window's place are what tell one scanner's slices from another's: whatever of it goes with a class in a
data set of few patients has nothing to do with disease, so every picture gets its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.image import RGB
from training.augment import geometry
from training.augment.body import other_surroundings
from training.augment.degrade import jpeg, lower_resolution, sharpen
from training.augment.stain import Stain

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class ScanAugment:
    """Chances are of one picture.

    `surroundings`: chance of other air around the body, without the table.
    `scale`, `turn` (degrees) and `shift` (share of the side): how the body lies in the picture. `gain` (log)
    and `offset` (grey): standard deviations of another window. `soften`, `sharpen`, `coarser`: chances of
    another kernel or fewer pixels, at most one of them. `noise`: chance, `noise_grey` its smallest and
    largest deviation. `jpeg`: chance of a file of lower quality.
    """

    surroundings: float = 0.7
    scale: tuple[float, float] = (0.85, 1.2)
    turn: tuple[float, float] = (-12.0, 12.0)
    shift: float = 0.06
    gain: float = 0.12
    offset: float = 10.0
    soften: float = 0.35
    sharpen: float = 0.15
    coarser: float = 0.15
    noise: float = 0.6
    noise_grey: tuple[float, float] = (2.0, 18.0)
    jpeg: float = 0.3


class ScanAugmenter:
    """Changes slices of one side length."""

    def __init__(self, settings: ScanAugment) -> None:
        self._settings = settings

    def __call__(self, pixels: RGB, source: Stain | None, random: Random) -> RGB:
        """A new picture S×S×3 from one. A slice has no stain: `source` is not used."""
        s = self._settings
        if random.random() < s.surroundings:
            pixels = other_surroundings(pixels, random)
        pixels = geometry.move(pixels, s.scale, s.shift, random, s.turn)
        pixels = rewindowed(pixels, float(np.exp(random.normal(0, s.gain))), random.normal(0, s.offset))
        pixels = self._other_kernel(pixels, random)
        if random.random() < s.noise:
            deviation = float(np.exp(random.uniform(*np.log(s.noise_grey))))
            pixels = with_noise(pixels, deviation, random.uniform(0.0, 1.2), random)
        if random.random() < s.jpeg:
            pixels = jpeg(pixels, int(random.integers(40, 95)))
        return np.ascontiguousarray(pixels)

    def describe(self) -> dict[str, object]:
        """What a run saves: the settings and a checksum of them."""
        text = repr(sorted(asdict(self._settings).items()))
        return {**asdict(self._settings), "sha256": hashlib.sha256(text.encode()).hexdigest()}

    def _other_kernel(self, pixels: RGB, random: Random) -> RGB:
        s, kind = self._settings, random.random()
        if kind < s.soften:
            return softened(pixels, random.uniform(0.4, 1.4))
        if kind < s.soften + s.sharpen:
            return sharpen(pixels, random.uniform(0.3, 1.2))
        if kind < s.soften + s.sharpen + s.coarser:
            return lower_resolution(pixels, random.uniform(1.2, 2.0), smooth=True)
        return pixels


def rewindowed(pixels: RGB, gain: float, offset: float) -> RGB:
    """H×W×3 as through another window: contrast `gain` about mid-grey, then `offset` in grey. What the first
    window cut off is not in the picture and stays black or white."""
    table = (np.arange(256) - 127.5) * gain + 127.5 + offset
    table[0], table[255] = min(table[0], 0.0), max(table[255], 255.0)
    return np.asarray(np.clip(np.rint(table), 0, 255).astype(np.uint8)[pixels], np.uint8)


def softened(pixels: RGB, deviation: float) -> RGB:
    """H×W×3 as a smoother kernel would give it: a Gaussian of `deviation` pixels; 0 changes nothing."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), deviation), np.uint8) if deviation > 0.05 else pixels


def with_noise(pixels: RGB, deviation: float, grain: float, random: Random) -> RGB:
    """H×W×3 with noise of a standard `deviation` in grey, the same in all channels; `grain` is the deviation
    in pixels of the kernel that smoothed it (0: every pixel its own)."""
    drawn: FloatArray = random.normal(0, 1, pixels.shape[:2]).astype(np.float32)
    if grain > 0.05:
        drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), grain), np.float32)
        drawn /= max(float(drawn.std()), 1e-6)
    noisy = pixels.astype(np.float32) + deviation * drawn[:, :, None]
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

"""Nine ways in which a scanner, a reconstruction or a file spoils a CT slice, each in five steps.

As training/corruptions.py does for slides: step 1 is hardly seen, step 3 is a poor slice that is still read,
step 5 one that most would scan again. Lengths are pixels of the model's input, where one is about 1.6 mm;
one grey is about 6 HU of a window 1,500 wide. Noise is the same in all three channels: a slice has no
colour. The amounts were set by looking at the pictures, before any model was measured with them.
"""

from __future__ import annotations

from collections.abc import Mapping

from lungviewer.core.image import RGB
from training.augment.degrade import lower_resolution, sharpen
from training.augment.scan import rewindowed, softened, with_noise
from training.corruptions import Corruption, Random, either_way, jpeg, motion, scale

_GRAIN = 0.6


def _soft(field: RGB, deviation: float, _: Random) -> RGB:
    return softened(field, deviation)


def _sharp(field: RGB, amount: float, _: Random) -> RGB:
    return sharpen(field, amount)


def _noise(field: RGB, deviation: float, random: Random) -> RGB:
    return with_noise(field, deviation, _GRAIN, random)


def _level(field: RGB, offset: float, random: Random) -> RGB:
    return rewindowed(field, 1.0, offset if random.random() < 0.5 else -offset)


def _width(field: RGB, factor: float, random: Random) -> RGB:
    return rewindowed(field, either_way(factor, random), 0.0)


def _coarser(field: RGB, factor: float, _: Random) -> RGB:
    return lower_resolution(field, factor, smooth=True)


SCAN_CORRUPTIONS: Mapping[str, Corruption] = {
    "jpeg": Corruption(
        jpeg,
        (70, 50, 30, 20, 10),
        "JPEG quality",
        "slices are pasted into slides and papers and saved again",
        "strong JPEG compression",
    ),
    "motion": Corruption(
        motion,
        (1.5, 2.2, 3.2, 4.5, 6.5),
        "pixels of movement",
        "breathing and the heart during a rotation",
        "movement blur",
    ),
    "soft_kernel": Corruption(
        _soft,
        (0.5, 0.8, 1.2, 1.7, 2.4),
        "standard deviation of a Gaussian in pixels",
        "a smooth kernel, thick slices, strong iterative reconstruction",
        "smooth reconstructions",
    ),
    "sharp_kernel": Corruption(
        _sharp,
        (0.3, 0.6, 1.0, 1.6, 2.4),
        "share of fine detail that is added again",
        "a kernel for bone or high-resolution lung",
        "sharp reconstructions",
    ),
    "noise": Corruption(
        _noise,
        (3, 6, 10, 16, 24),
        "standard deviation in grey",
        "low dose, thin slices, a large patient",
        "noise",
    ),
    "window_level": Corruption(
        _level,
        (6, 12, 20, 32, 48),
        "grey that is added or taken off",
        "a JPEG saved through a window with another centre",
        "another centre of the window",
    ),
    "window_width": Corruption(
        _width,
        (1.06, 1.15, 1.3, 1.55, 1.9),
        "contrast about mid-grey, or its inverse",
        "a JPEG saved through a narrower or wider window",
        "another width of the window",
    ),
    "coarser": Corruption(
        _coarser,
        (1.3, 1.6, 2.0, 2.7, 3.5),
        "factor on the size of a pixel",
        "small pictures of papers and messengers, enlarged again",
        "fewer pixels",
    ),
    "scale": Corruption(
        scale,
        (1.06, 1.13, 1.22, 1.35, 1.55),
        "magnification, or its inverse",
        "another field of view of the reconstruction; a child",
        "another field of view",
    ),
}
"""By name; the order is part of the seed of every picture."""

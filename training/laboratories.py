"""Laboratories that do not exist: the validation images as other stains, lamps and scanners would show them.
Those of CT are in training/scanners.py.

A threshold that is right at home lets sure mistakes through abroad. Real foreign images are too few to
choose by and are kept for evaluation, so the choice is made on made-up laboratories. Each has one stain,
one white, one scale and one quality of picture for all its images, as a real one has; so colour no longer
tells the classes apart, as it may at home. They say nothing about foreign tissue: they show how sure a
model is when the picture changes and the diagnosis does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from training.augment.degrade import jpeg, lower_resolution
from training.augment.geometry import zoomed
from training.augment.stain import HED, Stain, estimate_stain, perturbed, recolour, unit_rows
from training.scanners import scanned_fields

LABORATORIES = 10

_STAIN_SPREAD = 0.10
_REACH, _REACH_SPREAD = (1.5, 0.9), 0.25
"""Densities (99th percentile) of haematoxylin and eosin, and their log-deviation between laboratories."""
_WHITE, _WHITE_SPREAD = (0.88, 1.0), 0.03
_GAMMA_SPREAD = 0.15
_ZOOM, _COARSER, _JPEG_QUALITY = (0.75, 1.33), (1.0, 2.2), (35, 95)
_SAME = np.ones(2, np.float32)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What all images of one made-up laboratory share.

    `white` is what the brightest part becomes, a share of full scale per channel; `gamma` is applied to
    intensities in 0…1; `zoom` > 1 shows less tissue, larger; `coarser` is how many times less detail is
    seen; `quality` is of a JPEG.
    """

    stain: Stain
    white: npt.NDArray[np.float32]
    gamma: float
    zoom: float
    coarser: float
    quality: int


def draw_laboratory(number: int, seed: int) -> Laboratory:
    """Laboratory `number` of a seed."""
    random = np.random.default_rng((seed, number))
    reach = np.array(_REACH, np.float32) * np.exp(random.normal(0, _REACH_SPREAD, 2)).astype(np.float32)
    stain = perturbed(Stain(unit_rows(HED[:2]), reach), _STAIN_SPREAD, random)
    white = random.uniform(*_WHITE) * np.exp(random.normal(0, _WHITE_SPREAD, 3))
    return Laboratory(
        stain=stain,
        white=np.minimum(white, 1.0).astype(np.float32),
        gamma=float(np.exp(random.normal(0, _GAMMA_SPREAD))),
        zoom=float(np.exp(random.uniform(*np.log(_ZOOM)))),
        coarser=float(random.uniform(*_COARSER)),
        quality=int(random.integers(*_JPEG_QUALITY)),
    )


def shifted_fields(
    number: int, fields: npt.NDArray[np.uint8], modality: str, seed: int
) -> npt.NDArray[np.uint8]:
    """n×S×S×3 fields as laboratory `number` would show them; the same seed gives the same pictures."""
    if modality == "ct":
        return scanned_fields(number, fields, seed)
    laboratory = draw_laboratory(number, seed)
    return np.stack([as_seen_by(laboratory, field) for field in fields])


def as_seen_by(laboratory: Laboratory, field: RGB) -> RGB:
    """One S×S×3 field as the laboratory would show it."""
    pixels = zoomed(field, laboratory.zoom)
    source = estimate_stain(pixels)
    if source is not None:
        pixels = recolour(pixels, source, laboratory.stain, _SAME)
    pixels = _lit(pixels, laboratory)
    return jpeg(lower_resolution(pixels, laboratory.coarser, smooth=False), laboratory.quality)


def _lit(pixels: RGB, laboratory: Laboratory) -> RGB:
    """The laboratory's white in the place of the picture's own, and its gamma."""
    own = np.maximum(np.percentile(pixels.reshape(-1, 3), 99, axis=0), 120)
    share = np.clip(pixels.astype(np.float32) / own.astype(np.float32), 0, 1)
    lit = laboratory.white * share ** np.float32(laboratory.gamma)
    return np.asarray(np.rint(255 * lit), np.uint8)

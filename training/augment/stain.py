"""Stain in optical density: where a picture's haematoxylin and eosin lie, and how to move them elsewhere.

Optical density is −ln(I/I₀) and is linear in the amount of stain (Beer and Lambert); two stains span a
plane in it. A stain matrix is 2×3 float32: rows haematoxylin and eosin, columns R, G, B, rows of length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.image import RGB

Random = np.random.Generator

HED = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]], np.float32)
"""Haematoxylin, eosin and diaminobenzidine after Ruifrok & Johnston 2001 (Anal Quant Cytol Histol 23)."""

_WHITE = 256.0
_CLEAR = 0.15
"""Pixels with less mean density than this hold too little stain to measure. The mean, not every channel as
is often seen: pure eosin hardly darkens red, and would be left out of its own measurement."""
_FEWEST_PIXELS = 200
_NARROWEST = float(np.cos(np.radians(12)))
_REMAINDER_KEPT = 0.5
"""Share of what two stains do not explain (blood, pigment, the camera) that survives recolouring."""


@dataclass(frozen=True, slots=True)
class Stain:
    """A stain matrix 2×3 and the density (99th percentile) that each stain reaches in the picture."""

    matrix: FloatArray
    reach: FloatArray


def density(pixels: RGB) -> FloatArray:
    """Optical density of uint8 RGB pixels of any shape …×3."""
    return np.asarray(-np.log((pixels.astype(np.float32) + 1) / _WHITE), np.float32)


def pixels_of(optical: FloatArray) -> RGB:
    """The inverse of `density`, clipped to uint8."""
    return np.asarray(np.clip(_WHITE * np.exp(-optical) - 1, 0, 255), np.uint8)


def estimate_stain(pixels: RGB, angle_percentile: float = 1.0) -> Stain | None:
    """The stains of one H×W×3 picture after Macenko et al. 2009 (ISBI, doi:10.1109/ISBI.2009.5193250).

    The densities' two leading directions span the stain plane; the extreme angles within it are the
    stains. None when there is too little stain, or what is found cannot be haematoxylin and eosin: two
    directions closer than 12° are one stain and the camera's noise.
    """
    # Every other pixel: the extremes move by less than the method's own scatter.
    optical = density(pixels[::2, ::2]).reshape(-1, 3)
    optical = optical[optical.mean(axis=1) > _CLEAR]
    if len(optical) < _FEWEST_PIXELS:
        return None
    _, directions = np.linalg.eigh(np.cov(optical.T))
    plane = directions[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)
    along = optical @ plane
    angles = np.arctan2(along[:, 1], along[:, 0])
    ends = np.percentile(angles, (angle_percentile, 100 - angle_percentile))
    found = np.stack([plane @ np.array([np.cos(a), np.sin(a)]) for a in ends]).astype(np.float32)
    # Haematoxylin takes more red than eosin does.
    matrix = unit_rows(found[np.argsort(-found[:, 0])])
    if matrix.min() < -0.05 or float(matrix[0] @ matrix[1]) > _NARROWEST:
        return None
    reach = np.percentile(optical @ np.linalg.pinv(matrix), 99, axis=0)
    return Stain(matrix, reach.astype(np.float32)) if reach.min() > 0 else None


def unit_rows(matrix: FloatArray) -> FloatArray:
    """The matrix with rows of length 1."""
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), np.float32)


def recolour(pixels: RGB, source: Stain, target: Stain, gain: FloatArray) -> RGB:
    """The picture as if it had been stained like another (Macenko et al. 2009, section 3).

    Args:
        pixels: H×W×3.
        source, target: of this picture and of the other.
        gain: 2 factors on the amounts of the two stains.
    """
    optical = density(pixels).reshape(-1, 3)
    amounts = optical @ np.linalg.pinv(source.matrix)
    remainder = optical - amounts @ source.matrix
    factor = np.clip(target.reach / source.reach * gain, 0.3, 3.0)
    moved = (amounts * factor) @ target.matrix + _REMAINDER_KEPT * remainder
    return pixels_of(moved.astype(np.float32)).reshape(pixels.shape)


def perturbed(stain: Stain, spread: float, random: Random) -> Stain:
    """A stain near this one: every entry of the matrix moved by a normal deviate of `spread`."""
    moved = stain.matrix + random.normal(0, spread, stain.matrix.shape).astype(np.float32)
    return Stain(unit_rows(np.clip(moved, 0.01, 1.0)), stain.reach)


def jitter_hed(pixels: RGB, spread: float, shift: float, random: Random) -> RGB:
    """Scale and shift the three stains of the fixed HED basis (Tellez et al. 2018, arXiv:1808.05896).

    `spread` is the largest relative change, `shift` the largest added density.
    """
    amounts = density(pixels).reshape(-1, 3) @ np.linalg.inv(HED)
    scale = (1 + random.uniform(-spread, spread, 3)).astype(np.float32)
    moved = amounts * scale + random.uniform(-shift, shift, 3).astype(np.float32)
    return pixels_of((moved @ HED).astype(np.float32)).reshape(pixels.shape)


def typical_stain(stains: Sequence[Stain]) -> Stain:
    """The median of several, as the stain of their laboratory.

    Raises:
        ValueError: there are none.
    """
    if not stains:
        raise ValueError("no stains")
    matrix = np.median([s.matrix for s in stains], axis=0).astype(np.float32)
    return Stain(unit_rows(matrix), np.median([s.reach for s in stains], axis=0).astype(np.float32))

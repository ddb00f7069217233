"""Random textures that repeat without a seam, so that one drawn field can cover a slide of any size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
"""size×size float32, periodic: the right edge continues at the left one, the bottom at the top."""

_FINE_CELL_PX = 4.0


def wrap_pad(plane: npt.NDArray[Any], margin: int) -> npt.NDArray[Any]:
    """The plane with `margin` pixels of its own continuation on every side."""
    return np.pad(plane, margin, mode="wrap")


def blur(plane: Plane, sigma_px: float) -> Plane:
    """Gaussian blur that keeps the plane periodic."""
    if sigma_px <= 0.05:
        return plane
    margin = min(int(4 * sigma_px) + 1, plane.shape[0])
    padded = cv2.GaussianBlur(wrap_pad(plane, margin).astype(np.float32), (0, 0), sigma_px)
    return np.ascontiguousarray(padded[margin:-margin, margin:-margin], dtype=np.float32)


def noise(rng: np.random.Generator, size: int, cell_px: float, stretch: float = 1.0) -> Plane:
    """Smooth noise of mean 0 and deviation about 1.

    Args:
        cell_px: distance of neighbouring bumps in pixels.
        stretch: how many times longer than high the bumps are.
    """
    if cell_px < _FINE_CELL_PX and stretch == 1.0:
        white = blur(rng.standard_normal((size, size), dtype=np.float32), cell_px / 2)
        return white / max(float(white.std()), 1e-6)
    rows = max(2, round(size / cell_px))
    columns = max(2, round(size / (cell_px * stretch)))
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    smooth = _spline_weights(size, rows) @ grid @ _spline_weights(size, columns).T
    smooth -= smooth.mean()
    return np.asarray(smooth / max(float(smooth.std()), 1e-6), dtype=np.float32)


def fractal(rng: np.random.Generator, size: int, cell_px: float, octaves: int = 3) -> Plane:
    """Sum of `octaves` noises, each half as large and as strong as the one before; deviation about 1."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        total += noise(rng, size, max(cell_px / 2**octave, 1.0)) * np.float32(0.5**octave)
    return total / max(float(total.std()), 1e-6)


def warp(plane: Plane, shift_x: Plane, shift_y: Plane) -> Plane:
    """Take every pixel from (x + shift_x, y + shift_y), in pixels."""
    y, x = np.indices(plane.shape, dtype=np.float32)
    moved = cv2.remap(plane, x + shift_x, y + shift_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(moved, dtype=np.float32)


def streaks(texture: Plane, along_x: Plane, along_y: Plane, length_px: float, step_px: float) -> Plane:
    """Smear a texture along a direction field into fibres: line integral convolution.

    Cabral & Leedom, "Imaging vector fields using line integral convolution", SIGGRAPH 1993.

    Args:
        along_x, along_y: unit direction per pixel.
        length_px: how far to each side.
        step_px: at most half the texture's finest bump, or the fibres turn into combs.
    """
    y, x = np.indices(texture.shape, dtype=np.float32)
    total = texture.copy()
    count = max(2, round(length_px / step_px))
    for sign in (1.0, -1.0):
        step = np.float32(sign * length_px / count)
        at_x, at_y = x.copy(), y.copy()
        for _ in range(count):
            go_x = cv2.remap(along_x, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
            go_y = cv2.remap(along_y, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
            at_x += step * go_x
            at_y += step * go_y
            total += cv2.remap(texture, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    total -= total.mean()
    return total / max(float(total.std()), 1e-6)


def _spline_weights(size: int, cells: int) -> Plane:
    """size×cells weights of periodic cubic B-spline interpolation."""
    position = (np.arange(size) + 0.5) * cells / size
    base = np.floor(position).astype(int)
    t = position - base
    taps = ((1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6)
    weights = np.zeros((size, cells), np.float32)
    for offset, tap in enumerate(taps):
        np.add.at(weights, (np.arange(size), (base + offset - 1) % cells), tap.astype(np.float32))
    return weights

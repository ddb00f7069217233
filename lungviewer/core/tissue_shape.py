"""From where there is stain to pieces of tissue.

Ink, grey and lines are found once, whatever the threshold, and closing, filling of holes and dropping of
small pieces keep the order of masks (J. Serra, Image Analysis and Mathematical Morphology, 1982): a higher
threshold never adds tissue.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.tissue_stain import UNIT, Mask, StainPicture, disc

# Lengths in pixels of a picture whose longest side is UNIT.
_CLOSED = 2.0
"""Gaps up to twice this are closed: the airspaces of lung, as far as they are that small."""
_SMALLEST_PIECE = 8.0
"""Side of a square: smaller pieces are dust."""

_LINE_LEVEL = 0.02
_LINE_RUN = 40.0
_LINE_WIDTH = 9.0
_LINE_SLOPE = 0.052
_LINE_LENGTH = 0.3
"""Of the longest side of the picture."""

_Bits = npt.NDArray[np.uint8]


def pieces_of_tissue(picture: StainPicture, threshold: float) -> Mask:
    """Where more stain than `threshold` (0 to 1) makes a piece of tissue, H×W."""
    unit = max(picture.stain.shape) / UNIT
    stained = ((picture.stain > threshold) & ~picture.barred & ~_lines(picture, unit)).astype(np.uint8)
    closed = np.asarray(cv2.morphologyEx(stained, cv2.MORPH_CLOSE, disc(_CLOSED * unit)), dtype=np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= (_SMALLEST_PIECE * unit) ** 2
    large[0] = False  # what is not stained
    return _with_dark_parts(large[labels], picture.dark)


def _with_dark_parts(mask: Mask, dark: Mask) -> Mask:
    """What is dark inside a piece is part of it: carbon, folds."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    height, width = mask.shape
    left, top, across, down, _ = stats.T
    hole = (left > 0) & (top > 0) & (left + across < width) & (top + down < height)
    hole[0] = False  # the mask itself
    return np.asarray(mask | (hole[labels] & dark))


def _lines(picture: StainPicture, unit: float) -> Mask:
    """Edges of cover glass, where colours break and stain gathers: thin, long, and at most 3° from a side of
    the picture. Walls of airspaces are as thin: gaps are closed first, so that lung is none."""
    faint = ((picture.stain > _LINE_LEVEL) & ~picture.barred).astype(np.uint8)
    closed = cv2.morphologyEx(faint, cv2.MORPH_CLOSE, disc(2 * _CLOSED * unit))
    return _level_lines(closed, unit) | _level_lines(np.ascontiguousarray(closed.T), unit).T


def _level_lines(faint: _Bits, unit: float) -> Mask:
    run = np.ones((1, max(3, round(_LINE_RUN * unit))), np.uint8)
    wall = np.ones((max(3, round(_LINE_WIDTH * unit)), 1), np.uint8)
    runs = cv2.morphologyEx(faint, cv2.MORPH_OPEN, run)
    thin = cv2.subtract(runs, cv2.morphologyEx(runs, cv2.MORPH_OPEN, wall))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
    across, down = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    line = (across >= _LINE_LENGTH * max(faint.shape)) & (down <= len(wall) + _LINE_SLOPE * across)
    line[0] = False
    return np.asarray(line[labels])

"""An overview of a slide, put together of small parts: for slides that are too much for one request."""

from __future__ import annotations

import math

import numpy as np

from lungviewer.core.geometry import Rect
from lungviewer.core.image import Overview, SlideSource

_PART_SIDE = 64
"""Pixels of the overview: of a slide of one level, a part of it reads up to (64 × the reduction)² pixels."""

_PARTS_AT_ONCE = 16


def overview_in_parts(slide: SlideSource, max_side: int) -> Overview:
    """See `SlideSource.overview`, for a slide that need offer no more than `read_fields`.

    A part that hangs or ends the process that reads it is white and not readable, as a damaged one is.
    """
    info = slide.info
    reduction = max(1.0, max(info.width, info.height) / max_side)
    width, height = max(1, round(info.width / reduction)), max(1, round(info.height / reduction))
    level = max(i for i, each in enumerate(info.levels) if each.downsample <= reduction * 1.001)
    columns, rows = math.ceil(width / _PART_SIDE), math.ceil(height / _PART_SIDE)
    pixels = np.full((rows * _PART_SIDE, columns * _PART_SIDE, 3), 255, np.uint8)
    readable = np.zeros(pixels.shape[:2], bool)
    side = _PART_SIDE * reduction
    places = [(row, column) for row in range(rows) for column in range(columns)]
    for start in range(0, len(places), _PARTS_AT_ONCE):
        some = places[start : start + _PARTS_AT_ONCE]
        rects = [Rect(column * side, row * side, side, side) for row, column in some]
        parts, could = slide.read_fields(rects, level, _PART_SIDE)
        for (row, column), part, good in zip(some, parts, could, strict=True):
            y, x = row * _PART_SIDE, column * _PART_SIDE
            pixels[y : y + _PART_SIDE, x : x + _PART_SIDE] = part
            readable[y : y + _PART_SIDE, x : x + _PART_SIDE] = good
    return Overview(
        np.ascontiguousarray(pixels[:height, :width]), np.ascontiguousarray(readable[:height, :width])
    )

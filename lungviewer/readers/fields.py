"""Square fields of a slide, cut and resized where it is open."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lungviewer.core.geometry import Rect
from lungviewer.core.image import ImageSource
from lungviewer.core.preprocess import resize_field
from lungviewer.readers.slide_levels import level_position
from lungviewer.readers.slide_overview import DAMAGE


def read_fields(
    source: ImageSource, rects: Sequence[Rect], level: int, size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """See `SlideSource.read_fields`. Each field is a read of its own, so that its pixels do not depend on the
    others."""
    fields = np.full((len(rects), size, size, 3), 255, np.uint8)
    read = np.zeros(len(rects), bool)
    for number, rect in enumerate(rects):
        try:
            fields[number] = _field(source, rect, level, size)
        except DAMAGE:
            continue
        read[number] = True
    return fields, read


def _field(source: ImageSource, rect: Rect, level: int, size: int) -> npt.NDArray[np.uint8]:
    info = source.info
    ratio = info.levels[level].downsample
    x, y = level_position(info, level, rect.x, rect.y)
    left, top = math.floor(x), math.floor(y)
    inside = Rect(x - left, y - top, rect.width / ratio, rect.height / ratio)
    l0_origin = round(left * ratio) - info.offset[0], round(top * ratio) - info.offset[1]
    wanted = math.ceil(inside.x + inside.width), math.ceil(inside.y + inside.height)
    return resize_field(source.read(l0_origin, level, wanted), size, inside)

"""The whole slide, small, however much of it is damaged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from lungviewer.core.errors import ImageCorrupt, ImageTruncated
from lungviewer.core.image import RGB, Overview
from lungviewer.readers.array_source import shrink, shrunk_size

DAMAGE = (ImageCorrupt, ImageTruncated)
"""What a part of a slide that cannot be decoded raises; every other part can still be read."""

_WHOLE_PIXELS = 36_000_000
_BLOCK_SIDE = 4096
_SMALLEST_SIDE = 128
_MOST_FAILURES = 128
"""Each failure may cost opening the slide again. After so many, what fails is not looked at more closely."""

ReadBlock = Callable[[int, int, int, int], RGB]
"""(x, y, width, height) in pixels of one level → its pixels."""


def survey(read: ReadBlock, size: tuple[int, int], max_side: int) -> Overview:
    """A level of `size` (width, height), reduced by area averaging to a longest side of at most `max_side`.

    Read at once; where that fails, or would take too much memory, in blocks. A block that fails is divided
    until the damage is confined: the largest blocks first, because they hide most.
    """
    width, height = size
    if width * height <= _WHOLE_PIXELS:
        try:
            small = shrink(read(0, 0, width, height), max_side)
            return Overview(small, np.ones(small.shape[:2], bool))
        except DAMAGE:
            pass
    return _in_blocks(read, size, max_side)


def _in_blocks(read: ReadBlock, size: tuple[int, int], max_side: int) -> Overview:
    columns, rows = shrunk_size(size, max_side)
    # Blocks hold whole pixels of the result, and begin on whole pixels of the level.
    x_edges = np.round(np.linspace(0, size[0], columns + 1)).astype(int)
    y_edges = np.round(np.linspace(0, size[1], rows + 1)).astype(int)
    pixels = np.full((rows, columns, 3), 255, np.uint8)
    readable = np.zeros((rows, columns), bool)
    across, down = (
        max(1, _BLOCK_SIDE * n // length) for n, length in zip((columns, rows), size, strict=True)
    )
    waiting = deque(
        (left, top, min(left + across, columns), min(top + down, rows))
        for top in range(0, rows, down)
        for left in range(0, columns, across)
    )
    failures = 0
    while waiting:
        left, top, right, bottom = waiting.popleft()
        x, y, x_end, y_end = x_edges[left], y_edges[top], x_edges[right], y_edges[bottom]
        try:
            block = read(int(x), int(y), int(x_end - x), int(y_end - y))
        except DAMAGE:
            failures += 1
            if failures < _MOST_FAILURES and max(x_end - x, y_end - y) > _SMALLEST_SIDE:
                waiting.extend(_quarters(left, top, right, bottom))
            continue
        pixels[top:bottom, left:right] = _reduce(block, (right - left, bottom - top))
        readable[top:bottom, left:right] = True
    return Overview(pixels, readable)


def _quarters(left: int, top: int, right: int, bottom: int) -> list[tuple[int, int, int, int]]:
    """Two or four parts; none if it is a single pixel."""
    if right - left == 1 and bottom - top == 1:
        return []
    x, y = (left + right) // 2, (top + bottom) // 2
    columns = [(left, x), (x, right)] if left < x else [(left, right)]
    rows = [(top, y), (y, bottom)] if top < y else [(top, bottom)]
    return [(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]


def _reduce(block: RGB, size: tuple[int, int]) -> RGB:
    import cv2

    return np.asarray(cv2.resize(block, size, interpolation=cv2.INTER_AREA), np.uint8)

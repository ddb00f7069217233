"""Cells that belong together, as few rectangles as rows allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF

from lungviewer.core.geometry import Rect


def boxes_of(cells: npt.NDArray[np.bool_], rect: Rect, within: QRectF | None = None) -> list[QRectF]:
    """Where an H×W mask that covers `rect` (level-0 pixels) is True, in level-0 pixels; nothing outside
    `within`."""
    rows, columns = cells.shape
    wide, high = rect.width / columns, rect.height / rows
    boxes: list[tuple[int, int, int, int]] = []  # first row, row after the last, first column, column after
    open_boxes: dict[tuple[int, int], int] = {}  # columns → first row
    runs = _runs(cells)
    for row in range(rows + 1):
        here = runs.get(row, set())
        boxes += [(first, row, *run) for run, first in open_boxes.items() if run not in here]
        open_boxes = {run: open_boxes.get(run, row) for run in here}
    found = [
        QRectF(rect.x + x0 * wide, rect.y + y0 * high, (x1 - x0) * wide, (y1 - y0) * high)
        for y0, y1, x0, x1 in boxes
    ]
    return found if within is None else [box.intersected(within) for box in found]


def _runs(cells: npt.NDArray[np.bool_]) -> dict[int, set[tuple[int, int]]]:
    """For every row that has any: (first, after the last) column of each run of True."""
    edges = np.diff(np.pad(cells, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    stops = np.nonzero(edges == -1)[1]
    runs: dict[int, set[tuple[int, int]]] = {}
    for row, start, stop in zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True):
        runs.setdefault(row, set()).add((start, stop))
    return runs

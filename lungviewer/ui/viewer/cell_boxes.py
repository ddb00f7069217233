"""Cells that belong together, as few rectangles as rows allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF

from lungviewer.core.geometry import Rect


def boxes_of(cells: npt.NDArray[np.bool_], rect: Rect) -> list[QRectF]:
    """Where an H×W mask that covers `rect` (level-0 pixels) is True, in level-0 pixels."""
    rows, columns = cells.shape
    wide, high = rect.width / columns, rect.height / rows
    boxes: list[tuple[int, int, int, int]] = []  # first row, row after the last, first column, column after
    open_boxes: dict[tuple[int, int], int] = {}  # columns → first row
    for row in range(rows + 1):
        runs = set(_runs(cells[row])) if row < rows else set()
        boxes += [(open_boxes[run], row, *run) for run in open_boxes if run not in runs]
        open_boxes = {run: open_boxes.get(run, row) for run in runs}
    return [
        QRectF(rect.x + x0 * wide, rect.y + y0 * high, (x1 - x0) * wide, (y1 - y0) * high)
        for y0, y1, x0, x1 in boxes
    ]


def _runs(row: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))

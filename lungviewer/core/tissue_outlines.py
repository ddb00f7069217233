"""Outlines of a mask as polygons that never touch or cross themselves or each other.

Marching squares (W. E. Lorensen and H. E. Cline, Computer Graphics 21, 1987, in the plane): the line runs
through the middle of every edge between a pixel inside and one outside, and two pixels that touch only at a
corner are kept apart. Neighbouring lines are then at least half a diagonal apart, so simplifying by less than
half of that (D. H. Douglas and T. K. Peucker, Cartographica 10, 1973) cannot make them meet.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Ring = npt.NDArray[np.float64]

_TOLERANCE = 0.3
"""Pixels of the mask. Half of half a diagonal is 0.35."""

# Of a square of four pixels, clockwise from the top: its sides. Which lines cross it, from side to side with
# the inside on the left, by what is inside: 8 top left, 4 top right, 2 bottom right, 1 bottom left.
_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
_CROSSINGS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((_BOTTOM, _LEFT),),
    2: ((_RIGHT, _BOTTOM),),
    3: ((_RIGHT, _LEFT),),
    4: ((_TOP, _RIGHT),),
    5: ((_TOP, _RIGHT), (_BOTTOM, _LEFT)),
    6: ((_TOP, _BOTTOM),),
    7: ((_TOP, _LEFT),),
    8: ((_LEFT, _TOP),),
    9: ((_BOTTOM, _TOP),),
    10: ((_LEFT, _TOP), (_RIGHT, _BOTTOM)),
    11: ((_RIGHT, _TOP),),
    12: ((_LEFT, _RIGHT),),
    13: ((_BOTTOM, _RIGHT),),
    14: ((_LEFT, _BOTTOM),),
}


def outlines_of(mask: Mask) -> list[tuple[Ring, list[Ring]]]:
    """Every piece of an H×W mask and the holes in it, N×2 (x, y) in pixels; pixel 0 reaches from 0 to 1.

    Pieces come row by row. The first point of a ring is not repeated.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    _, labels = cv2.connectedComponents(padded, connectivity=4)
    outer: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    stride = padded.shape[1]
    for sides in _rings(padded):
        piece = _piece(int(sides[0]), labels)
        ring = _points(sides, stride)
        if _goes_round_outside(ring):
            outer[piece] = _simplified(ring)
        else:
            holes.setdefault(piece, []).append(_simplified(ring))
    return [(outer[piece], holes.get(piece, [])) for piece in sorted(outer)]


def _rings(padded: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.int64]]:
    """Closed lines as numbers of the sides that they cross, the inside on their left.

    Square (row, column) lies between the centres of padded pixels; its top side has the number
    2·(row·stride + column), its left one the next; bottom and right belong to the squares beyond.
    """
    code = 8 * padded[:-1, :-1] + 4 * padded[:-1, 1:] + 2 * padded[1:, 1:] + padded[1:, :-1]
    stride = padded.shape[1]
    number = {_TOP: 0, _LEFT: 1, _BOTTOM: 2 * stride, _RIGHT: 3}
    rows, columns = np.nonzero((code > 0) & (code < 15))
    crossed, corners = code[rows, columns], 2 * (rows * stride + columns)
    starts, ends = [], []
    for value, crossings in _CROSSINGS.items():
        here = corners[crossed == value]
        for start, end in crossings:
            starts.append(here + number[start])
            ends.append(here + number[end])
    begin, finish = np.concatenate(starts), np.concatenate(ends)
    order = np.argsort(begin)
    begin = begin[order]
    return [begin[chain] for chain in _cycles(np.searchsorted(begin, finish[order]).tolist())]


def _cycles(following: list[int]) -> list[list[int]]:
    seen = bytearray(len(following))
    cycles = []
    for first in range(len(following)):
        chain, at = [], first
        while not seen[at]:
            seen[at] = 1
            chain.append(at)
            at = following[at]
        if chain:
            cycles.append(chain)
    return cycles


def _points(sides: npt.NDArray[np.int64], stride: int) -> Ring:
    left = sides % 2
    row, column = np.divmod(sides // 2, stride)
    return np.stack([column - 0.5 * left, row - 0.5 * (1 - left)], axis=1)


def _piece(side: int, labels: npt.NDArray[np.int32]) -> int:
    """The piece that a line runs round: one of the two pixels beside any side is in it, the other in none."""
    row, column = divmod(side // 2, labels.shape[1])
    beside = labels[row + 1, column] if side % 2 else labels[row, column + 1]
    return int(max(labels[row, column], beside))


def _goes_round_outside(ring: Ring) -> bool:
    x, y = ring.T
    return bool(np.dot(x, np.roll(y, -1)) < np.dot(y, np.roll(x, -1)))


def _simplified(ring: Ring) -> Ring:
    # Halves up to 2^23 are exact in single precision.
    fewer = cv2.approxPolyDP(ring.astype(np.float32), _TOLERANCE, closed=True)[:, 0]
    return fewer.astype(np.float64) if len(fewer) > 2 else ring

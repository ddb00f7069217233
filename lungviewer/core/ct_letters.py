"""Letters for the sides of a patient, as they stand at the edges of a slice."""

from __future__ import annotations

_AXES = (("L", "R"), ("P", "A"), ("H", "F"))
"""For x, y and z of the patient's frame: to the left, to the back, to the head (DICOM PS3.3, C.7.6.2)."""

_LEAST = 0.3
"""A direction that leans less than this towards an axis has no letter for it (17°)."""


def edge_letters(
    row: tuple[float, float, float], column: tuple[float, float, float]
) -> tuple[str, str, str, str]:
    """What is at the top, right, bottom and left edge of a slice. `row` points along a row to the right,
    `column` along a column downwards, both unit vectors in the patient's frame. An oblique slice has up to
    three letters at an edge, the strongest first."""
    back_row, back_column = (tuple(-part for part in each) for each in (row, column))
    return _letters(back_column), _letters(row), _letters(column), _letters(back_row)


def end_letters(row: tuple[float, float, float], column: tuple[float, float, float]) -> tuple[str, str]:
    """What lies beyond the first and beyond the last slice of a series, in the order of `ct_order.ordered`:
    H and F for slices across the body."""
    (a, b, c), (d, e, f) = row, column
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    main = max(range(3), key=lambda axis: (abs(normal[axis]), axis))
    # Down the body, else to the back or to the left.
    backwards = (normal[main] > 0) == (main == 2)
    ahead = tuple(-part if backwards else part for part in normal)
    return _letters(tuple(-part for part in ahead)), _letters(ahead)


def _letters(direction: tuple[float, ...]) -> str:
    order = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    return "".join(_AXES[axis][direction[axis] < 0] for axis in order if abs(direction[axis]) >= _LEAST)

"""The pattern that means "nothing is known here"."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_PERIOD_PX = 12
_LINE_PX = 2
_DARK, _LIGHT = 60, 235
_STRENGTH = 0.55
_LINES = ((0, _DARK), (_LINE_PX, _LIGHT))  # where in the period each begins, and its grey


def hatch(picture: npt.NDArray[np.float32], where: npt.NDArray[np.bool_]) -> None:
    """Draw diagonal lines into an H×W×3 picture (0–255), in place, where the H×W mask says so.

    Each line is dark beside light, so that one of the two is seen on glass as well as on ink.
    """
    rows, columns = (np.arange(length) for length in where.shape)
    phase = (rows[:, None] + columns[None, :]) % _PERIOD_PX
    for first, grey in _LINES:
        line = where & (phase >= first) & (phase < first + _LINE_PX)
        picture[line] += np.float32(_STRENGTH) * (np.float32(grey) - picture[line])


def hatch_tile() -> npt.NDArray[np.uint8]:
    """The pattern by itself, to be repeated: one period of it as RGBA, transparent between the lines."""
    rows = np.arange(_PERIOD_PX)
    phase = (rows[:, None] + rows[None, :]) % _PERIOD_PX
    tile = np.zeros((_PERIOD_PX, _PERIOD_PX, 4), np.uint8)
    for first, grey in _LINES:
        line = (phase >= first) & (phase < first + _LINE_PX)
        tile[line] = (grey, grey, grey, round(255 * _STRENGTH))
    return tile

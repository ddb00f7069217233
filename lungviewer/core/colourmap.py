"""Colours for scores. Only maps whose lightness rises evenly, so that a print in grey still reads.

"cividis" is made to look alike with and without colour blindness (Nuñez, Anderton & Renslow 2018, PLoS ONE
13(7): e0199239); "viridis", "inferno", "magma" and "plasma" are the maps of S. van der Walt and N. Smith.
Their tables come with OpenCV.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import UsageError

COLOUR_MAPS = ("viridis", "cividis", "inferno", "magma", "plasma", "grey")
DEFAULT_COLOUR_MAP = "viridis"
"""Safe for the common kinds of colour blindness, and its greens and yellows do not occur in H&E."""

RGBA = npt.NDArray[np.uint8]

_OPAQUE_FROM = 0.5


def colourise(values: npt.NDArray[np.floating], name: str = DEFAULT_COLOUR_MAP) -> RGBA:
    """Colours of an H×W grid of scores.

    Args:
        values: 0 to 1 (what lies outside is clipped); NaN where nothing is known.
        name: one of `COLOUR_MAPS`.

    Returns:
        H×W×4 uint8, red first; alpha is 255, or 0 where the value is NaN.

    Raises:
        UsageError: unknown colour map.
    """
    table = lookup_table(name)
    known = ~np.isnan(values)
    steps = np.rint(np.where(known, np.clip(values, 0, 1), 0) * 255).astype(np.uint8)
    colours = np.zeros((*values.shape, 4), np.uint8)
    colours[..., :3] = table[steps]
    colours[..., 3] = np.where(known, 255, 0)
    colours[~known] = 0
    return colours


def fading_table(name: str, clear_below: float = 0.0) -> RGBA:
    """256×4 colours from 0 to 1, clear at 0 and opaque from half of the scale on: over tissue, low values
    would look like findings otherwise.

    Args:
        clear_below: nothing at all is painted for values below this (0 to 1).

    Raises:
        UsageError: unknown colour map.
    """
    values = np.arange(256) / 255
    alpha = np.where(values < clear_below, 0.0, np.clip(values / _OPAQUE_FROM, 0, 1))
    table = np.empty((256, 4), np.uint8)
    table[:, :3], table[:, 3] = lookup_table(name), np.rint(255 * alpha)
    return table


def over_white(colours: RGBA) -> npt.NDArray[np.uint8]:
    """N×4 colours as they look over glass: N×3, opaque."""
    share = colours[:, 3:] / 255
    return np.asarray(np.rint(colours[:, :3] * share + 255 * (1 - share)), dtype=np.uint8)


@cache
def lookup_table(name: str) -> npt.NDArray[np.uint8]:
    """256×3 colours, red first, from 0 to 1. Read-only, as everyone shares it.

    Raises:
        UsageError: unknown colour map.
    """
    if name not in COLOUR_MAPS:
        raise UsageError(f"There is no colour map {name!r}.", hint=f"Use one of: {', '.join(COLOUR_MAPS)}.")
    ramp = np.arange(256, dtype=np.uint8)
    if name == "grey":
        table = np.repeat(ramp[:, None], 3, axis=1)
    else:
        number = getattr(cv2, f"COLORMAP_{name.upper()}")
        table = np.ascontiguousarray(cv2.applyColorMap(ramp[:, None], number)[:, 0, ::-1])
    table.setflags(write=False)
    return table

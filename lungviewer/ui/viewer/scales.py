"""Magnification, zoom and lengths: the arithmetic between the slide and the screen.

Convention: at 10× a screen pixel covers 1 µm, so at 40× 0.25 µm. A screen pixel is a device-independent
one: on a finer screen the same magnification has the same size, and is sharper. `zoom` is screen pixels
per level-0 pixel throughout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.image import ImageLevel
from lungviewer.ui.words import in_percent

UM_AT_1X = 10.0
"""µm per screen pixel at 1×."""

ASSUMED_UM_PER_PX = 0.5
"""What keys 1 to 6 take an image of unknown scale for: a scan at 20×, as most tiles in circulation are. So
they give 6.25, 12.5, 25, 50, 100 and 200 % of the image's own pixels, and the view says per cent."""

_ROUNDING = 1.001
_FADES_FROM_X, _FAINT = 10.0, 0.15


@dataclass(frozen=True, slots=True)
class ViewState:
    """How near one looks: `magnification` (None: the scale is unknown), `zoom` in screen pixels per level-0
    pixel."""

    magnification: float | None
    zoom: float


def zoom_for(magnification: float, um_per_px: float | None) -> float:
    """The zoom at which the slide is seen at a magnification."""
    return magnification * (um_per_px or ASSUMED_UM_PER_PX) / UM_AT_1X


def nearer(zoom: float, um_per_px: float | None) -> float:
    """The zoom for a place that was picked out of the whole image: three times as near, at least 10×; never
    more than two screen pixels per pixel of the image, nor further away than before."""
    near = zoom * 3.0 if um_per_px is None else max(zoom * 3.0, zoom_for(10.0, um_per_px))
    return max(zoom, min(near, 2.0))


def near_cells(zoom: float, um_per_px: float | None) -> float:
    """The zoom for a place of a slide that was asked for: 20×, or one screen pixel per pixel of the slide
    where that is less; never further away than before."""
    return max(zoom, min(zoom_for(20.0, um_per_px), 1.0))


def tint(opacity: float, magnification: float | None) -> float:
    """The opacity of colours that fill whole tiles: as chosen up to 10×, then less and less, and from 20× on
    at most 0.15, where one tile fills the view and its cells are to be judged."""
    if magnification is None:
        return opacity
    way = min(max(math.log2(magnification / _FADES_FROM_X), 0.0), 1.0)
    return opacity + (min(opacity, _FAINT) - opacity) * way


def magnification_of(zoom: float, um_per_px: float | None) -> float | None:
    """The magnification of a zoom, None when the scale is unknown."""
    return None if um_per_px is None else zoom * UM_AT_1X / um_per_px


def best_level(levels: Sequence[ImageLevel], device_pixels_per_l0: float) -> int:
    """The coarsest level that still has a pixel for every pixel of the screen; else the finest."""
    best = 0
    for index, level in enumerate(levels):
        if level.downsample * device_pixels_per_l0 <= _ROUNDING:
            best = index
    return best


def length_words(l0_px: float, um_per_px: float | None, in_mm: bool = False) -> str:
    """A length as people read it: µm or mm, pixels when the scale is unknown. `in_mm`: never µm, as on CT."""
    locale = QLocale()
    if um_per_px is None:
        return _tr("{number} px").format(number=locale.toString(l0_px, "f", 0))
    um = l0_px * um_per_px
    if um >= 1000 or in_mm:
        return _tr("{number} mm").format(number=locale.toString(um / 1000, "f", 1 if in_mm else 2))
    return _tr("{number} µm").format(number=locale.toString(um, "f", 1 if um < 100 else 0))


def zoom_words(zoom: float, um_per_px: float | None) -> str:
    """ "20×", or "100 %" of the image's own pixels when the scale is unknown."""
    magnification = magnification_of(zoom, um_per_px)
    if magnification is None:
        return in_percent(_short(zoom * 100))
    return _tr("{number}×").format(number=_short(magnification))


def _short(number: float) -> str:
    decimals = 0 if number >= 100 else 1 if number >= 10 else 2
    text = QLocale().toString(number, "f", decimals)
    point = QLocale().decimalPoint()
    return text.rstrip("0").rstrip(point) if point in text else text


def _tr(text: str) -> str:
    return QCoreApplication.translate("scales", text)

"""What a slide that OpenSlide has opened says about itself.

Source: OpenSlide's properties (openslide.org/api/python, "Standard properties"). Bounds are used only where
all four are there, as QuPath does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lungviewer.readers import scale

_VENDORS = {
    "aperio": "Aperio",
    "argos": "Argos",
    "dicom": "DICOM",
    "generic-tiff": "tiled TIFF",
    "hamamatsu": "Hamamatsu",
    "huron": "Huron",
    "leica": "Leica",
    "mirax": "MIRAX",
    "philips": "Philips",
    "sakura": "Sakura",
    "trestle": "Trestle",
    "ventana": "Ventana",
    "zeiss": "Zeiss",
}
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class SlideFacts:
    """`bounds` is (x, y, width, height) in level-0 pixels of the file, None when it states none; `background`
    is what lies under transparent pixels; `tiles` are (width, height) of the tiles of each level in pixels,
    (1, 1) where none are stated; `identity` is OpenSlide's hash, "" where it
    makes none."""

    vendor: str
    format: str
    bounds: tuple[int, int, int, int] | None
    background: tuple[int, int, int]
    claims: tuple[scale.ScaleClaim, ...]
    magnification: float | None
    identity: str
    tiles: tuple[tuple[int, int], ...]


def read_facts(properties: Mapping[str, str], sizes: Sequence[tuple[int, int]]) -> SlideFacts:
    """Facts from OpenSlide's properties and the (width, height) of its levels."""
    vendor = properties.get("openslide.vendor", "")
    # Any program may leave 72 dots per inch in a plain TIFF; a scanner's own format means the specimen.
    source = "resolution tag" if vendor == "generic-tiff" else "slide"
    claims = scale.from_slide(properties.get("openslide.mpp-x"), properties.get("openslide.mpp-y"), source)
    return SlideFacts(
        vendor=vendor,
        format=_VENDORS.get(vendor, "slide"),
        bounds=_bounds(properties, *sizes[0]),
        background=_background(properties.get("openslide.background-color", "")),
        claims=tuple(claims),
        magnification=_positive(properties.get("openslide.objective-power", "")),
        identity=properties.get("openslide.quickhash-1", ""),
        tiles=tuple(_tile(properties, level) for level in range(len(sizes))),
    )


def _bounds(properties: Mapping[str, str], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The stated bounds, as far as they lie on the slide; None for what would leave nothing."""
    texts = [properties.get(f"openslide.bounds-{name}", "") for name in ("x", "y", "width", "height")]
    try:
        x, y, across, down = (int(text) for text in texts)
    except ValueError:
        return None
    right, bottom = min(x + across, width), min(y + down, height)
    x, y = max(x, 0), max(y, 0)
    return (x, y, right - x, bottom - y) if x < right and y < bottom else None


def _background(text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = bytes.fromhex(text)
    except ValueError:
        return _WHITE
    return red, green, blue


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _tile(properties: Mapping[str, str], level: int) -> tuple[int, int]:
    sides = [properties.get(f"openslide.level[{level}].tile-{side}", "") for side in ("width", "height")]
    width, height = (int(side) if side.isdecimal() else 1 for side in sides)
    return max(width, 1), max(height, 1)

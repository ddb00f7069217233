"""How many micrometres a pixel covers, as far as a file says so in a way that can be believed.

Resolution tags usually mean paper (72 or 300 dots per inch, 350 to 85 µm/px), so they count only in the
range of microscopes. Scanners of slides, OME-XML and ImageJ state micrometres on purpose and are believed
over a wider range.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lungviewer.core.errors import UsageError

STATED_RANGE = (0.02, 20.0)
"""µm/px that a person, a scanner of slides, OME-XML or ImageJ may state."""

TAG_RANGE = (0.05, 5.0)
"""µm/px at which a resolution tag is taken to mean the specimen."""

SLICE_RANGE_MM = (0.02, 20.0)
"""Millimetres per pixel that a reconstructed slice may have."""

ANISOTROPY_LIMIT = 0.02

_UM_PER_UNIT = {
    "pm": 1e-6,
    "å": 1e-4,
    "nm": 1e-3,
    "um": 1.0,
    "µm": 1.0,  # U+00B5
    "μm": 1.0,  # U+03BC
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "dm": 1e5,
    "m": 1e6,
    "in": 25_400.0,
    "inch": 25_400.0,
    "inches": 25_400.0,
}
_DESCRIPTION_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class ScaleClaim:
    """What one part of a file says: µm/px along x and y, and "slide", "ome", "imagej" or "resolution tag".

    "slide" is what the maker of a scanner wrote where it keeps the scale.
    """

    um_x: float
    um_y: float
    source: str


@dataclass(frozen=True, slots=True)
class Scale:
    """The verdict. `um_per_px` is None when no claim held; `notes` say which were set aside."""

    um_per_px: float | None = None
    source: str = ""
    notes: tuple[str, ...] = ()


NO_SCALE = Scale()


def user_scale(um_per_px: float) -> Scale:
    """A scale that a person gave.

    Raises:
        UsageError: not a number between 0.02 and 20.
    """
    low, high = STATED_RANGE
    if not math.isfinite(um_per_px) or not low <= um_per_px <= high:
        raise UsageError(
            f"A scale of {um_per_px} µm/px makes no sense for a microscope.",
            hint=f"Give a number between {low} and {high:g}; 20× is about 0.5, 40× about 0.25.",
        )
    return Scale(float(um_per_px), "user")


def resolve(claims: Sequence[ScaleClaim]) -> Scale:
    """The first claim that can be believed; claims come in order of trust.

    A claim whose x and y differ by more than 2 % ends the search: the pixels are not square, and a
    less trusted claim would only hide that.
    """
    notes: list[str] = []
    for claim in claims:
        low, high = TAG_RANGE if claim.source == "resolution tag" else STATED_RANGE
        plausible = [low <= value <= high for value in (claim.um_x, claim.um_y)]
        if not any(plausible):
            if claim.source != "resolution tag":
                notes.append("implausible_scale_ignored")
            continue
        if abs(claim.um_x - claim.um_y) > ANISOTROPY_LIMIT * max(claim.um_x, claim.um_y):
            return Scale(notes=(*notes, "anisotropic_scale_ignored"))
        return Scale((claim.um_x + claim.um_y) / 2, claim.source, tuple(notes))
    return Scale(notes=tuple(notes))


def slice_scale(spacing_mm: tuple[float, float] | None) -> Scale:
    """The scale of a CT slice that states (between rows, between columns) in millimetres."""
    if spacing_mm is None:
        return Scale(notes=("no_spacing",))
    low, high = SLICE_RANGE_MM
    if not low <= min(spacing_mm) <= max(spacing_mm) <= high:
        return Scale(notes=("implausible_scale_ignored",))
    if max(spacing_mm) - min(spacing_mm) > ANISOTROPY_LIMIT * max(spacing_mm):
        return Scale(notes=("anisotropic_scale_ignored",))
    return Scale(sum(spacing_mm) * 500, "dicom")


def per_unit(pixels_x: float, pixels_y: float, um_per_unit: float, source: str) -> list[ScaleClaim]:
    """A claim from "so many pixels per unit"; nothing unless all three are numbers above zero."""
    if not all(math.isfinite(value) and value > 0 for value in (pixels_x, pixels_y, um_per_unit)):
        return []
    return [ScaleClaim(um_per_unit / pixels_x, um_per_unit / pixels_y, source)]


def from_slide(um_x: str | None, um_y: str | None, source: str) -> list[ScaleClaim]:
    """What a slide states as text: µm/px along x and y; one of them stands for both."""
    known = [value for value in (_length(um_x, "µm"), _length(um_y, "µm")) if value is not None]
    return [ScaleClaim(known[0], known[-1], source)] if known else []


def from_ome_xml(description: str, size: tuple[int, int] | None = None) -> list[ScaleClaim]:
    """PhysicalSizeX and PhysicalSizeY of the first Pixels element, whatever their unit.

    Read with a pattern, not an XML parser: entities in a file from elsewhere are not to be expanded.

    Args:
        size: (width, height) in pixels of the image that is meant, where there may be several.
    """
    for element in re.finditer(r"<(?:\w+:)?Pixels\s([^<>]*)>", description[:_DESCRIPTION_LIMIT]):
        found = re.findall(r"\b(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", element.group(1))
        attributes = {name: html.unescape(double or single) for name, double, single in found}
        own = (attributes.get("SizeX"), attributes.get("SizeY"))
        if size is None or own == (str(size[0]), str(size[1])):
            return _physical_size(attributes)
    return []


def _physical_size(attributes: dict[str, str]) -> list[ScaleClaim]:
    x = _length(attributes.get("PhysicalSizeX"), attributes.get("PhysicalSizeXUnit", "µm"))
    y = _length(attributes.get("PhysicalSizeY"), attributes.get("PhysicalSizeYUnit", "µm"))
    if x is None:
        return []
    return [ScaleClaim(x, x if y is None else y, "ome")]


def from_imagej(description: str, pixels_x: float, pixels_y: float) -> list[ScaleClaim]:
    """ImageJ writes pixels per unit into the resolution tags and the unit into the description."""
    lines = description[:_DESCRIPTION_LIMIT].splitlines()
    unit = next((line[5:] for line in lines if line.startswith("unit=")), "")
    um_per_unit = _um_per_unit(unit.replace("\\u00B5", "µ"))
    return [] if um_per_unit is None else per_unit(pixels_x, pixels_y, um_per_unit, "imagej")


def _um_per_unit(unit: str) -> float | None:
    return _UM_PER_UNIT.get(unit.strip().lower())


def _length(text: str | None, unit: str) -> float | None:
    um_per_unit = _um_per_unit(unit)
    if text is None or um_per_unit is None:
        return None
    try:
        value = float(text) * um_per_unit
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None

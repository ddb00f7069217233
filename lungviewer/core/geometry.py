"""Rectangles, and how square fields cover an image that is not square. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lungviewer.core.errors import ImageTooLarge, ImageTooSmall
from lungviewer.core.model import InputSpec

MAX_FIELDS = 2048
"""A plain image that needs more fields than this is a slide, and is asked to be opened as one."""

SMALLEST_FIELD_SHARE = 0.7
"""A field may be this much smaller than the model's field of view before the image is too small:
training sees scales from 0.7 to 1.4."""

SMALLEST_SIDE_PX = 32
"""Below this a field holds no more than a few nuclei at any magnification."""

LARGEST_ENLARGEMENT = 2.0
"""Fields that must be enlarged by more are marked for review: detail that was never recorded cannot be
read. By more than `REFUSED_ENLARGEMENT` they are too small."""

REFUSED_ENLARGEMENT = 4.0

LARGEST_GUESSED_FIELD = 4.0
"""An image of unknown scale whose shorter side is more than this many times the model's input is more
likely an overview than one field, and is marked for review."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in level-0 pixels: top left corner, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """The square fields of one image, in rows from the top left.

    When the image does not say its µm/px, its shorter side is taken as one field, as the training tiles
    were, and "scale_unknown" is among the codes. `doubts` are reason codes (core/trust.py) for which an
    answer asks for review; `notes` are codes that only inform.
    """

    fields: tuple[Rect, ...]
    side: float
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _offsets(length: float, side: float) -> list[float]:
    """Evenly spread starts of the fewest intervals of `side` that cover `length` from end to end."""
    count = max(1, math.ceil(length / side - 1e-6))
    if count == 1:
        return [(length - side) / 2]
    step = (length - side) / (count - 1)
    return [i * step for i in range(count)]


def plan_slice(width: int, height: int, spec: InputSpec) -> FieldPlan:
    """Cover a CT slice: what a scanner reconstructs is one field whatever its scale, as the training slices
    were. A slice that is not square is covered by squares of its shorter side.

    Raises:
        ImageTooSmall: too few pixels.
        ImageTooLarge: more than 2,048 fields would be needed.
    """
    plan = plan_fields(width, height, None, spec)
    return replace(plan, doubts=tuple(d for d in plan.doubts if d != "scale_unknown"), notes=())


def plan_fields(width: int, height: int, um_per_px: float | None, spec: InputSpec) -> FieldPlan:
    """Cover a width×height image with square fields of the model's field of view.

    With a known scale the side is `spec.field_um` micrometres; an image a little smaller than that is
    taken whole (down to 70 % of the side), a still smaller one is refused.

    Raises:
        ImageTooSmall: no field fits, or a field has too few pixels.
        ImageTooLarge: more than 2,048 fields would be needed.
    """
    shorter = min(width, height)
    if shorter < SMALLEST_SIDE_PX:
        raise ImageTooSmall(f"The image is only {width} × {height} pixels.")
    if um_per_px is None:
        side = float(shorter)
    else:
        wanted = spec.field_um / um_per_px
        if shorter < wanted * SMALLEST_FIELD_SHARE:
            raise ImageTooSmall(
                f"The image covers {shorter * um_per_px:.0f} µm; "
                f"the model needs fields of {spec.field_um:.0f} µm."
            )
        side = min(wanted, float(shorter))
    if side * REFUSED_ENLARGEMENT < spec.size:
        raise ImageTooSmall(
            f"A field of the image has only {side:.0f} pixels; the model looks at {spec.size}.",
            hint="Export it at a higher magnification.",
        )
    columns, rows = _offsets(width, side), _offsets(height, side)
    if len(columns) * len(rows) > MAX_FIELDS:
        raise ImageTooLarge(f"The image needs {len(columns) * len(rows)} fields.")
    fields = tuple(Rect(x, y, side, side) for y in rows for x in columns)
    doubts = ("low_resolution",) if side * LARGEST_ENLARGEMENT < spec.size else ()
    if um_per_px is not None:
        return FieldPlan(fields, side, doubts)
    if side > spec.size * LARGEST_GUESSED_FIELD:
        return FieldPlan(fields, side, (*doubts, "scale_unknown"))
    return FieldPlan(fields, side, doubts, ("scale_unknown",))

"""Single cells: nuclei of several kinds, and red cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.services.phantom.canvas import Canvas, Points, smoothstep
from lungviewer.services.phantom.noise import Plane


@dataclass(frozen=True, slots=True)
class NucleusStyle:
    """How the nuclei of one kind of cell look. Lengths in µm; `spread` values are relative deviations.

    `density` is the haematoxylin in the middle, `rim` that of the membrane on top of it, `clumps` how
    strongly chromatin varies, `nucleoli` how many dark dots, `lobes` how far the outline leaves the
    ellipse, `softness` how wide the edge is (tissue out of focus has wide ones).
    """

    length: float
    width: float
    size_spread: float
    density: float
    density_spread: float
    rim: float
    clumps: float
    nucleoli: float
    lobes: float
    softness: float = 0.7


TUMOUR = NucleusStyle(10.8, 7.8, 0.20, 0.42, 0.34, 0.14, 0.24, 1.1, 0.12)
SQUAMOUS = NucleusStyle(10.5, 7.8, 0.22, 0.42, 0.36, 0.16, 0.28, 0.8, 0.13)
LYMPHOCYTE = NucleusStyle(6.2, 5.6, 0.10, 0.82, 0.12, 0.04, 0.22, 0.0, 0.08)
SPINDLE = NucleusStyle(13.0, 3.0, 0.25, 0.60, 0.22, 0.06, 0.18, 0.0, 0.14)
PNEUMOCYTE = NucleusStyle(8.5, 4.6, 0.18, 0.66, 0.22, 0.08, 0.20, 0.2, 0.12)
MACROPHAGE = NucleusStyle(7.6, 6.0, 0.12, 0.54, 0.20, 0.10, 0.22, 0.6, 0.14)
PYKNOTIC = NucleusStyle(6.5, 3.2, 0.30, 0.95, 0.12, 0.00, 0.10, 0.0, 0.20)


def paint_nuclei(
    canvas: Canvas, places: Points, angles: npt.NDArray[np.floating], style: NucleusStyle
) -> None:
    """Paint one nucleus at every place (µm), long axis at its angle (radians, from x towards y)."""
    for (x, y), angle in zip(places.tolist(), angles.tolist(), strict=True):
        _paint_nucleus(canvas, x, y, angle, style)


def paint_red_cells(canvas: Canvas, places: Points) -> None:
    """Paint a red cell, seen from any side, at every place (µm)."""
    for x, y in places.tolist():
        _paint_red_cell(canvas, x, y)


def random_angles(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    return rng.random(count) * np.pi


def angles_along(
    canvas: Canvas, places: Points, along_x: Plane, along_y: Plane, jitter: float
) -> npt.NDArray[np.float64]:
    """The direction field's angle at every place, with a deviation of `jitter` radians."""
    angles = np.arctan2(canvas.at(along_y, places), canvas.at(along_x, places)).astype(np.float64)
    return angles + canvas.rng.normal(0, jitter, len(places))


def _paint_nucleus(canvas: Canvas, x: float, y: float, angle: float, style: NucleusStyle) -> None:
    rng = canvas.rng
    scale = float(np.clip(rng.normal(1, style.size_spread), 0.5, 1.8))
    long, short = style.length / 2 * scale, style.width / 2 * scale * float(rng.normal(1, 0.08))
    index, dx, dy = canvas.window(x, y, long * 1.25 + 1.0)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    turn = np.arctan2(across / short, along / long)
    outline = 1 + sum(
        float(rng.normal(0, style.lobes / k)) * np.cos(k * turn + rng.random() * 6.3) for k in (2, 3, 4)
    )
    radius = np.hypot(along / long, across / short) / outline
    depth = (1 - radius) * short  # µm inside the membrane
    softness = style.softness * float(rng.uniform(0.7, 1.6))
    cover = smoothstep(-softness / 2, softness / 2, depth.astype(np.float32))
    density = style.density * float(np.clip(rng.normal(1, style.density_spread), 0.5, 1.7))
    amount = density * (1 + style.clumps * 1.3 * canvas.chromatin[index])
    amount += style.rim * np.exp(-(((depth - 0.4) / 0.5) ** 2)) * (1 + 0.5 * canvas.chromatin[index])
    for _ in range(rng.poisson(style.nucleoli)):
        at_x, at_y = rng.normal(0, 0.30, 2) * (long, short)
        spot = np.hypot(along - at_x, across - at_y)
        amount += 0.30 * (1 - smoothstep(0.4, 1.5, spot.astype(np.float32)))
    # Under the nucleus a little cytoplasm remains; a nucleus in front of another darkens it.
    behind = canvas.haematoxylin[index]
    canvas.haematoxylin[index] = behind * (1 - 0.75 * cover) + np.maximum(amount, 0.1) * cover
    # Nuclei take up eosin too: on real slides a nucleus is purple, not navy.
    canvas.eosin[index] += cover * (0.12 + 0.38 * amount - 0.8 * canvas.eosin[index])
    canvas.red[index] *= 1 - 0.8 * cover


def _paint_red_cell(canvas: Canvas, x: float, y: float) -> None:
    rng = canvas.rng
    wide = float(rng.normal(3.1, 0.25))
    tilt = float(rng.choice((1.0, 0.85, 0.6, 0.42), p=(0.35, 0.3, 0.2, 0.15)))
    angle = float(rng.random() * np.pi)
    bend = float(rng.normal(0, 0.10))
    index, dx, dy = canvas.window(x, y, wide * 1.2 + 0.5)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle) - bend * (along**2 / wide)
    radius = np.hypot(along / wide, across / (wide * tilt))
    cover = smoothstep(-0.25, 0.25, ((1 - radius) * wide * tilt).astype(np.float32))
    pallor = 0.35 * np.exp(-((radius / 0.55) ** 2)) * (tilt > 0.7)
    amount = float(rng.uniform(0.65, 0.95)) * (1 - pallor + 0.08 * canvas.chromatin[index])
    canvas.red[index] = np.maximum(canvas.red[index], cover * amount)
    canvas.eosin[index] *= 1 - 0.7 * cover
    canvas.haematoxylin[index] *= 1 - 0.9 * cover

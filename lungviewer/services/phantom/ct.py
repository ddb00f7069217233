"""A drawn chest in Hounsfield units: body, lungs, vessels, heart, airway, spine, ribs, table, and a nodule.

Rough anatomy, of no person. It shows slices of the right values and shapes to programs; nothing can be
learnt from it about lungs. Lengths in millimetres, in the patient's frame: x to the left, y to the back,
z to the head, from 0 at the lowest slice to `HEIGHT_MM`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import HU

WIDTH_MM, HEIGHT_MM = 360.0, 300.0
OUTSIDE_HU = -2000
"""Outside the circle that a scanner measures."""

_AIR, _LUNG, _FAT, _MUSCLE, _BLOOD, _BONE, _MARROW, _TABLE = -1000, -860, -100, 50, 45, 700, 180, -120
_NOISE_HU = 18.0
_VESSELS = 60
_RIBS_EVERY_MM = 25.0

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Nodule:
    """A ball; `x_mm`, `y_mm` from the middle of the picture, `z_mm` from the lowest slice."""

    x_mm: float = 78.0
    y_mm: float = -15.0
    z_mm: float = 190.0
    radius_mm: float = 14.0


class Chest:
    """A chest that can be drawn slice by slice, in any order: the same slice for the same seed."""

    def __init__(self, size: int = 512, seed: int = 0, nodule: Nodule | None = None) -> None:
        """`size`: side of the slices in pixels."""
        self.size, self.nodule = size, nodule or Nodule()
        self.spacing_mm = WIDTH_MM / size
        self._seed = seed
        rng = np.random.default_rng(seed)
        self._vessels = rng.uniform((-1, 0.1, 0, 3), (1, 1, 2 * math.pi, 7), (_VESSELS, 4))
        grain = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 0.8)
        self._grain = grain * np.float32(_NOISE_HU / grain.std())
        y, x = np.mgrid[:size, :size] - (size - 1) / 2
        self._outside = x**2 + y**2 > (size / 2) ** 2

    def slice_at(self, z_mm: float) -> HU:
        """One slice, size×size."""
        plane: Plane = np.full((self.size, self.size), _AIR, np.float32)
        height = z_mm / HEIGHT_MM
        self._table(plane)
        self._body(plane, height)
        self._lungs(plane, height)
        self._bones(plane, height, z_mm)
        self._ball(plane, z_mm)
        # What lies half in a pixel gives half its value.
        plane = cv2.GaussianBlur(plane, (0, 0), 0.7)
        turn = np.random.default_rng((self._seed, round(z_mm * 1000))).integers(0, self.size, 2)
        plane += np.roll(self._grain, turn.tolist(), (0, 1))
        plane[self._outside] = OUTSIDE_HU
        return np.rint(plane).astype(np.int16)

    def _oval(
        self, plane: Plane, at: tuple[float, float], radii: tuple[float, float], hu: float, tilt: float = 0.0
    ) -> None:
        """An ellipse; `at` and `radii` in mm, `tilt` in degrees."""
        if min(radii) <= 0:
            return
        x, y = (round(p / self.spacing_mm + (self.size - 1) / 2) for p in at)
        a, b = (max(1, round(r / self.spacing_mm)) for r in radii)
        cv2.ellipse(plane, (x, y), (a, b), tilt, 0, 360, float(hu), -1)

    def _table(self, plane: Plane) -> None:
        self._oval(plane, (0, 40), (170, 98), _TABLE)
        self._oval(plane, (0, 34), (172, 98), _AIR)

    def _body(self, plane: Plane, height: float) -> None:
        broad = 148 - 22 * height**3
        self._oval(plane, (0, 0), (broad, 105), _FAT)
        self._oval(plane, (0, 2), (broad - 14, 92), _MUSCLE)

    def _lungs(self, plane: Plane, height: float) -> None:
        """Broad at the bottom, where the liver reaches in from below, narrow at the top."""
        share = math.sqrt(max(0.0, 1 - (2 * (height - 0.42)) ** 2 / 1.35))
        for side in (-1, 1):
            self._oval(plane, (side * 66, 0), (50 * share, 76 * share), _LUNG, -6 * side)
            for across, away, angle, radius in self._vessels:
                # They leave the root of the lung, in the middle of its height, and thin out.
                reach = away * (0.3 + 1.3 * abs(height - 0.5))
                thick = 0.6 * radius * (1.1 - reach)
                x = side * (28 + 78 * reach * share * abs(math.cos(angle)))
                y = 60 * share * reach * math.sin(angle) + 6 * across
                if share > 0.2 and thick > 0.6:
                    self._oval(plane, (x, y), (thick, thick), _BLOOD)
        if height < 0.3:
            dome = math.sqrt(max(0.0, 1 - (height / 0.3) ** 2))
            self._oval(plane, (-62, -6), (62 * dome, 70 * dome), 60)
        heart = math.sqrt(max(0.0, 1 - ((height - 0.3) / 0.25) ** 2))
        self._oval(plane, (16, -24), (54 * heart, 44 * heart), _BLOOD, 30)
        self._oval(plane, (0, -18), (24, 34), _MUSCLE)
        self._oval(plane, (18, 38), (12, 12), _BLOOD)  # the aorta beside the spine
        if height > 0.5:
            self._oval(plane, (0, -8), (9, 8), _AIR)  # the airway

    def _bones(self, plane: Plane, height: float, z_mm: float) -> None:
        self._oval(plane, (0, 62), (19, 16), _BONE)
        self._oval(plane, (0, 62), (16, 13), _MARROW)
        self._oval(plane, (0, 83), (9, 7), 20)
        self._oval(plane, (0, -88), (16, 5), _BONE)
        broad = 148 - 22 * height**3 - 20
        for rib in range(7):
            # A rib slopes down to the front: where it is met goes round with the height.
            angle = math.pi * ((rib + z_mm / _RIBS_EVERY_MM) % 7) / 7 - math.pi / 2
            for side in (-1, 1):
                place = side * broad * math.cos(angle), 86 * math.sin(angle)
                tilt = math.degrees(math.atan2(86 * math.cos(angle), -side * broad * math.sin(angle)))
                self._oval(plane, place, (11, 4), _BONE, tilt)
                self._oval(plane, place, (8, 2), _MARROW, tilt)

    def _ball(self, plane: Plane, z_mm: float) -> None:
        nodule = self.nodule
        radius = math.sqrt(max(0.0, nodule.radius_mm**2 - (z_mm - nodule.z_mm) ** 2))
        self._oval(plane, (nodule.x_mm, nodule.y_mm), (radius, radius), 35)

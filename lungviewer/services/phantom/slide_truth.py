"""What was drawn where on a synthetic slide: the ground truth that a slide map is measured against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, slots=True)
class SlideRegion:
    """One kind of tissue inside a polygon of level-0 pixels (x, y). Where regions overlap, the later wins."""

    kind: str
    outline: tuple[tuple[float, float], ...]

    @classmethod
    def rectangle(cls, kind: str, x: float, y: float, width: float, height: float) -> SlideRegion:
        return cls(kind, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)))

    def contains(self, x: float, y: float) -> bool:
        polygon = np.array(self.outline, np.float32).reshape(-1, 1, 2)
        return cv2.pointPolygonTest(polygon, (float(x), float(y)), False) >= 0


@dataclass(frozen=True, slots=True)
class SlideTruth:
    """A drawn slide: level-0 size in pixels, µm per level-0 pixel, and its regions over bare glass."""

    width: int
    height: int
    um_per_px: float
    seed: int
    regions: tuple[SlideRegion, ...]

    def kind_at(self, l0_x: float, l0_y: float) -> str:
        """The kind drawn at a level-0 position; "glass" where there is no region."""
        for region in reversed(self.regions):
            if region.contains(l0_x, l0_y):
                return region.kind
        return "glass"

    def to_json(self) -> str:
        return json.dumps(
            {
                "synthetic": True,
                "width": self.width,
                "height": self.height,
                "um_per_px": self.um_per_px,
                "seed": self.seed,
                "regions": [
                    {"kind": r.kind, "polygon": [[round(x, 1), round(y, 1)] for x, y in r.outline]}
                    for r in self.regions
                ],
            },
            indent=1,
        )


_LAYOUT: Sequence[tuple[str, float, float, float, float]] = (
    ("benign", 0.30, 0.50, 0.25, 0.40),
    ("adenocarcinoma", 0.36, 0.42, 0.13, 0.20),
    ("squamous_cell_carcinoma", 0.77, 0.32, 0.17, 0.22),
    ("adenocarcinoma", 0.75, 0.77, 0.16, 0.15),
    ("blur", 0.20, 0.72, 0.07, 0.09),
    ("pen", 0.93, 0.60, 0.03, 0.10),
)
"""kind, centre and half axes as shares of width and height: two pieces of tissue, a tumour inside the
first, and the places that a reader of slides learns to distrust."""


def default_regions(width: int, height: int, seed: int) -> tuple[SlideRegion, ...]:
    """Pieces of tissue with wavy edges, laid out alike on a slide of any size."""
    rng = np.random.default_rng([0x51DE, seed])
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    regions = []
    for kind, centre_x, centre_y, half_width, half_height in _LAYOUT:
        radius = np.ones_like(turn)
        for wave in range(2, 9):
            radius += rng.normal(0, 0.10 / wave) * np.cos(wave * turn + rng.random() * 2 * np.pi)
        xs = (centre_x + half_width * radius * np.cos(turn)) * width
        ys = (centre_y + half_height * radius * np.sin(turn)) * height
        regions.append(SlideRegion(kind, tuple(zip(xs.tolist(), ys.tolist(), strict=True))))
    return tuple(regions)

"""A picture to look at before training: what augmentation makes of a few images, step by step and whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from training.augment import Augmenter, degrade, geometry, light, stain
from training.augment.settings import AugmentSettings
from training.augment.stain import Stain

TILE, GAP, TITLE = 150, 4, 22
WHOLE = 6
"""Columns that show everything together."""

Random = np.random.Generator
Step = Callable[[RGB, Stain | None, Random], RGB]


def steps(settings: AugmentSettings, stains: Sequence[Stain]) -> dict[str, Step]:
    """Every kind of change by itself, by the name over its column."""

    def moved_stain(pixels: RGB, source: Stain | None, random: Random) -> RGB:
        if source is None or not stains:
            return pixels
        target = stain.perturbed(stains[int(random.integers(len(stains)))], settings.stain_spread, random)
        return stain.recolour(pixels, source, target, np.ones(2, np.float32))

    return {
        "as it is": lambda p, _s, _r: p,
        "position": lambda p, _s, r: geometry.move(p, settings.scale, settings.shift, r),
        "HED jitter": lambda p, _s, r: stain.jitter_hed(p, settings.hed, 0.05, r),
        "recoloured": moved_stain,
        "new white": lambda p, _s, r: light.rebalance(p, settings.white_spread, r),
        "light": lambda p, _s, r: light.jitter_light(p, 1.0, r),
        "detail": lambda p, _s, r: degrade.degrade(p, r),
    }


def augmentation_sheet(
    pictures: npt.NDArray[np.uint8], settings: AugmentSettings, stains: Sequence[Stain], seed: int
) -> RGB:
    """One row per picture of N×S×S×3: as it is, each kind of change, then all together, drawn from `seed`."""
    whole = Augmenter(settings, stains)
    columns: list[tuple[str, Step]] = [*steps(settings, stains).items()]
    columns += [(f"all ({i + 1})", whole) for i in range(WHOLE)]
    width = GAP + len(columns) * (TILE + GAP)
    sheet = np.full((TITLE + len(pictures) * (TILE + GAP), width, 3), 255, np.uint8)
    for column, (title, _) in enumerate(columns):
        corner = (GAP + column * (TILE + GAP), TITLE - 7)
        cv2.putText(sheet, title, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (30, 30, 30), 1, cv2.LINE_AA)
    for row, pixels in enumerate(pictures):
        source = stain.estimate_stain(pixels)
        top = TITLE + row * (TILE + GAP)
        for column, (_, step) in enumerate(columns):
            changed = step(pixels, source, np.random.default_rng((seed, row, column)))
            left = GAP + column * (TILE + GAP)
            sheet[top : top + TILE, left : left + TILE] = cv2.resize(
                changed, (TILE, TILE), interpolation=cv2.INTER_AREA
            )
    return sheet

"""What the rule for a slide is about: areas, shares and groups of its tiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile

_UNSURE = "low_confidence"
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Areas in mm², shares 0–1. `commonest`: the reasons for which most tissue was refused; `touching`: two
    tumour tiles lie side by side; `unsure_mm2`: analysed tissue about which the model was not sure."""

    calls: int
    analysed_mm2: float
    refused_mm2: float
    probabilities: Mapping[str, float]
    class_mm2: Mapping[str, float]
    tumour_mm2: float
    tumour_tiles: int
    group_mm2: float
    touching: bool
    unsure_mm2: float
    refused: Mapping[str, int]
    commonest: tuple[str, ...]

    @property
    def tumour_share(self) -> float | None:
        return share_of(self.tumour_mm2, self.analysed_mm2)

    @property
    def refused_share(self) -> float | None:
        return share_of(self.refused_mm2, self.refused_mm2 + self.analysed_mm2)


def tally(tiles: Iterable[SlideTile], areas: _Values, spec: ModelSpec, grid: TileGrid) -> Tally:
    """Count. `areas`: tissue that belongs to each tile alone, by number."""
    kept: list[SlideTile] = []
    lost: list[SlideTile] = []
    for tile in sorted(tiles, key=lambda tile: tile.number):  # so that sums do not depend on the order
        (kept if tile.is_call else lost).append(tile)
    numbers = np.array([tile.number for tile in kept], np.int64)
    weights = areas[numbers]
    classes = {class_id: i for i, class_id in enumerate(spec.class_ids)}
    called = np.array([classes[tile.predicted or ""] for tile in kept], np.int64)
    by_class = np.bincount(called, weights, len(classes))
    is_tumour = np.array([c.role is Role.TUMOUR for c in spec.classes])
    tumour = numbers[is_tumour[called]]
    group_mm2, touching = _largest_group(tumour, areas, grid)
    return Tally(
        calls=len(kept),
        analysed_mm2=float(by_class.sum()),
        refused_mm2=float(areas[[tile.number for tile in lost]].sum()) if lost else 0.0,
        probabilities=_means(kept, weights, spec),
        class_mm2={class_id: float(by_class[i]) for class_id, i in classes.items()},
        tumour_mm2=float(by_class[is_tumour].sum()),
        tumour_tiles=len(tumour),
        group_mm2=group_mm2,
        touching=touching,
        unsure_mm2=float(weights[[_UNSURE in tile.reasons for tile in kept]].sum()) if kept else 0.0,
        refused=Counter(tile.reasons[0] for tile in lost),
        commonest=_commonest(lost, areas),
    )


def touching_groups(numbers: npt.NDArray[np.int64], grid: TileGrid) -> npt.NDArray[np.int64]:
    """For each of some tiles: the number, from 1, of the group of tiles that it touches side by side,
    directly or through others of them."""
    there = np.zeros(len(grid), np.uint8)
    there[numbers] = 1
    _, labels = cv2.connectedComponents(there.reshape(grid.rows, grid.columns), connectivity=4)
    return np.asarray(labels.reshape(-1)[numbers], np.int64)


def share_of(part: float, whole: float) -> float | None:
    """A share; None of nothing."""
    return part / whole if whole > 0 else None


def _means(kept: Sequence[SlideTile], weights: _Values, spec: ModelSpec) -> dict[str, float]:
    total = weights.sum()
    if not total > 0:
        return {}
    means = weights @ np.array([tile.probabilities for tile in kept], np.float64) / total
    return {class_id: float(p) for class_id, p in zip(spec.class_ids, means, strict=True)}


def _commonest(lost: Sequence[SlideTile], areas: _Values) -> tuple[str, ...]:
    """By area, then by number of tiles; the last word, so that one answer stands, is the alphabet's."""
    by_reason: dict[tuple[str, ...], tuple[float, int]] = {}
    for tile in lost:
        area, count = by_reason.get(tile.reasons, (0.0, 0))
        by_reason[tile.reasons] = (area + float(areas[tile.number]), count + 1)
    return max(by_reason, key=lambda reasons: (by_reason[reasons], reasons), default=())


def _largest_group(numbers: npt.NDArray[np.int64], areas: _Values, grid: TileGrid) -> tuple[float, bool]:
    """mm² of the largest group of tiles that touch side by side, and whether any two do."""
    if not len(numbers):
        return 0.0, False
    groups = touching_groups(numbers, grid)
    return float(np.bincount(groups, areas[numbers]).max()), bool(np.bincount(groups).max() > 1)

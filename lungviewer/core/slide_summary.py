"""What the tiles of a slide say together, by a stated rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Status


@dataclass(frozen=True, slots=True)
class SlideSummary:
    """Areas in mm², shares 0–1.

    `class_mm2` and `class_share` (of the analysed tissue) are by class id; `tumour_share` is None while nothing
    was analysed. `refused_share` is of all tissue that was looked at; `refused` counts tiles by reason.
    `probabilities` are means over analysed tiles, weighted by their tissue. `predicted` is None unless the
    answer is a call. `group_mm2`: the largest group of tiles called tumour that touch. No confidence: none was ever measured for slides.
    """

    status: Status
    reasons: tuple[str, ...]
    predicted: str | None
    probabilities: Mapping[str, float]
    tissue_mm2: float
    analysed_mm2: float
    class_mm2: Mapping[str, float]
    class_share: Mapping[str, float]
    tumour_share: float | None
    refused_share: float | None
    refused: Mapping[str, int]
    tiles: int
    tiles_refused: int
    group_mm2: float = 0.0


def summarise(
    tiles: Iterable[SlideTile],
    areas_mm2: Sequence[float],
    spec: ModelSpec,
    *,
    grid: TileGrid,
    tissue_mm2: float,
    doubts: tuple[str, ...] = (),
    pending: int = 0,
) -> SlideSummary:
    """Put the answers for a slide's tiles together.

    Args:
        areas_mm2: tissue that belongs to each tile alone, by number (`TissueMap.areas_mm2`).
        grid: where the tiles lie, so that neighbours are known.
        doubts: reasons, known from outside, for which any call asks for review.
        pending: tiles that were not looked at yet; while there are any, the slide asks for review.
    """
    raise NotImplementedError

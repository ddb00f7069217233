"""What was found out about one tile of a slide."""

from __future__ import annotations

from dataclasses import dataclass

from lungviewer.core.types import Status

UNREADABLE = "unreadable"
"""Reason of a tile whose pixels could not be decoded."""


@dataclass(frozen=True, slots=True)
class SlideTile:
    """One tile of the grid that holds tissue.

    `number` as in `TileGrid`; `probabilities` in the pack's class order, calibrated, empty for a tile that
    could not be read; `predicted` (a class id) and `confidence` are None unless the answer is a call;
    `reasons` are codes (core/trust.py, or `UNREADABLE`); `tissue` is the share of the tile's square, as far
    as it lies on the slide, that is tissue.
    """

    number: int
    status: Status
    reasons: tuple[str, ...]
    probabilities: tuple[float, ...]
    predicted: str | None
    confidence: float | None
    trust_score: float | None
    tissue: float

    @property
    def is_call(self) -> bool:
        return self.predicted is not None

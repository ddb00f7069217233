"""The answer about one image, as the panel, the CSV, the report and GeoJSON all print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SLIDE = "slide"
"""`ImageRecord.kind` and `ImageInfo.kind` of a whole slide."""


class Status(StrEnum):
    """Whether to trust an answer. Only `OK` and `REVIEW` are calls."""

    OK = "ok"
    REVIEW = "review"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a result, so that it can be made again."""

    model: str
    model_version: str
    model_sha256: str
    backend: str
    device: str
    app_version: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer for one field or one whole image.

    `probabilities` are calibrated, in the pack's class order, and kept even when the answer is
    refused; `predicted` and `confidence` are None unless the answer is a call. `reasons` are codes
    (see core/trust.py); `trust_score` is the out-of-distribution score, larger is stranger.
    """

    status: Status
    reasons: tuple[str, ...]
    probabilities: Mapping[str, float]
    predicted: str | None
    confidence: float | None
    trust_score: float | None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One row of the image CSV; field order is column order (`probabilities` expands to p_<class>…).

    Lengths in level-0 pixels, `um_per_px` in µm, `tissue_mm2` in mm², shares as fractions 0–1,
    `seconds` of work, `analysed_at` ISO 8601 UTC. None prints as an empty cell.
    """

    path: str
    kind: str
    status: Status
    width_px: int | None = None
    height_px: int | None = None
    um_per_px: float | None = None
    reason: str = ""
    predicted_class: str = ""
    confidence: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    trust_score: float | None = None
    tissue_mm2: float | None = None
    tumour_share: float | None = None
    tiles: int | None = None
    tiles_refused: int | None = None
    top_x: int | None = None
    top_y: int | None = None
    review_class: str = ""
    reviewer: str = ""
    reviewed_at: str = ""
    comment: str = ""
    model: str = ""
    model_version: str = ""
    model_sha256: str = ""
    backend: str = ""
    device: str = ""
    seconds: float | None = None
    analysed_at: str = ""
    error: str = ""

"""The answer for one slice of a series, in the form that single pictures have."""

from __future__ import annotations

from dataclasses import replace

from lungviewer.core.types import ImageRecord, Prediction, Status
from lungviewer.services.classify import ImageResult, display_name
from lungviewer.services.ct_result import SeriesResult, slice_heatmaps

_UNREAD = "slice_unreadable"


def slice_answer(result: SeriesResult, index: int, class_ids: tuple[str, ...]) -> ImageResult | None:
    """What is known of a slice; None while it was not looked at. One that could not be read has an "error"
    row."""
    path = display_name(result.series.slices[index].path)
    call = result.calls.get(index)
    if call is None:
        return _unread(result, path, result.failed[index]) if index in result.failed else None
    prediction = call.prediction
    row = replace(
        _base(result, path),
        status=prediction.status,
        reason="; ".join(prediction.reasons),
        predicted_class=prediction.predicted or "",
        confidence=prediction.confidence,
        probabilities=dict(prediction.probabilities),
        trust_score=prediction.trust_score,
        tiles=1,
        tiles_refused=int(prediction.status is Status.REFUSED),
    )
    return ImageResult(row, prediction, slice_heatmaps(call, result.series, class_ids), None)


def _unread(result: SeriesResult, path: str, why: str) -> ImageResult:
    row = replace(_base(result, path), status=Status.ERROR, reason=_UNREAD, error=why)
    return ImageResult(row, Prediction(Status.ERROR, (_UNREAD,), {}, None, None, None), {}, None)


def _base(result: SeriesResult, path: str) -> ImageRecord:
    """The row of the series without what it says of the series."""
    return replace(
        result.record,
        path=path,
        tumour_share=None,
        seconds=None,
        error="",
        probabilities={},
        predicted_class="",
        confidence=None,
    )

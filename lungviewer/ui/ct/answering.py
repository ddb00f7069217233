"""The answer for a CT series, slice by slice, as a job of the thread that owns the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lungviewer.core.ct import CT, CtSeries
from lungviewer.core.job import JobContext
from lungviewer.core.types import ImageRecord, Prediction, Status
from lungviewer.services.classify import ImageResult, display_name
from lungviewer.services.ct_classify import classify_series
from lungviewer.services.ct_result import SeriesResult, as_series_image_result
from lungviewer.services.engine import InferenceEngine


@dataclass(frozen=True, slots=True)
class SeriesQuestion:
    """The slices that an entry stands for, what is known of them from before (None: nothing), and which one
    is looked at, from 0."""

    series: CtSeries
    known: SeriesResult | None = None
    first: int = 0


def answer_series(
    question: SeriesQuestion, engine: InferenceEngine, ctx: JobContext, grown: Callable[[ImageResult], None]
) -> ImageResult:
    """Classify every slice; `grown` is handed what is known by now. A model that does not read CT refuses a
    series without looking at it.

    Raises:
        ImageError: the series cannot be used.
        Cancelled: `ctx` asked to stop.
    """
    if engine.spec.modality != CT:
        return _not_for(question.series, engine)

    def tell(value: object) -> None:
        if isinstance(value, SeriesResult):
            grown(as_series_image_result(value))

    telling, known = _Telling(ctx, tell), question.known
    result = classify_series(question.series, engine, telling, first=question.first, known=known)
    return as_series_image_result(result)


class _Telling:
    """Hands partial results to somebody else, and everything else on."""

    def __init__(self, ctx: JobContext, tell: Callable[[object], None]) -> None:
        self._ctx = ctx
        self.partial = tell
        self.progress = ctx.progress
        self.check = ctx.check


def _not_for(series: CtSeries, engine: InferenceEngine) -> ImageResult:
    made_by = engine.provenance
    row = ImageRecord(
        path=display_name(series.slices[0].path),
        kind=CT,
        status=Status.REFUSED,
        width_px=series.width,
        height_px=series.height,
        reason="ct_slice",
        model=made_by.model,
        model_version=made_by.model_version,
        model_sha256=made_by.model_sha256,
        backend=made_by.backend,
        device=made_by.device,
        analysed_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return ImageResult(row, Prediction(row.status, ("ct_slice",), {}, None, None, None), {}, None)

"""The answer for a CT series, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lungviewer.core.backend import FloatArray
from lungviewer.core.ct import CtSeries
from lungviewer.core.ct_summary import SeriesSummary
from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import RGB
from lungviewer.core.types import ImageRecord, Prediction
from lungviewer.services.classify import ImageResult


@dataclass(frozen=True, slots=True)
class SliceCall:
    """One slice. `cam` is C×h×w in the pack's class order over the whole slice, in evidence units; NaN where
    it was refused."""

    prediction: Prediction
    cam: FloatArray


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """A snapshot. `calls` and `failed` (why a slice could not be read, as a sentence) by index of the slice
    in `series.slices`; `record`: a row for the series (kind "ct"), which always asks for review and names no
    class; `complete`: every slice was looked at; `codes`: the code of each failure, as tables have it."""

    series: CtSeries
    calls: Mapping[int, SliceCall]
    failed: Mapping[int, str]
    summary: SeriesSummary
    record: ImageRecord
    complete: bool
    codes: Mapping[int, str] = field(default_factory=dict)


def slice_heatmaps(call: SliceCall, series: CtSeries, class_ids: Sequence[str]) -> dict[str, Heatmap]:
    """The maps of one slice in the form that images have, by class id."""
    rect = Rect(0.0, 0.0, float(series.width), float(series.height))
    return {class_id: Heatmap(call.cam[c], rect) for c, class_id in enumerate(class_ids)}


def as_series_image_result(result: SeriesResult, thumbnail: RGB | None = None) -> ImageResult:
    """The answer in the form that images have. It has no probabilities, no class and no maps of its own:
    those are its slices'."""
    record = result.record
    prediction = Prediction(record.status, tuple(record.reason.split("; ")), {}, None, None, None)
    return ImageResult(record, prediction, {}, thumbnail, series=result)

"""Which map is shown over the image, and what is said about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lungviewer.core.ct import CT
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.types import Prediction, Status
from lungviewer.services.classify import ImageResult
from lungviewer.services.ct_result import SeriesResult, SliceCall, slice_heatmaps
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.explaining import IN_SERIES, OF_CT
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.words import class_label

EVIDENCE = "evidence"
"""The only layer of a picture: what speaks for the class, relative to the strongest."""


@dataclass(frozen=True, slots=True)
class Explained:
    """The map of one class. `chosen`: the person asked for this class; `called`: it is the answer. `layer`:
    `EVIDENCE`, for CT `OF_CT` or `IN_SERIES`, or of a `slide` one of `SLIDE_LAYERS`; for "calls" the tiles of
    the slide are shown instead of the map. Of a series the `slice` that is seen; `peak`: the score that
    counts as 1, None: the map's own."""

    class_id: str
    label: str
    heatmap: Heatmap
    chosen: bool
    called: bool
    layer: str = EVIDENCE
    slide: SlideMap | None = None
    slice: SliceCall | None = None
    peak: float | None = None


def explained(session: ViewerSession, index: int | None = None) -> Explained | None:
    """What the overlay of the current image shows: the chosen class, else the called one, else (nothing was
    called) the most probable one. None while there is no answer, while no tile of a slide was seen, and of a
    slice that was refused. `index`: the slice of a series that is seen."""
    result = session.result()
    if result is not None and result.series is not None:
        return _of_slice(session, result.series, index)
    if result is None or not result.heatmaps or (result.slide is not None and not result.slide.tiles):
        return None
    wanted = session.explaining.class_id
    chosen = wanted in result.heatmaps
    class_id = wanted if wanted is not None and chosen else shown_by_default(result)
    of_ct = session.spec is not None and session.spec.modality == CT
    layer, maps = OF_CT if of_ct else EVIDENCE, result.heatmaps
    if result.slide is not None:
        layer = session.explaining.layer
        maps = result.slide.activation if layer == "activation" else result.slide.probability
    return Explained(
        class_id,
        class_label(class_id, session.spec),
        maps[class_id],
        chosen,
        class_id == result.prediction.predicted,
        layer,
        result.slide,
    )


def _of_slice(session: ViewerSession, series: SeriesResult, index: int | None) -> Explained | None:
    call = None if index is None else series.calls.get(index)
    if call is None or session.spec is None or call.prediction.status is Status.REFUSED:
        return None
    ids, wanted = session.spec.class_ids, session.explaining.class_id
    chosen = wanted in ids
    called = call.prediction.predicted
    class_id = (
        wanted if wanted is not None and chosen else called or _most_probable(call.prediction) or ids[0]
    )
    return Explained(
        class_id,
        class_label(class_id, session.spec),
        slice_heatmaps(call, series.series, ids)[class_id],
        chosen,
        class_id == called,
        IN_SERIES,
        slice=call,
        peak=_strongest(series, ids.index(class_id)),
    )


def _strongest(series: SeriesResult, number: int) -> float:
    """The largest score of a class in all slices that were not refused."""
    kept = (
        call.cam[number] for call in series.calls.values() if call.prediction.status is not Status.REFUSED
    )
    return max((float(np.nanmax(cam)) for cam in kept), default=0.0)


def shown_by_default(result: ImageResult) -> str:
    """The class whose map is shown when nobody chose one."""
    if result.slide is not None and result.slide.summary.leading is not None:
        return result.slide.summary.leading
    return result.prediction.predicted or _most_probable(result.prediction) or next(iter(result.heatmaps))


def next_class(session: ViewerSession) -> str | None:
    """The class after the one that is shown, in the pack's order; None while there is no answer."""
    now, result = explained(session, session.slice.index), session.result()
    if now is None or result is None:
        return None
    ids = list(result.heatmaps) or list(now.slice.prediction.probabilities if now.slice is not None else ())
    return ids[(ids.index(now.class_id) + 1) % len(ids)]


def _most_probable(prediction: Prediction) -> str | None:
    known = {c: p for c, p in prediction.probabilities.items() if math.isfinite(p)}
    return max(known, key=lambda c: known[c]) if known else None

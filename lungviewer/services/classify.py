"""One image: from a path to a judged record and heat maps.

Split in two so that a scan can overlap them: `prepare_file` (services/prepare.py) reads, cuts and checks,
`finish` puts the model's answers together (no pixels). `classify_file` does both.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lungviewer.core.ct import CT
from lungviewer.core.ct_frames import decide, shown_slice
from lungviewer.core.errors import ImageError
from lungviewer.core.geometry import FieldPlan
from lungviewer.core.heatmap import Heatmap, stitch
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.trust import combine_fields
from lungviewer.core.types import ImageRecord, Prediction, Provenance, Status
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.engine import FieldResult, InferenceEngine
from lungviewer.services.prepare import PreparedImage, prepare_file

if TYPE_CHECKING:
    from lungviewer.services.ct_result import SeriesResult
    from lungviewer.services.slide_result import SlideMap

FIELDS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ImageResult:
    """The answer for one image. `heatmaps` has one map per class id; fields refused stay NaN in it.
    `um_per_px_source` as in `ImageInfo`; `field_calls`: what each field of the plan was called, None where it
    was refused. A whole slide brings its `slide` map and no field calls; a CT series its `series`, and no
    class, probability or map of its own."""

    record: ImageRecord
    prediction: Prediction
    heatmaps: Mapping[str, Heatmap]
    thumbnail: RGB | None
    um_per_px_source: str = ""
    field_calls: tuple[str | None, ...] = ()
    slide: SlideMap | None = None
    series: SeriesResult | None = None

    def calls_by_class(self) -> dict[str, int]:
        """How many fields, or tiles of a slide, were called what, most first."""
        tiles = () if self.slide is None else self.slide.tiles.values()
        calls = (*self.field_calls, *(tile.predicted for tile in tiles))
        return dict(Counter(c for c in calls if c is not None).most_common())


def finish(
    name: str,
    prepared: PreparedImage,
    results: Sequence[FieldResult],
    spec: ModelSpec,
    provenance: Provenance,
    inference_seconds: float,
) -> ImageResult:
    """Put the fields' answers together. `name` is what the `path` column will say. Of a CT file of several
    frames, each is judged, and one speaks for all (core/ct_frames.py): its maps and picture are shown."""
    info, plan = prepared.info, prepared.plan
    judged, thumbnail, notes = [r.prediction for r in results], prepared.thumbnail, plan.notes
    if info.kind == CT and info.frames > 1:
        frames = [results[start:stop] for start, stop in chunks(len(results), len(plan.fields))]
        judged = [combine_fields([r.prediction for r in frame], spec, plan.doubts) for frame in frames]
        prediction, index = decide(judged, spec)
        results, notes = frames[index], (*notes, shown_slice(index, len(frames)))
        thumbnail = prepared.frame_pictures[index] if prepared.frame_pictures else None
    else:
        prediction = combine_fields(judged, spec, plan.doubts)
    maps = stitched(plan, info.width, info.height, results, spec)
    record = ImageRecord(
        path=name,
        kind=info.kind,
        status=prediction.status,
        width_px=info.width,
        height_px=info.height,
        um_per_px=info.um_per_px,
        reason="; ".join((*prediction.reasons, *info.notes, *notes)),
        predicted_class=prediction.predicted or "",
        confidence=prediction.confidence,
        probabilities={c: p for c, p in prediction.probabilities.items() if math.isfinite(p)},
        trust_score=prediction.trust_score,
        seconds=prepared.seconds + inference_seconds,
        analysed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tiles=len(judged),
        tiles_refused=sum(p.status is Status.REFUSED for p in judged),
        tissue_mm2=prepared.tissue_mm2,
        tumour_share=tumour_share(judged, spec),
    )
    record = with_provenance(_with_top(record, prediction, maps), provenance)
    calls = tuple(p.predicted for p in judged)
    return ImageResult(record, prediction, maps, thumbnail, info.um_per_px_source, calls)


def classify_file(
    path: Path,
    engine: InferenceEngine,
    *,
    um_per_px: float | None = None,
    keep_thumbnail: bool = True,
    isolated: IsolatedDecoder | None = None,
    ctx: JobContext | None = None,
) -> ImageResult:
    """Open, judge and explain one image.

    Risky formats are decoded in `isolated`, or in a process of this call's own: give one when there are
    several images.

    Raises:
        ImageError: the image cannot be used, with a sentence.
        Cancelled: `ctx` asked to stop.
    """
    context = ctx or NullContext()
    with contextlib.ExitStack() as own:
        prepared = prepare_file(
            path,
            engine.spec,
            um_per_px=um_per_px,
            keep_thumbnail=keep_thumbnail,
            isolated=isolated or own.enter_context(IsolatedDecoder()),
            ctx=context,
        )
    began = time.perf_counter()
    results: list[FieldResult] = []
    for start, stop in chunks(len(prepared.fields)):
        context.check()
        results += engine.analyse(prepared.fields[start:stop], prepared.failed_checks[start:stop])
        context.progress(stop, len(prepared.fields))
    return finish(
        display_name(path),
        prepared,
        results,
        engine.spec,
        engine.provenance,
        time.perf_counter() - began,
    )


def error_record(name: str, error: ImageError, provenance: Provenance, kind: str = "unknown") -> ImageRecord:
    """The row of an image that could not be used: the code in `reason`, the sentence in `error`."""
    record = ImageRecord(
        path=name,
        kind=kind,
        status=Status.ERROR,
        reason=error.code,
        error=error.sentence,
        analysed_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return with_provenance(record, provenance)


def chunks(total: int, size: int = FIELDS_AT_ONCE) -> Iterator[tuple[int, int]]:
    """(start, stop) pairs that cut `total` items into runs of at most `size`."""
    for start in range(0, total, size):
        yield start, min(start + size, total)


def display_name(path: Path) -> str:
    """A path as text that can always be written: names that are not UTF-8 show their bytes as \\xNN."""
    return os.fsencode(path).replace(os.fsencode(os.sep), b"/").decode("utf-8", "backslashreplace")


def stitched(
    plan: FieldPlan, width: int, height: int, results: Sequence[FieldResult], spec: ModelSpec
) -> dict[str, Heatmap]:
    """The maps of a plan's fields over their image, by class id; NaN where fields were refused."""
    maps = [None if r.prediction.status is Status.REFUSED else r.cam for r in results]
    stitched_maps = stitch(plan.fields, maps, len(spec.class_ids), width, height)
    return dict(zip(spec.class_ids, stitched_maps, strict=True))


def tumour_share(judged: Sequence[Prediction], spec: ModelSpec) -> float | None:
    """Share of the fields, or slices, with a call whose call is a tumour class; None for a single one."""
    calls = [p.predicted for p in judged if p.predicted is not None]
    if len(judged) < 2 or not calls:
        return None
    return sum(spec.class_by_id(c).role is Role.TUMOUR for c in calls) / len(calls)


def _with_top(record: ImageRecord, prediction: Prediction, maps: Mapping[str, Heatmap]) -> ImageRecord:
    if prediction.predicted is None:
        return record
    summary = maps[prediction.predicted].summary()
    if summary is None:
        return record
    return replace(record, top_x=round(summary.top_x), top_y=round(summary.top_y))


def with_provenance(record: ImageRecord, provenance: Provenance) -> ImageRecord:
    return replace(
        record,
        model=provenance.model,
        model_version=provenance.model_version,
        model_sha256=provenance.model_sha256,
        backend=provenance.backend,
        device=provenance.device,
    )

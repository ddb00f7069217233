"""One image: from a path to a judged record and heat maps.

Split in two so that a scan can overlap them: `prepare_file` reads, cuts and checks (any thread, no model),
`finish` puts the model's answers together (no pixels). `classify_file` does both.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageError
from lungviewer.core.geometry import FieldPlan, Rect, plan_fields
from lungviewer.core.heatmap import Heatmap, stitch
from lungviewer.core.image import RGB, ImageInfo, ImageSource
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.preprocess import resize_field
from lungviewer.core.tissue import tissue_mask
from lungviewer.core.trust import check_field, combine_fields
from lungviewer.core.types import ImageRecord, Prediction, Provenance, Status
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image
from lungviewer.services.engine import FieldResult, InferenceEngine

if TYPE_CHECKING:
    from lungviewer.services.ct_result import SeriesResult
    from lungviewer.services.slide_result import SlideMap

FIELDS_AT_ONCE = 32
THUMBNAIL_SIDE = 1024
TISSUE_SIDE = 512


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """Everything the model needs of one image: `fields` N×S×S×3 and, for each, the check it failed.
    `tissue_mm2` is None when the scale is not known."""

    info: ImageInfo
    plan: FieldPlan
    fields: npt.NDArray[np.uint8]
    failed_checks: tuple[str | None, ...]
    thumbnail: RGB | None
    tissue_mm2: float | None
    seconds: float


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


def prepare_file(
    path: Path,
    spec: ModelSpec,
    *,
    um_per_px: float | None = None,
    keep_thumbnail: bool = False,
    isolated: IsolatedDecoder | None = None,
    force_isolation: bool = False,
    reserve: Callable[[int], None] = lambda _: None,
    ctx: JobContext | None = None,
) -> PreparedImage:
    """Open an image, cut it into fields at the model's size and check each.

    Args:
        um_per_px: the person's own scale, which wins over the file's.
        isolated, force_isolation: see `open_image`.
        reserve: called with the bytes of the fields before they are made; may wait, or raise `Cancelled`.

    Raises:
        ImageError: unreadable, too small or too large, with a sentence.
        Cancelled: `ctx` asked to stop.
    """
    started = time.perf_counter()
    context = ctx or NullContext()
    source = open_image(path, um_per_px, isolated=isolated, force_isolation=force_isolation)
    try:
        info, size = source.info, spec.input.size
        plan = plan_fields(info.width, info.height, info.um_per_px, spec.input)
        read_s = time.perf_counter() - started
        reserve(len(plan.fields) * size * size * 3)
        began = time.perf_counter()
        thumbnail = source.thumbnail(THUMBNAIL_SIDE) if keep_thumbnail else None
        tissue_mm2 = _tissue_mm2(source, spec.modality)
        fields = np.empty((len(plan.fields), size, size, 3), np.uint8)
        failed: list[str | None] = []
        for i, rect in enumerate(plan.fields):
            context.check()
            fields[i] = cut_field(source, rect, size)
            failed.append(check_field(fields[i], spec.trust.checks, spec.modality))
    finally:
        source.close()
    return PreparedImage(
        info, plan, fields, tuple(failed), thumbnail, tissue_mm2, read_s + time.perf_counter() - began
    )


def finish(
    name: str,
    prepared: PreparedImage,
    results: Sequence[FieldResult],
    spec: ModelSpec,
    provenance: Provenance,
    inference_seconds: float,
) -> ImageResult:
    """Put the fields' answers together. `name` is what the `path` column will say."""
    info, plan = prepared.info, prepared.plan
    prediction = combine_fields([r.prediction for r in results], spec, plan.doubts)
    maps = _heatmaps(prepared, results, spec)
    record = ImageRecord(
        path=name,
        kind=info.kind,
        status=prediction.status,
        width_px=info.width,
        height_px=info.height,
        um_per_px=info.um_per_px,
        reason="; ".join((*prediction.reasons, *info.notes, *plan.notes)),
        predicted_class=prediction.predicted or "",
        confidence=prediction.confidence,
        probabilities={c: p for c, p in prediction.probabilities.items() if math.isfinite(p)},
        trust_score=prediction.trust_score,
        seconds=prepared.seconds + inference_seconds,
        analysed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tiles=len(results),
        tiles_refused=sum(r.prediction.status is Status.REFUSED for r in results),
        tissue_mm2=prepared.tissue_mm2,
        tumour_share=_tumour_share(results, spec),
    )
    record = _with_provenance(_with_top(record, prediction, maps), provenance)
    calls = tuple(r.prediction.predicted for r in results)
    return ImageResult(record, prediction, maps, prepared.thumbnail, info.um_per_px_source, calls)


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
    return _with_provenance(record, provenance)


def chunks(total: int, size: int = FIELDS_AT_ONCE) -> Iterator[tuple[int, int]]:
    """(start, stop) pairs that cut `total` items into runs of at most `size`."""
    for start in range(0, total, size):
        yield start, min(start + size, total)


def display_name(path: Path) -> str:
    """A path as text that can always be written: names that are not UTF-8 show their bytes as \\xNN."""
    return os.fsencode(path).replace(os.fsencode(os.sep), b"/").decode("utf-8", "backslashreplace")


def cut_field(source: ImageSource, rect: Rect, size: int) -> RGB:
    """One field (level-0 pixels) at size×size, read with as little around it as its fractions need."""
    left, top = math.floor(rect.x), math.floor(rect.y)
    right, bottom = math.ceil(rect.x + rect.width), math.ceil(rect.y + rect.height)
    pixels = source.read((left, top), 0, (right - left, bottom - top))
    return resize_field(pixels, size, Rect(rect.x - left, rect.y - top, rect.width, rect.height))


def _heatmaps(prepared: PreparedImage, results: Sequence[FieldResult], spec: ModelSpec) -> dict[str, Heatmap]:
    info, fields = prepared.info, prepared.plan.fields
    refused = [r.prediction.status is Status.REFUSED for r in results]
    return {
        class_id: stitch(
            fields,
            [None if no else r.cam[c] for r, no in zip(results, refused, strict=True)],
            info.width,
            info.height,
        )
        for c, class_id in enumerate(spec.class_ids)
    }


def _tissue_mm2(source: ImageSource, modality: str) -> float | None:
    """Area that is stained tissue, measured on a small version; None without a scale, or for CT."""
    info = source.info
    if info.um_per_px is None or modality != "histology":
        return None
    share = float(tissue_mask(source.thumbnail(TISSUE_SIDE)).mean())
    return share * info.width * info.height * info.um_per_px**2 / 1e6


def _tumour_share(results: Sequence[FieldResult], spec: ModelSpec) -> float | None:
    """Share of the fields with a call whose call is a tumour class; None for a single field."""
    calls = [r.prediction.predicted for r in results if r.prediction.predicted is not None]
    if len(results) < 2 or not calls:
        return None
    return sum(spec.class_by_id(c).role is Role.TUMOUR for c in calls) / len(calls)


def _with_top(record: ImageRecord, prediction: Prediction, maps: Mapping[str, Heatmap]) -> ImageRecord:
    if prediction.predicted is None:
        return record
    summary = maps[prediction.predicted].summary()
    if summary is None:
        return record
    return replace(record, top_x=round(summary.top_x), top_y=round(summary.top_y))


def _with_provenance(record: ImageRecord, provenance: Provenance) -> ImageRecord:
    return replace(
        record,
        model=provenance.model,
        model_version=provenance.model_version,
        model_sha256=provenance.model_sha256,
        backend=provenance.backend,
        device=provenance.device,
    )

"""The answer for one image, as a job of the thread that owns the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lungviewer.core.ct import CT
from lungviewer.core.errors import ImageError, SpacingUnknown
from lungviewer.core.job import JobContext
from lungviewer.core.types import SLIDE, ImageRecord
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.slide_kinds import is_slide
from lungviewer.services.classify import ImageResult, classify_file, display_name, error_record
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.file_state import FileState, state_of
from lungviewer.services.slide_index import kept_row
from lungviewer.services.slide_map import look_at_slide
from lungviewer.services.slide_result import MapOptions, as_image_result
from lungviewer.ui.ct.answering import SeriesQuestion, answer_series
from lungviewer.ui.mapping.wishes import SlideWish, slide_key


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one image. `given` µm/px wins over the file; `usual` counts where neither says any.

    `unasked`: nobody looks at it; then a whole slide or a CT series is not opened. `wish`: how a slide is to
    be looked at; `slide_scales`: µm/px that a person gave slides, by `slide_key`; `series`: of an entry that
    stands for one.
    """

    path: Path
    given: float | None = None
    usual: float | None = None
    unasked: bool = False
    wish: SlideWish = field(default_factory=SlideWish)
    slide_scales: Mapping[str, float] = field(default_factory=dict)
    series: SeriesQuestion | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """What the answer is about."""
        return (self.path,) if self.series is None else self.series.series.files


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known about one image: its row and, unless it failed, the maps. `assumed`: µm/px of the
    settings that it was judged by, because the file says none; `given`: that a person gave it another time.
    `state` of the file before it was read. `slide_key`: of a whole slide; "" for other images."""

    record: ImageRecord
    result: ImageResult | None
    assumed: float | None = None
    state: FileState | None = None
    given: float | None = None
    slide_key: str = ""


def answer_for(
    question: Question, engine: InferenceEngine, decoder: IsolatedDecoder, ctx: JobContext
) -> tuple[Path, Outcome | None]:
    """Classify one image or series, or see what is known of a slide; a job. None: a series that nobody looks
    at, or a slide that was not mapped to the end before. Partial results are answers, too."""
    path = question.path
    # Before it is read: a file that changes meanwhile is then known to have changed.
    state = state_of(question.files)
    if question.series is not None:
        return path, None if question.unasked else _series(question, question.series, state, engine, ctx)
    if is_slide(path):
        if question.unasked:
            return path, _kept(question, state, engine)
        return path, _slide(question, state, engine, decoder)

    def judge(scale: float | None) -> ImageResult:
        return classify_file(path, engine, um_per_px=scale, keep_thumbnail=False, isolated=decoder, ctx=ctx)

    try:
        result = judge(question.given)
        assumed = question.usual if result.record.um_per_px is None else None
        if assumed is not None:
            result = judge(assumed)
    except ImageError as error:
        return path, Outcome(error_record(display_name(path), error, engine.provenance), None, None, state)
    return path, Outcome(result.record, result, assumed, state)


def _series(
    question: Question,
    wanted: SeriesQuestion,
    state: FileState | None,
    engine: InferenceEngine,
    ctx: JobContext,
) -> Outcome:
    def grown(result: ImageResult) -> None:
        ctx.partial((question.path, Outcome(result.record, result, None, state)))

    try:
        result = answer_series(wanted, engine, ctx, grown)
    except ImageError as error:
        row = error_record(display_name(question.path), error, engine.provenance, CT)
        return Outcome(row, None, None, state)
    return Outcome(result.record, result, None, state)


def _kept(question: Question, state: FileState | None, engine: InferenceEngine) -> Outcome | None:
    """The row of a slide that was mapped before, the way it would be now; the slide is not opened."""
    wish, key = question.wish, slide_key(question.path, state)
    given = question.given or question.slide_scales.get(key)
    row = kept_row(question.path, engine, MapOptions(given, wish.overlap, wish.tissue_threshold))
    return None if row is None else Outcome(row, None, None, state, given, key)


def _slide(
    question: Question, state: FileState | None, engine: InferenceEngine, decoder: IsolatedDecoder
) -> Outcome:
    """What is known of a slide without running the model."""
    path, wish, key = question.path, question.wish, slide_key(question.path, state)
    given = question.given or question.slide_scales.get(key)

    def look(scale: float | None) -> ImageResult:
        options = MapOptions(scale, wish.overlap, wish.tissue_threshold)
        return as_image_result(look_at_slide(path, engine, options, decoder=decoder))

    assumed = None
    try:
        try:
            result = look(given)
        except SpacingUnknown:
            assumed = question.usual
            if assumed is None:
                raise
            result = look(assumed)
    except ImageError as error:
        record = error_record(display_name(path), error, engine.provenance, SLIDE)
        return Outcome(record, None, None, state, given, key)
    return Outcome(result.record, result, assumed, state, given, key)

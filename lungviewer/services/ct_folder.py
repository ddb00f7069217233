"""Every CT series of some folders and files, found and judged: `lungviewer series`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.ct import CT, CtSeries
from lungviewer.core.errors import ImageError, LungviewerError, UnsupportedFormat, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.natural import natural_key
from lungviewer.core.paths import is_one_of
from lungviewer.exporters.series_csv import SliceRow, is_series_csv, write_series_csv
from lungviewer.readers.ct_series import FoundSeries, find_series
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.isolated_ct import IsolatedCt
from lungviewer.services.classify import display_name
from lungviewer.services.ct_classify import classify_series
from lungviewer.services.ct_result import SeriesResult
from lungviewer.services.ct_words import left_out_lines, of_another_kind
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.find import find_images, may_be_dicom
from lungviewer.services.result_names import ready_for


@dataclass(frozen=True, slots=True)
class SeriesRunOptions:
    """How to judge series. `table`: where a row per slice is written; `readers` and `batch` as for
    `classify_series`; `recursive`: enter sub-folders."""

    table: Path | None = None
    recursive: bool = False
    readers: int = 2
    batch: int = 32


@dataclass(frozen=True, slots=True)
class InSeries:
    """How far a run is: `so_far` of series `number` (from 1) of `series`."""

    number: int
    series: int
    so_far: SeriesResult


@dataclass(frozen=True, slots=True)
class SeriesOutcome:
    """One series; `folder` is where its first file lies, relative to what was looked at ("." for there
    itself). `result` is None if nothing of it was judged, and holds a part if `failure` came in between."""

    number: int
    folder: str
    series: CtSeries
    result: SeriesResult | None
    failure: LungviewerError | None = None

    @property
    def failed(self) -> bool:
        """Whether a slice, or the whole series, could not be judged."""
        return self.failure is not None or self.result is None or bool(self.result.failed)


@dataclass(frozen=True, slots=True)
class SeriesRunSummary:
    """`left_out`: how many DICOM files are no slices, by the sentence that says why; `damaged` of them cannot
    be read, the others are something else. `others`: how many pictures and slides lie there, which nobody
    looked at. `stopped`: what ended the run before its end; the series that it left have it as `failure`."""

    outcomes: tuple[SeriesOutcome, ...]
    left_out: dict[str, int]
    damaged: int
    others: int
    not_entered: int
    stopped: LungviewerError | None = None

    @property
    def failed(self) -> bool:
        """Whether a slice, a series or a file could not be read."""
        return self.damaged > 0 or any(outcome.failed for outcome in self.outcomes)


def judge_series(
    paths: Sequence[Path], engine: InferenceEngine, options: SeriesRunOptions, ctx: JobContext
) -> SeriesRunSummary:
    """Find the series, judge every slice, write the table. `ctx.partial` gets an `InSeries` now and
    then, `ctx.progress` the slices of the current series, done and in all.

    Every DICOM file has its rows in the table: one per slice, or one that says why it is none. Where `ctx` or
    the model ends the run too early and something was judged already, the table and the summary hold that,
    and say of the other slices that they were not looked at.

    Raises:
        UsageError: a path does not exist, no series is there nor a damaged file of one, the model reads no
            CT, or the table would replace a slice.
        ImageTooLarge: more slices than anybody can look at.
        Cancelled: `ctx` asked to stop before anything was judged; no table is written.
        BackendError: the model failed before anything was judged; no table is written.
        OutputUnwritable: the table cannot be written, or something else has its name.
    """
    if engine.spec.modality != CT:
        raise UsageError("The chosen pack does not read CT.", hint="Choose a CT pack.")
    found = find_images(paths, recursive=options.recursive, check=ctx.check)
    files = [found.path(file) for file in found.files]
    if options.table is not None:
        if is_one_of(options.table, files):
            raise UsageError("The table names one of the slices.", hint="Choose another name.")
        ready_for(options.table, is_series_csv)
    with IsolatedDecoder(workers=options.readers) as decoder:
        there = find_series(filter(may_be_dicom, files), decoder, ctx.check)
        left_out = dict(Counter(error.message for error in there.left_out.values()))
        damaged = sum(not isinstance(error, UnsupportedFormat) for error in there.left_out.values())
        slices = {part.path for series in there.series for part in series.slices}
        others = len(files) - len(slices) - len(there.left_out)
        if not there.series and not damaged:
            raise _nothing_there(left_out, others, found.not_entered)
        outcomes, stopped = _judge_all(there, engine, ctx, decoder, options, found.root)
    if stopped is not None and not any(outcome.result for outcome in outcomes):
        raise stopped
    if options.table is not None:
        rows = _all_rows(outcomes, there.left_out, found.root)
        write_series_csv(options.table, rows, engine.spec.class_ids, engine.provenance)
    return SeriesRunSummary(outcomes, left_out, damaged, others, found.not_entered, stopped)


def _nothing_there(left_out: Mapping[str, int], others: int, not_entered: int) -> UsageError:
    """What to say where no slice is: what is there instead."""
    said = ["No CT series was found there."]
    if others:
        said = [f"No CT series was found there, only {of_another_kind(others)}."]
    message = " ".join((*said, *left_out_lines(left_out)))
    if not_entered:
        return UsageError(message, hint="Enter sub-folders, or choose the folder that DICOM slices lie in.")
    if others or left_out:
        return UsageError(
            message,
            hint="Choose a folder that DICOM slices lie in; for pictures and whole slides, scan it instead.",
        )
    return UsageError(message, hint="Choose a folder that DICOM slices lie in.")


def _judge_all(
    there: FoundSeries,
    engine: InferenceEngine,
    ctx: JobContext,
    decoder: IsolatedDecoder,
    options: SeriesRunOptions,
    root: Path,
) -> tuple[tuple[SeriesOutcome, ...], LungviewerError | None]:
    """One series after the other, and what ended the run too early, if anything did. They are read in the
    processes of `decoder`: others would take longer to start."""
    outcomes: list[SeriesOutcome] = []
    stopped: LungviewerError | None = None
    for number, series in enumerate(there.series, start=1):
        part = _OneSeries(ctx, number, len(there.series))
        result, failure = None, stopped
        if stopped is None:
            try:
                part.check()
                with IsolatedCt(series, decoder.slices) as source:
                    result = classify_series(
                        series, engine, part, source=source, batch=options.batch, readers=options.readers
                    )
            except LungviewerError as error:
                result, failure = part.latest, error
                stopped = None if isinstance(error, ImageError) else error
        folder = _relative(series.slices[0].path.parent, root)
        outcomes.append(SeriesOutcome(number, folder, series, result, failure))
    return tuple(outcomes), stopped


def _all_rows(
    outcomes: Sequence[SeriesOutcome], left_out: Mapping[Path, ImageError], root: Path
) -> Iterator[SliceRow]:
    for outcome in outcomes:
        yield from _rows(outcome, root)
    names = {_relative(path, root): error for path, error in left_out.items()}
    for name in sorted(names, key=natural_key):
        yield SliceRow.of_file(name, names[name].code, names[name].sentence)


def _rows(outcome: SeriesOutcome, root: Path) -> Iterator[SliceRow]:
    """A row for every slice, whether it was judged or not."""
    result, failure = outcome.result, outcome.failure
    calls, failed, codes = (result.calls, result.failed, result.codes) if result else ({}, {}, {})
    code, sentence = (failure.code, failure.sentence) if failure else ("", "")
    for index, part in enumerate(outcome.series.slices):
        call = calls.get(index)
        yield SliceRow(
            series=outcome.number,
            slice=index + 1,
            path=_relative(part.path, root),
            frame=part.frame,
            position_mm=part.position_mm,
            instance=part.instance,
            prediction=None if call is None else call.prediction,
            code=codes.get(index, code),
            error="" if call is not None else failed.get(index, sentence),
        )


def _relative(path: Path, root: Path) -> str:
    return display_name(Path(os.path.relpath(path, root)))


class _OneSeries:
    """What the judging of one series is told, as a `JobContext`; `latest`: what is known of it so far."""

    def __init__(self, ctx: JobContext, number: int, series: int) -> None:
        self._ctx, self._number, self._series = ctx, number, series
        self.latest: SeriesResult | None = None

    def progress(self, done: int, total: int, text: str = "") -> None:
        self._ctx.progress(done, total, text)

    def partial(self, value: object) -> None:
        if isinstance(value, SeriesResult):
            self.latest = value
            self._ctx.partial(InSeries(self._number, self._series, value))

    def check(self) -> None:
        self._ctx.check()

"""Every CT series of some folders and files, found and judged: `lungviewer series`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.ct import CT, CtSeries
from lungviewer.core.errors import ImageError, UnsupportedFormat, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import is_one_of
from lungviewer.exporters.series_csv import SliceRow, is_series_csv, write_series_csv
from lungviewer.readers.ct_series import find_series
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.isolated_ct import IsolatedCt
from lungviewer.services.classify import display_name
from lungviewer.services.ct_classify import classify_series
from lungviewer.services.ct_result import SeriesResult
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
    itself). `result` is None if it could not be judged, for the reason `failure`."""

    number: int
    folder: str
    series: CtSeries
    result: SeriesResult | None
    failure: ImageError | None = None


@dataclass(frozen=True, slots=True)
class SeriesRunSummary:
    """`left_out`: how many DICOM files are no slices, by the sentence that says why; `damaged` of them cannot
    be read, the others are something else."""

    outcomes: tuple[SeriesOutcome, ...]
    left_out: dict[str, int]
    damaged: int
    not_entered: int

    @property
    def failed(self) -> bool:
        """Whether a slice, a series or a file could not be read."""
        return self.damaged > 0 or any(o.result is None or bool(o.result.failed) for o in self.outcomes)


def judge_series(
    paths: Sequence[Path], engine: InferenceEngine, options: SeriesRunOptions, ctx: JobContext
) -> SeriesRunSummary:
    """Find the series, judge every slice, write the table. `ctx.partial` gets an `InSeries` now and
    then, `ctx.progress` the slices of the current series, done and in all.

    Raises:
        UsageError: a path does not exist, no series is there, the model reads no CT, or the table would
            replace a slice.
        ImageTooLarge: more slices than anybody can look at.
        Cancelled: `ctx` asked to stop; no table is written.
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
        if not there.series:
            raise UsageError(
                "No CT series was found there.", hint="Choose a folder that DICOM slices lie in."
            )
        outcomes = [
            _judge(series, _OneSeries(ctx, number, len(there.series)), engine, decoder, options, found.root)
            for number, series in enumerate(there.series, start=1)
        ]
    if options.table is not None:
        rows = (row for outcome in outcomes for row in _rows(outcome, found.root))
        write_series_csv(options.table, rows, engine.spec.class_ids, engine.provenance)
    return SeriesRunSummary(
        tuple(outcomes),
        dict(Counter(error.message for error in there.left_out.values())),
        sum(not isinstance(error, UnsupportedFormat) for error in there.left_out.values()),
        found.not_entered,
    )


def _judge(
    series: CtSeries,
    ctx: _OneSeries,
    engine: InferenceEngine,
    decoder: IsolatedDecoder,
    options: SeriesRunOptions,
    root: Path,
) -> SeriesOutcome:
    """One series, read in the processes of `decoder`: others would take longer to start."""
    ctx.check()
    folder = _relative(series.slices[0].path.parent, root)
    try:
        with IsolatedCt(series, decoder.slices) as source:
            result = classify_series(
                series, engine, ctx, source=source, batch=options.batch, readers=options.readers
            )
    except ImageError as error:
        return SeriesOutcome(ctx.number, folder, series, None, error)
    return SeriesOutcome(ctx.number, folder, series, result)


def _rows(outcome: SeriesOutcome, root: Path) -> Iterator[SliceRow]:
    """A row for every slice, whether it was judged or not."""
    result, failure = outcome.result, outcome.failure
    calls, failed = (result.calls, result.failed) if result else ({}, {})
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
            error=failed.get(index, failure.sentence if failure else ""),
        )


def _relative(path: Path, root: Path) -> str:
    return display_name(Path(os.path.relpath(path, root)))


class _OneSeries:
    """What the judging of one series is told, as a `JobContext`."""

    def __init__(self, ctx: JobContext, number: int, series: int) -> None:
        self._ctx, self.number, self._series = ctx, number, series

    def progress(self, done: int, total: int, text: str = "") -> None:
        self._ctx.progress(done, total, text)

    def partial(self, value: object) -> None:
        if isinstance(value, SeriesResult):
            self._ctx.partial(InSeries(self.number, self._series, value))

    def check(self) -> None:
        self._ctx.check()

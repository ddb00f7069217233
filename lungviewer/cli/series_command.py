"""`lungviewer series`."""

from __future__ import annotations

import argparse
import contextlib

from lungviewer.cli.console import console_context, err, out
from lungviewer.cli.main import EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from lungviewer.cli.opening import engine_of, tell_missing, tell_notes
from lungviewer.cli.options import sentence_with_options
from lungviewer.cli.parsers import RESEARCH_USE
from lungviewer.core.errors import LungviewerError
from lungviewer.core.model import ModelSpec
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.services.ct_folder import (
    InSeries,
    SeriesOutcome,
    SeriesRunOptions,
    SeriesRunSummary,
    judge_series,
)
from lungviewer.services.ct_words import (
    left_out_lines,
    note_lines,
    of_another_kind,
    series_line,
    summary_lines,
)


def run(options: argparse.Namespace) -> int:
    """Judge, tell what came out, and write the table. What ended the run too early is raised when that was
    told."""
    if tell_missing(options.paths):
        return EXIT_USAGE
    with console_context(_describe, quiet=options.quiet, unit="slices") as ctx:
        engine = engine_of(options, modality="ct")
        with contextlib.closing(engine):
            summary = judge_series(
                options.paths,
                engine,
                SeriesRunOptions(options.csv, options.recursive, options.readers, options.batch),
                ctx,
            )
    tell_notes(engine)
    for outcome in summary.outcomes:
        _tell(outcome, engine.spec, summary.stopped)
    if not summary.outcomes:
        out().print("No CT series was found there.")
    for line in left_out_lines(summary.left_out):
        err().print(line)
    if summary.others:
        err().print(f"{of_another_kind(summary.others)}: `lungviewer scan` reads pictures and slides.")
    if summary.not_entered:
        out().print(f"{summary.not_entered} sub-folders were not entered; --recursive does.")
    for code in (*engine.spec.standing_doubts, "series_not_validated"):
        out().print(REASON_SENTENCES[code])
    out().print(RESEARCH_USE)
    if summary.stopped is not None:
        err().print(_how_far(summary, with_table=options.csv is not None))
        raise summary.stopped
    return EXIT_SOME_FAILED if summary.failed else EXIT_OK


def _how_far(summary: SeriesRunSummary, *, with_table: bool) -> str:
    done = sum(o.result is not None and o.result.complete for o in summary.outcomes)
    said = f"Stopped: {done} of {len(summary.outcomes)} series {'was' if done == 1 else 'were'} finished."
    return f"{said} The table says which slices were not looked at." if with_table else said


def _describe(value: object) -> str:
    return f"series {value.number} of {value.series}" if isinstance(value, InSeries) else ""


def _tell(outcome: SeriesOutcome, spec: ModelSpec, stopped: LungviewerError | None) -> None:
    console, result, slices = out(), outcome.result, len(outcome.series.slices)
    console.print(f"Series {outcome.number} ({outcome.folder}): {series_line(outcome.series)}")
    for line in note_lines(outcome.series):
        console.print(f"  {line}")
    if result is not None and result.complete:
        for line in summary_lines(result, spec):
            console.print(f"  {line}")
    elif outcome.failure is not None:
        looked_at = 0 if result is None else len(result.calls) + len(result.failed)
        console.print(f"  {looked_at} of {slices} slices were looked at.")
    if outcome.failure is not None and outcome.failure is not stopped:
        err().print(f"  {sentence_with_options(outcome.failure)}")

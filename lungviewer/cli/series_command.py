"""`lungviewer series`."""

from __future__ import annotations

import argparse
import contextlib

from lungviewer.cli.console import console_context, err, out
from lungviewer.cli.main import EXIT_OK, EXIT_SOME_FAILED
from lungviewer.cli.opening import engine_of, tell_notes
from lungviewer.cli.options import sentence_with_options
from lungviewer.cli.parsers import RESEARCH_USE
from lungviewer.core.model import ModelSpec
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.services.ct_folder import InSeries, SeriesOutcome, SeriesRunOptions, judge_series
from lungviewer.services.ct_words import note_lines, series_line, summary_lines


def run(options: argparse.Namespace) -> int:
    """Judge, tell what came out, and write the table."""
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
        _tell(outcome, engine.spec)
    for sentence, files in sorted(summary.left_out.items()):
        err().print(f"{files} DICOM file{'s' * (files != 1)} left out: {sentence}")
    if summary.not_entered:
        out().print(f"{summary.not_entered} sub-folders were not entered; --recursive does.")
    out().print(REASON_SENTENCES["series_not_validated"])
    out().print(RESEARCH_USE)
    return EXIT_SOME_FAILED if summary.failed else EXIT_OK


def _describe(value: object) -> str:
    return f"series {value.number} of {value.series}" if isinstance(value, InSeries) else ""


def _tell(outcome: SeriesOutcome, spec: ModelSpec) -> None:
    console = out()
    console.print(f"Series {outcome.number} ({outcome.folder}): {series_line(outcome.series)}")
    for line in note_lines(outcome.series):
        console.print(f"  {line}")
    if outcome.result is not None:
        for line in summary_lines(outcome.result, spec):
            console.print(f"  {line}")
    if outcome.failure is not None:
        err().print(f"  {sentence_with_options(outcome.failure)}")

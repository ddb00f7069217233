"""`lungviewer map`."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import console_context, err, how_to_go_on, out
from lungviewer.cli.main import EXIT_CANCELLED, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from lungviewer.cli.opening import engine_of, tell_missing, tell_notes
from lungviewer.cli.options import sentence_with_options
from lungviewer.cli.parsers import RESEARCH_USE
from lungviewer.core.model import ModelSpec
from lungviewer.services.map_slides import InSlide, MapRunOptions, SlideOutcome, map_slides
from lungviewer.services.slide_result import MapOptions
from lungviewer.services.slide_words import slide_lines


def run(options: argparse.Namespace) -> int:
    """Map, tell what came out, and where it lies."""
    if tell_missing(options.paths):
        return EXIT_USAGE
    with console_context(_describe, quiet=options.quiet, unit="tiles") as ctx:
        engine = engine_of(options)
        try:
            summary = map_slides(
                options.paths,
                engine,
                options.output,
                MapRunOptions(
                    map=MapOptions(options.um_per_px, options.overlap, options.tissue_threshold),
                    kinds=options.exports,
                    readers=options.readers or 2,
                    batch=options.batch,
                    fresh=options.fresh,
                    recursive=options.recursive,
                ),
                ctx,
            )
        finally:
            engine.close()
    tell_notes(engine)  # a GPU may have been lost on the way
    for outcome in summary.outcomes:
        _tell(outcome, engine.spec)
    failed = sum(outcome.failure is not None for outcome in summary.outcomes)
    done = f"{len(summary.outcomes) - failed} of {len(summary.outcomes)} slides mapped"
    out().print(
        f"{done}; {summary.ignored} other files are no slides of their own" if summary.ignored else done
    )
    if summary.not_entered:
        out().print(f"{summary.not_entered} sub-folders were not entered; --recursive does.")
    if summary.outcomes:
        out().print(f"Results: {options.output}")
    out().print(RESEARCH_USE)
    if summary.stopped:
        err().print(how_to_go_on(fresh=options.fresh))
        return EXIT_CANCELLED
    return EXIT_SOME_FAILED if failed else EXIT_OK


def _describe(value: object) -> str:
    if not isinstance(value, InSlide):
        return ""
    refused = value.so_far.summary.tiles_refused
    return f"slide {value.number} of {value.slides}: {value.name} · {refused} tiles refused"


def _tell(outcome: SlideOutcome, spec: ModelSpec) -> None:
    name = outcome.record.path
    if outcome.failure is not None:
        err().print(f"{name}: {outcome.failure.code}: {sentence_with_options(outcome.failure)}")
    if outcome.summary is not None:
        out().print(name)
        for line in slide_lines(outcome.summary, spec):
            out().print(f"  {line}")

"""`lungviewer report`."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import console_context, out
from lungviewer.cli.main import EXIT_OK, EXIT_USAGE
from lungviewer.cli.opening import tell_missing
from lungviewer.cli.parsers import RESEARCH_USE
from lungviewer.core.errors import UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import user_review_log
from lungviewer.services.agreement import agreement_sentences
from lungviewer.services.reporting import MOST_PICTURES, ReportOptions, make_report
from lungviewer.services.reviewing import export_reviewed_csv
from lungviewer.store.reviews import ReviewLog


def run(options: argparse.Namespace) -> int:
    """Write a report, or the table with reviews, and tell what it holds."""
    if tell_missing(filter(None, (options.table, options.images, options.overlays))):
        return EXIT_USAGE
    with console_context(lambda _: "", quiet=options.quiet) as ctx:
        lines = _reviewed(options, ctx) if options.output.suffix.lower() == ".csv" else _report(options, ctx)
    for line in (*lines, RESEARCH_USE):
        out().print(line)
    return EXIT_OK


def _report(options: argparse.Namespace, ctx: JobContext) -> list[str]:
    summary = make_report(
        options.table,
        options.output,
        ReportOptions(
            title=options.title,
            images=options.images,
            log=ReviewLog(user_review_log()) if options.images else None,
            overlays=options.overlays,
            pictures=MOST_PICTURES if options.pictures is None else options.pictures,
        ),
        ctx,
    )
    lines = [f"{summary.images} images, {summary.reviewed} reviewed, {summary.pictures} pictures."]
    if summary.series_reviewed:
        lines.append(f"CT series reviewed as a whole: {summary.series_reviewed}.")
    if summary.left_out:
        lines.append(f"{summary.left_out} rows of the table are left out; the CSV has them all.")
    if summary.missing:
        lines.append(_missing(summary.missing))
    return lines


def _reviewed(options: argparse.Namespace, ctx: JobContext) -> list[str]:
    if options.images is None:
        raise UsageError("Reviews are matched with the images.", hint="Name their folder with --images.")
    log = ReviewLog(user_review_log())
    reviewed = export_reviewed_csv(options.table, options.images, log, options.output, ctx)
    lines = list(agreement_sentences(reviewed.agreement)) or ["None of these images was reviewed."]
    if reviewed.missing:
        lines.append(_missing(reviewed.missing))
    return lines


def _missing(number: int) -> str:
    return f"{number} images are not in the folder, or of another size; their reviews are unknown."

"""`lungviewer scan`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from lungviewer.cli.console import console_context, err, how_to_go_on, out
from lungviewer.cli.main import EXIT_CANCELLED, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from lungviewer.cli.opening import engine_of, suited, tell_missing, tell_notes
from lungviewer.cli.parsers import RESEARCH_USE
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.services.find import find_images
from lungviewer.services.scan import ScanOptions, ScanProgress, ScanSummary, failed, scan_folder
from lungviewer.services.slide_scan import SlideAdvance


def run(options: argparse.Namespace) -> int:
    """Scan, tell what came out, and where it lies."""
    if tell_missing(options.paths):
        return EXIT_USAGE
    with console_context(_describe, quiet=options.quiet) as ctx:
        modality, hint = _suited(options, ctx)
        engine = engine_of(options, modality)
        try:
            summary = scan_folder(
                options.paths,
                engine,
                options.output,
                ScanOptions(
                    recursive=options.recursive,
                    workers=options.workers or min(4, os.cpu_count() or 2),
                    batch=options.batch,
                    um_per_px=options.um_per_px,
                    overlays=options.overlays,
                    fresh=options.fresh,
                ),
                ctx,
            )
        finally:
            engine.close()
    tell_notes(engine)  # a GPU may have been lost on the way
    _tell(summary, engine.spec)
    if hint:
        err().print(f"Note: {hint}")
    if summary.stopped:
        err().print(how_to_go_on(fresh=options.fresh))
        return EXIT_CANCELLED
    return EXIT_SOME_FAILED if failed(summary) else EXIT_OK


def _suited(options: argparse.Namespace, ctx: JobContext) -> tuple[str, str]:
    if options.pack is not None:  # then nothing has to be looked into
        return suited(options, ())
    found = find_images(options.paths, recursive=options.recursive, check=ctx.check)
    return suited(options, map(found.path, found.files), ctx.check)


def _describe(value: object) -> str:
    if isinstance(value, SlideAdvance):
        tiles = f"{value.done} of {value.wanted} tiles" if value.wanted else "looking for tissue"
        return f"Slide {value.number} of {value.slides}: {tiles}"
    return f"{_words(value.by_status)} · {_words(value.by_class)}" if isinstance(value, ScanProgress) else ""


def _tell(summary: ScanSummary, spec: ModelSpec) -> None:
    rate = summary.done / summary.seconds if summary.seconds > 0 else 0.0
    labels = {c.id: c.label for c in spec.classes}
    calls = {labels[k]: v for k, v in sorted(summary.by_class.items())}
    console = out()
    console.print(
        f"{summary.found} files: {summary.done} analysed at {rate:.1f} files/s, "
        f"{summary.kept} kept from before; {summary.ignored} other files are no images"
    )
    if not summary.found:
        console.print("No image was found there.")
    if summary.not_entered:
        console.print(f"{summary.not_entered} sub-folders were not entered; --recursive does.")
    console.print(f"Status: {_words(summary.by_status) or 'none'}")
    console.print(f"Calls:  {_words(calls) or 'none'}")
    console.print(RESEARCH_USE)


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))

"""`lungviewer samples`."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import out
from lungviewer.cli.main import EXIT_OK
from lungviewer.core.errors import UsageError
from lungviewer.services import samples


def run(options: argparse.Namespace) -> int:
    """Draw sample images, or one slide."""
    if options.slide is None:
        written = samples.write_samples(options.folder, count_per_kind=options.per_kind)
        out().print(f"{len(written)} synthetic images drawn. They show no patient.")
        return EXIT_OK
    width, height = _size(options.slide)
    options.folder.mkdir(parents=True, exist_ok=True)
    target = options.folder / f"synthetic_slide_{width}x{height}.tiff"
    samples.write_phantom_slide(target, width, height)
    out().print("1 synthetic slide drawn. It shows no patient.")
    return EXIT_OK


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UsageError(f"{text!r} is not a size.", hint="Write it like 20000x15000.")
    return int(width), int(height)

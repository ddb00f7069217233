"""`lungviewer samples`."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungviewer.cli.console import out
from lungviewer.cli.main import EXIT_OK
from lungviewer.core.errors import OutputUnwritable, UsageError
from lungviewer.services.phantom.ct_files import write_phantom_series
from lungviewer.services.phantom.slide import write_phantom_slide
from lungviewer.services.samples import write_sample_slide, write_samples


def run(options: argparse.Namespace) -> int:
    """Draw sample images and a small slide, or one slide of a given size, or a CT series."""
    if options.ct is not None:
        folder = _made(options.folder / f"synthetic_ct_{options.ct}")
        write_phantom_series(folder, options.ct, seed=options.seed)
        out().print(f"1 synthetic CT series of {options.ct} slices drawn. It shows no patient.")
        return EXIT_OK
    if options.slide is None:
        formats = ("jpeg", "png") if options.format == "both" else (options.format,)
        written = write_samples(
            options.folder, count_per_kind=options.per_kind, size=options.size, formats=formats
        )
        write_sample_slide(options.folder)
        out().print(f"{len(written)} synthetic images and a slide drawn. They show no patient.")
        return EXIT_OK
    width, height = _size(options.slide)
    target = _made(options.folder) / f"synthetic_slide_{width}x{height}.tiff"
    write_phantom_slide(target, width, height, seed=options.seed, compression="jpeg", save_truth=True)
    out().print("1 synthetic slide drawn, its regions beside it as JSON. It shows no patient.")
    return EXIT_OK


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"The folder could not be made ({error.strerror}).") from error
    return folder


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UsageError(f"{text!r} is not a size.", hint="Write it like 20000x15000.")
    return int(width), int(height)

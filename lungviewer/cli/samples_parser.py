"""What can be asked of `lungviewer samples`. Standard library only."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungviewer.cli.values import positive, slices


def add_samples(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command and its options."""
    samples = commands.add_parser(
        "samples",
        help="draw synthetic sample images, a slide, or a CT series",
        description="Draw synthetic images and a small slide, to try things out. They show no patient.",
    )
    samples.add_argument(
        "folder", type=Path, metavar="DIR", help="where to put them; made if it is not there"
    )
    samples.add_argument(
        "--per-kind", type=positive, default=2, metavar="N", help="images of each kind (default: 2)"
    )
    instead = samples.add_mutually_exclusive_group()
    instead.add_argument(
        "--slide", metavar="WxH", help="draw a pyramidal slide of this size instead, e.g. 20000x15000"
    )
    instead.add_argument(
        "--ct", type=slices, metavar="N", help="draw a chest CT series of so many slices (DICOM) instead"
    )
    samples.add_argument(
        "--size", type=positive, default=512, metavar="PX", help="side of the images (default: 512)"
    )
    samples.add_argument(
        "--format", choices=("jpeg", "png", "both"), default="jpeg", help="of the images (default: jpeg)"
    )
    samples.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another slide or series for another seed"
    )
    samples.set_defaults(command="samples_command:run")

"""Options that several commands share, and how to read them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.about import About, read_about
from training.errors import DataProblem
from training.progress import ConsoleProgress, JsonProgress

Progress = ConsoleProgress | JsonProgress

PACKAGED: bool = getattr(sys, "frozen", False)
PROGRAM = "lungviewer-training" if PACKAGED else "python -m training"
EPILOG = (
    "Research use only, not for diagnosis."
    if PACKAGED
    else 'Training needs TensorFlow: pip install ".[training]" in a checkout; a new head on a pack does not: '
    'pip install ".[adapt]". Research use only, not for diagnosis.'
)


def add_json_lines(parser: argparse.ArgumentParser) -> None:
    """How another program listens, and how it stops the command."""
    parser.add_argument("--json-lines", action="store_true", help="progress as JSON lines on standard output")
    parser.add_argument(
        "--stop-on-stdin",
        action="store_true",
        help="stop at a line 'cancel' on standard input, or when it ends",
    )


def add_classes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--classes", type=Path, help="classes.json, for folders that are not known")


def add_manifest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--manifest", type=Path, help="CSV path,label,group (default: manifest.csv in the data)"
    )


def natural(text: str) -> int:
    """The type of an option: a whole number from 0 on, such as a seed."""
    if not text.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """The type of an option: a whole number from 1 on."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def above_zero(text: str) -> float:
    """The type of an option: a number larger than 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number larger than 0")
    return value


def naturals(text: str) -> tuple[int, ...]:
    """The type of an option: such numbers with commas between them, each once."""
    return tuple(dict.fromkeys(natural(part) for part in text.split(",")))


def add_about(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--about", type=Path, help="about file: id, title, scale, data, limits, licence (JSON)"
    )
    parser.add_argument("--id", help="pack id")
    parser.add_argument("--title", help="pack title")
    parser.add_argument("--version", help="pack version, such as 1.0.0")
    parser.add_argument("--modality", choices=("histology", "ct"), help="what the images are")
    parser.add_argument(
        "--input-size",
        type=positive,
        help="side of the model's input in pixels; the field it covers stays as the about file has it",
    )
    parser.add_argument("--um-per-px", type=above_zero, help="µm per pixel at the model's input")


def about_of(options: argparse.Namespace) -> About:
    """What the about file says, overruled by options."""
    about, said = read_about(options.about) if options.about else About(), said_of(options)
    if "input_size" in said and "um_per_px" not in said:
        # Another number of pixels for the same piece of tissue is another scale.
        said["um_per_px"] = about.field_um / said["input_size"]
    return replace(about, **said)


def said_of(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of `About` that options give."""
    names = ("id", "title", "version", "modality", "input_size", "um_per_px")
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def named_folders(pairs: list[str], option: str = "--strange NAME=DIR") -> dict[str, Path]:
    """`NAME=PATH` options as a table; `option` is what was asked for, as in the help."""
    named = {}
    for pair in pairs:
        name, sign, folder = pair.partition("=")
        if not (name and sign and folder):
            asked, form = option.split()
            raise DataProblem(f"{asked} needs {form}.")
        named[name] = Path(folder)
    return named

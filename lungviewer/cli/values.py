"""What the values of options may be. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lungviewer.services.export_kinds import ExportKind


def positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return value


def slices(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 2 <= value <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of slices from 2 to 10,000")
    return value


def port(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return value


def scale(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.02 <= value <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a scale between 0.02 and 20 µm per pixel")
    return value


def share_up_to(most: float) -> Callable[[str], float]:
    def share(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {most:g}")
        return value

    return share


def kinds(text: str) -> tuple[ExportKind, ...]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    if not names or names - set(ExportKind):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(ExportKind)}")
    return tuple(kind for kind in ExportKind if kind in names)

"""Which slices belong together, and how they lie in the body. Pure arithmetic on what files state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.ct import CtSeries
from lungviewer.core.window import Window

Point = tuple[float, float, float]
"""Millimetres in the patient's frame: x to the left, y to the back, z to the head (DICOM PS3.3, C.7.6.2)."""


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """What one file states about its slices; None or empty: not stated. No field of a patient.

    `series` is a hash, the same for files of one series; `positions` has the upper left corner of every
    frame (one for a plain slice); `row`, `column`: unit vectors along a row to the right and along a column
    downwards; `spacing_mm`: between rows, between columns.
    """

    path: Path
    series: str
    width: int
    height: int
    frames: int = 1
    number: int | None = None
    instance: int | None = None
    positions: tuple[Point, ...] = ()
    row: Point | None = None
    column: Point | None = None
    spacing_mm: tuple[float, float] | None = None
    thickness_mm: float | None = None
    windows: tuple[Window, ...] = ()


def ordered(headers: Iterable[SliceHeader]) -> tuple[CtSeries, ...]:
    """Every series of some files, each in the order of its slices; gaps, doubles and odd slices become notes.

    Files of one series that differ in size, orientation or spacing become series of their own."""
    raise NotImplementedError

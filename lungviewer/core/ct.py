"""Computed tomography: Hounsfield units, windows, slices and series. No file format is known here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB, ImageSource
from lungviewer.core.window import Window

CT = "ct"
"""`ImageInfo.kind` and `ImageRecord.kind` of slices and series whose pixels are Hounsfield units."""

HU = npt.NDArray[np.int16]
"""H×W, int16, Hounsfield units rounded to whole ones; what a scanner did not measure is `AIR_HU`."""

AIR_HU = -1024
"""Nothing is thinner than air: what lies below (padding outside the scanner's circle) is taken as this."""


def window_table(window: Window, inverted: bool = False) -> npt.NDArray[np.uint8]:
    """Grey of every int16 value, 65,536 of them, from −32768 on; so that showing a slice is a look-up.

    The linear function of DICOM PS3.3, C.11.2.1.2.1: centre − 0.5 − (width − 1) / 2 and below are black.
    """
    values = np.maximum(np.arange(-32768, 32768, dtype=np.float64), AIR_HU)
    grey = ((values - (window.centre - 0.5)) / (window.width - 1) + 0.5) * 255
    table = np.rint(np.clip(grey, 0, 255)).astype(np.uint8)
    return 255 - table if inverted else table


def windowed(values: HU, table: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """H×W grey of H×W Hounsfield units, by a `window_table`."""
    return table[values.astype(np.int32) + 32768]


def as_rgb(grey: npt.NDArray[np.uint8]) -> RGB:
    """H×W×3 of H×W."""
    return np.repeat(grey[:, :, None], 3, axis=2)


@dataclass(frozen=True, slots=True)
class CtSlice:
    """Where one slice lies: frame `frame` (from 0) of a file, `position_mm` along the normal of the slices
    (None: not stated), `instance` as the file numbers it. `stated` is a hash of what its file said about it
    (`ct_order.stated`), by which another slice that lies there later is recognised; "": nobody looked."""

    path: Path
    frame: int = 0
    position_mm: float | None = None
    instance: int | None = None
    stated: str = ""


@dataclass(frozen=True, slots=True)
class CtSeries:
    """Slices that belong together, in the order in which they lie in the body, head to feet when positions
    are known (`ct_order.ordered` says more), else by instance number.

    `spacing_mm` is (between rows, between columns) or None; `step_mm` the usual distance of two slices, and
    `thickness_mm` what all of them state.
    `notes` are codes of what is odd (readers/ct_series.py), `identity` recognises the series wherever it
    lies (a hash, never a UID), `number` is the series number of the file. `windows` are what it suggests.
    `row`, `column`: unit vectors along a row to the right, along a column downwards, in the patient's frame
    (`ct_order.Point`); None when that is not stated.
    """

    slices: tuple[CtSlice, ...]
    width: int
    height: int
    spacing_mm: tuple[float, float] | None = None
    step_mm: float | None = None
    windows: tuple[Window, ...] = ()
    notes: tuple[str, ...] = ()
    identity: str = ""
    number: int | None = None
    row: tuple[float, float, float] | None = None
    column: tuple[float, float, float] | None = None
    thickness_mm: float | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of its slices, each once, in the order of the slices."""
        return tuple(dict.fromkeys(part.path for part in self.slices))


class CtSource(ImageSource, Protocol):
    """An open series (or one file, as a series of its frames). Frame i of `read` is slice i, shown through
    the first window that the file suggests, else the lung window."""

    @property
    def series(self) -> CtSeries: ...

    def values(self, frame: int) -> HU:
        """The Hounsfield units of one slice, as a copy that the caller owns.

        Raises:
            ImageError: this slice cannot be read; the others still can.
        """

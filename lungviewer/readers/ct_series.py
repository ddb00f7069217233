"""Files into CT series: from their headers, no pixel decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from lungviewer.core.ct import CtSeries, CtSlice
from lungviewer.core.ct_order import SliceHeader, ordered
from lungviewer.core.errors import ImageTooLarge
from lungviewer.readers.ct_header import read_slice_header

MOST_SLICES = 100_000
"""More than ten whole bodies: files can state frames that they do not have."""


def series_in(paths: Iterable[Path], check: Callable[[], None] = lambda: None) -> tuple[CtSeries, ...]:
    """The CT series that some files hold, whatever else is among them; about half a millisecond a file.

    What is no CT slice, or cannot be read, is passed over, and so are deflated files, whose headers cannot be
    read in bounded time: those are series of their own (`series_of`).

    Args:
        check: called before every file; may raise `Cancelled`.

    Raises:
        ImageTooLarge: the files state more slices than anybody can look at.
    """
    headers: list[SliceHeader] = []
    frames = 0
    for path in paths:
        check()
        header = read_slice_header(path)
        if header is None:
            continue
        frames += header.frames
        if frames > MOST_SLICES:
            raise ImageTooLarge(
                f"There are more than {MOST_SLICES:,} CT slices.", hint="Open a folder of fewer."
            )
        headers.append(header)
    check()
    return ordered(headers)


def series_of(path: Path) -> CtSeries:
    """The slices of one file. When its header cannot be read without its pixels, one slice of unknown size
    (0×0): opening it says more, or why it cannot be opened."""
    header = read_slice_header(path)
    if header is None:
        return CtSeries((CtSlice(path),), 0, 0)
    (series,) = ordered([header])
    return series

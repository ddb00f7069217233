"""Files into CT series: from their headers, no pixel decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from lungviewer.core.ct import CtSeries
from lungviewer.core.ct_order import SliceHeader, ordered
from lungviewer.core.errors import ImageError, ImageTooLarge
from lungviewer.readers.ct_header import read_slice_header
from lungviewer.readers.dicom_syntaxes import DEFLATED
from lungviewer.readers.files import read_head
from lungviewer.readers.sniff import HEAD_BYTES, sniff

if TYPE_CHECKING:
    from lungviewer.readers.isolated import IsolatedDecoder

MOST_SLICES = 100_000
"""More than ten whole bodies: files can state frames that they do not have."""


_BEGINNING = 1 << 20
_PIXELS = b"\xe0\x7f\x10\x00"
"""The tag of the pixels (7FE0,0010)."""


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """`left_out`: DICOM files that are no slices that can be read, and why."""

    series: tuple[CtSeries, ...]
    left_out: Mapping[Path, ImageError]


def series_in(
    paths: Iterable[Path], check: Callable[[], None] = lambda: None, decoder: IsolatedDecoder | None = None
) -> tuple[CtSeries, ...]:
    """The CT series that some files hold, whatever else is among them; about a quarter of a
    millisecond a file.

    What is no CT slice, or cannot be read, is passed over, and so are files whose headers cannot be read in
    bounded time (deflated ones), unless there is a `decoder` to ask, which takes some milliseconds for each.

    Args:
        check: called before every file; may raise `Cancelled`.

    Raises:
        ImageTooLarge: the files state more slices than anybody can look at.
        Cancelled: `decoder` was closed.
    """

    def ask(path: Path) -> SliceHeader | None:
        if decoder is None or not needs_decoder(path):
            return None
        try:
            return decoder.slices.describe(path).header
        except ImageError:
            return None

    return _found(paths, check, ask, lambda: None if decoder is None else decoder.lent.warm())


def needs_decoder(path: Path) -> bool:
    """Whether a file is DICOM whose beginning does not tell what it is: it is deflated, or its pixels do not
    begin within the first MiB."""
    try:
        head = read_head(path, _BEGINNING)
    except ImageError:
        return False
    if sniff(head) != "dicom":
        return False
    return DEFLATED.encode() in head[:HEAD_BYTES] or (len(head) == _BEGINNING and _PIXELS not in head)


def find_series(
    paths: Iterable[Path], decoder: IsolatedDecoder, check: Callable[[], None] = lambda: None
) -> FoundSeries:
    """`series_in` that leaves nothing aside: what cannot be told from a file's beginning, its decoder says.

    Raises:
        ImageTooLarge: as `series_in`.
        Cancelled: `decoder` was closed, or `check` raised it.
    """
    left_out: dict[Path, ImageError] = {}

    def ask(path: Path) -> SliceHeader | None:
        try:
            return decoder.slices.describe(path).header if sniff(read_head(path)) == "dicom" else None
        except ImageError as error:
            left_out[path] = error
            return None

    return FoundSeries(_found(paths, check, ask, decoder.slices.pool.warm), MappingProxyType(left_out))


def _found(
    paths: Iterable[Path],
    check: Callable[[], None],
    otherwise: Callable[[Path], SliceHeader | None],
    unpacking_ahead: Callable[[], object],
) -> tuple[CtSeries, ...]:
    """`unpacking_ahead` is called once, when it is known that pixels will have to be unpacked: that the
    processes which do it start takes longer than listing the rest."""
    headers: list[SliceHeader] = []
    frames, packed = 0, False
    for path in paths:
        check()
        header = read_slice_header(path) or otherwise(path)
        if header is None:
            continue
        if header.packed and not packed:
            packed = True
            unpacking_ahead()
        frames += header.frames
        if frames > MOST_SLICES:
            raise ImageTooLarge(
                f"There are more than {MOST_SLICES:,} CT slices.", hint="Open a folder of fewer."
            )
        headers.append(header)
    check()
    return ordered(headers)

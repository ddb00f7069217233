"""The image table: one row per file, as a spreadsheet or a statistics program reads it.

UTF-8 with a byte order mark (without it Excel guesses), RFC 4180: comma, CRLF, quotes where needed.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from lungviewer.core.errors import OutputError
from lungviewer.core.paths import atomic_write
from lungviewer.core.types import ImageRecord, Status
from lungviewer.exporters.cells import integer_cell, number_cell, restored, text_cell

TIME_COLUMNS = ("seconds", "analysed_at")
"""The only columns that may differ between two runs over the same files."""

_BOM = b"\xef\xbb\xbf"
_PROBABILITIES = "probabilities"
_PREFIX = "p_"
_DECIMALS = {
    "um_per_px": 6,
    "confidence": 6,
    "trust_score": 4,
    "tissue_mm2": 6,
    "tumour_share": 6,
    "seconds": 3,
}
_INTEGERS = frozenset({"width_px", "height_px", "tiles", "tiles_refused", "top_x", "top_y"})

# The order of the table is a promise to other programs, so it is written out; a test holds it
# against the fields of ImageRecord.
_BEFORE = (
    "path",
    "kind",
    "width_px",
    "height_px",
    "um_per_px",
    "status",
    "reason",
    "predicted_class",
    "confidence",
)
_AFTER = (
    "trust_score",
    "tissue_mm2",
    "tumour_share",
    "tiles",
    "tiles_refused",
    "top_x",
    "top_y",
    "review_class",
    "reviewer",
    "reviewed_at",
    "comment",
    "model",
    "model_version",
    "model_sha256",
    "backend",
    "device",
    "seconds",
    "analysed_at",
    "error",
)


class RowWriter(Protocol):
    """A `csv.writer`."""

    def writerow(self, row: Iterable[str], /) -> object: ...


def table_writer(stream: IO[bytes]) -> RowWriter:
    """Begins a table that Excel takes for what it is, and writes its rows."""
    stream.write(_BOM)
    return csv.writer(_Encoder(stream), dialect="excel", lineterminator="\r\n")


def begins_like(path: Path, first_columns: Sequence[str]) -> bool:
    """Whether a file begins like a table of a `table_writer` with these columns (an empty file does too)."""
    wanted = _BOM + ",".join(first_columns).encode()
    try:
        with path.open("rb") as stream:
            head = stream.read(len(wanted))
    except OSError:
        return False
    return not head or head == wanted


def columns(class_ids: Sequence[str]) -> list[str]:
    """The header: fixed columns with one `p_<class>` per class, in the pack's order, among them."""
    return [*_BEFORE, *(_PREFIX + text_cell(class_id) for class_id in class_ids), *_AFTER]


def write_image_csv(target: Path, records: Iterable[ImageRecord], class_ids: Sequence[str]) -> int:
    """Write the table so that `target` is either the old file or the whole new one.

    `records` is walked once and not kept. Probabilities of classes that a record does not have are empty
    cells; those of classes not in `class_ids` are not written.

    Returns:
        The number of rows, without the header.

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, or the target locked. What else
            `records` raises passes through; in both cases nothing is left behind.
    """
    count = 0
    with atomic_write(target) as stream:
        writer = table_writer(stream)
        writer.writerow(columns(class_ids))
        for record in records:
            writer.writerow(_row(record, class_ids))
            count += 1
    return count


def is_image_csv(path: Path) -> bool:
    """Whether a file begins like a table written by `write_image_csv` (an empty file does too)."""
    return begins_like(path, _BEFORE[:4])


def has_entries(path: Path) -> bool:
    """Whether somebody has written into the review columns of a table.

    Raises:
        OutputError: the file is not a table of ours, or not any more.
    """
    entered = ("review_class", "reviewer", "reviewed_at", "comment")
    return any(row[name] for row in read_image_csv(path) for name in entered)


def read_image_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a table written by `write_image_csv`, as text, without the apostrophes it added.

    Raises:
        OutputError: the file is not such a table: no byte order mark, another header, or a row of
            another length.
    """
    with path.open("rb") as raw:
        if raw.read(len(_BOM)) != _BOM:
            raise OutputError("This is not a table written by lungviewer.")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream, strict=True))
    header = rows[0] if rows else []
    middle = header[len(_BEFORE) : len(header) - len(_AFTER)]
    classes = [name.removeprefix(_PREFIX) for name in middle if name.startswith(_PREFIX)]
    if header != [*_BEFORE, *(_PREFIX + name for name in classes), *_AFTER]:
        raise OutputError("The table has other columns than this version writes.")
    if any(len(row) != len(header) for row in rows):
        raise OutputError("A row of the table is longer or shorter than its header.")
    return [
        {name: cell if _is_number(name) else restored(cell) for name, cell in zip(header, row, strict=True)}
        for row in rows[1:]
    ]


def read_records(path: Path) -> tuple[list[ImageRecord], tuple[str, ...]]:
    """The rows of a table written by `write_image_csv` as records, and its classes in order. Writing them
    again gives the same bytes.

    Raises:
        OutputError: as `read_image_csv`, the file cannot be read, or a cell holds no number or status where
            one belongs.
    """
    try:
        rows = read_image_csv(path)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream))
        class_ids = tuple(name.removeprefix(_PREFIX) for name in header if name.startswith(_PREFIX))
        return [_record(row) for row in rows], class_ids
    except (ValueError, csv.Error) as error:
        raise OutputError("A cell of the table does not hold what its column says.") from error
    except OSError as error:
        raise OutputError(f"The table could not be read ({error.strerror}).") from error


class _Encoder:
    """What csv.writer writes to: encodes each row at once. A TextIOWrapper would close the stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(text.encode("utf-8"))


def _row(record: ImageRecord, class_ids: Sequence[str]) -> list[str]:
    chances = (number_cell(record.probabilities.get(class_id), 6) for class_id in class_ids)
    return [
        *(_CELLS[name](getattr(record, name)) for name in _BEFORE),
        *chances,
        *(_CELLS[name](getattr(record, name)) for name in _AFTER),
    ]


def _record(row: Mapping[str, str]) -> ImageRecord:
    values: dict[str, Any] = {
        name: _value(name, cell) for name, cell in row.items() if not name.startswith(_PREFIX)
    }
    chances = {
        name.removeprefix(_PREFIX): float(cell)
        for name, cell in row.items()
        if name.startswith(_PREFIX) and cell
    }
    return ImageRecord(**{**values, "status": Status(values["status"]), _PROBABILITIES: chances})


def _value(column: str, cell: str) -> str | int | float | None:
    if not _is_number(column):
        return cell
    if not cell:
        return None
    return int(cell) if column in _INTEGERS else float(cell)


def _is_number(column: str) -> bool:
    return column in _DECIMALS or column in _INTEGERS or column.startswith(_PREFIX)


def _cell_of(column: str) -> Callable[..., str]:
    if column in _DECIMALS:
        decimals = _DECIMALS[column]
        return lambda value: number_cell(value, decimals)
    return integer_cell if column in _INTEGERS else text_cell


_CELLS: dict[str, Callable[..., str]] = {
    field.name: _cell_of(field.name)
    for field in dataclasses.fields(ImageRecord)
    if field.name != _PROBABILITIES
}

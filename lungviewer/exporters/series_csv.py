"""The table of CT slices: a row per slice, in the order in which they lie, and a row per file that is none.
No UID, nothing of a patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.paths import atomic_write
from lungviewer.core.types import Prediction, Provenance, Status
from lungviewer.exporters.cells import integer_cell, number_cell, text_cell
from lungviewer.exporters.csv_table import begins_like, table_writer

_PLACE = ("series", "slice", "path", "frame", "position_mm", "instance")
_ANSWER = ("status", "reason", "predicted_class", "confidence")
_PREFIX = "p_"
_AFTER = ("trust_score", "model", "model_version", "model_sha256", "backend", "device", "error")


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice: `series` and `slice` count from 1, head to feet; `path` is relative to what was looked at,
    `frame` counts from 0. `prediction` is None for one that was not judged: `code` and `error`, a sentence,
    say why."""

    series: int | None
    slice: int | None
    path: str
    frame: int | None
    position_mm: float | None
    instance: int | None
    prediction: Prediction | None
    code: str = ""
    error: str = ""

    @classmethod
    def of_file(cls, path: str, code: str, error: str) -> SliceRow:
        """The row of a file that is no slice, or cannot be read."""
        return cls(None, None, path, None, None, None, None, code, error)


def write_series_csv(
    target: Path, rows: Iterable[SliceRow], class_ids: Sequence[str], provenance: Provenance
) -> int:
    """Write the table so that `target` is either the old file or the whole new one. Refused slices keep their
    probabilities and have no class.

    Returns:
        The number of rows, without the header.

    Raises:
        OutputUnwritable: see `atomic_write`.
    """
    count = 0
    with atomic_write(target) as stream:
        writer = table_writer(stream)
        writer.writerow([*_PLACE, *_ANSWER, *(_PREFIX + text_cell(c) for c in class_ids), *_AFTER])
        for row in rows:
            writer.writerow(_cells(row, class_ids, provenance))
            count += 1
    return count


def is_series_csv(path: Path) -> bool:
    """Whether a file begins like a table written by `write_series_csv` (an empty file does too)."""
    return begins_like(path, _PLACE)


def _cells(row: SliceRow, class_ids: Sequence[str], made_by: Provenance) -> list[str]:
    answer = row.prediction or Prediction(Status.ERROR, (row.code,), {}, None, None, None)
    return [
        integer_cell(row.series),
        integer_cell(row.slice),
        text_cell(row.path),
        integer_cell(row.frame),
        number_cell(row.position_mm, 3),
        integer_cell(row.instance),
        answer.status.value,
        text_cell("; ".join(answer.reasons)),
        text_cell(answer.predicted or ""),
        number_cell(answer.confidence, 6),
        *(number_cell(answer.probabilities.get(class_id), 6) for class_id in class_ids),
        number_cell(answer.trust_score, 4),
        *map(text_cell, (made_by.model, made_by.model_version, made_by.model_sha256)),
        *map(text_cell, (made_by.backend, made_by.device, row.error)),
    ]

"""Which columns the tables of a scan have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor

from lungviewer.core.model import ModelSpec
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.ui.batch.table import Column
from lungviewer.ui.telling import hidden_words, told
from lungviewer.ui.words import badge, class_label, percent, reason_codes, reason_word, status_word

_GAP = "\u2002"
"""Keeps numbers on the right side of their column off the next one."""

CALL_COLUMNS = (1, 2)
"""Those of `result_columns` that tell what the model says."""

_ORDER = {status: place for place, status in enumerate(Status)}


def _tr(text: str) -> str:
    return QCoreApplication.translate("batch", text)


def result_columns(
    spec: Callable[[], ModelSpec | None], hidden: Callable[[], bool] = lambda: False
) -> tuple[Column, ...]:
    """One line for every file. `spec`: the pack that scans, for its classes' names and colours; `hidden`:
    whether calls are kept from a blinded reviewer, also from those who sort."""

    def colour(record: ImageRecord) -> QColor | None:
        pack = spec()
        known = pack is not None and record.predicted_class in pack.class_ids
        return QColor(pack.class_by_id(record.predicted_class).colour) if known else None

    def of_told(read: Callable[[ImageRecord], Any], otherwise: object) -> Callable[[ImageRecord], Any]:
        def read_told(record: ImageRecord) -> object:
            said = told(record, hidden())
            return otherwise if said is None else read(said)

        return read_told

    return (
        Column(_tr("File"), file_text, lambda r: r.path, 38),
        Column(
            _tr("Call"),
            of_told(lambda r: _call(r, spec()), ""),
            of_told(lambda r: r.predicted_class, ""),
            32,
            colour=of_told(colour, None),
        ),
        Column(
            _tr("Confidence") + _GAP,
            of_told(lambda r: "" if r.confidence is None else percent(r.confidence) + _GAP, ""),
            of_told(lambda r: -1.0 if r.confidence is None else r.confidence, -1.0),
            15,
            right=True,
        ),
        Column(
            _tr("Status"),
            of_told(lambda r: status_word(r.status), hidden_words()),
            of_told(lambda r: _ORDER[r.status], -1),
            17,
        ),
        Column(
            _tr("Reason"),
            of_told(lambda r: ", ".join(reason_word(code) for code in reason_codes(r)), ""),
            of_told(lambda r: r.reason, ""),
            24,
        ),
    )


def _call(record: ImageRecord, spec: ModelSpec | None) -> str:
    """The class; of a slide with the share of tumour, as it has no confidence."""
    if not record.predicted_class:
        return "–"
    return badge(record, spec) if record.kind == SLIDE else class_label(record.predicted_class, spec)


def problem_columns() -> tuple[Column, ...]:
    """One line for every file that could not be read, with what to do."""
    return (
        Column(_tr("File"), file_text, lambda r: r.path, 40),
        Column(_tr("What happened, and what to do"), lambda r: r.error, lambda r: r.error, 40),
    )


def file_text(record: ImageRecord) -> str:
    """The path on one line, whatever its name holds."""
    return " ".join(record.path.split())

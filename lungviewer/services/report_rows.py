"""Rows of a table in the words of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord
from lungviewer.exporters.report import BINS, Count, ReportRow
from lungviewer.services.report_models import Vocabulary
from lungviewer.store.review_entry import OTHER


def class_counts(
    records: Sequence[ImageRecord], class_ids: Sequence[str], words: Vocabulary
) -> tuple[Count, ...]:
    """How many images are called what; the pack's classes first, those that nothing is called too."""
    calls = Counter(record.predicted_class for record in records if record.predicted_class)
    names = dict.fromkeys((*class_ids, *sorted(calls)))
    return tuple(Count(words.label(name), calls[name], words.colour(name)) for name in names)


def confidence_bins(records: Iterable[ImageRecord]) -> tuple[int, ...]:
    """How many calls lie in each tenth of confidence."""
    counts = [0] * BINS
    for record in records:
        if record.predicted_class and record.confidence is not None:
            counts[min(BINS - 1, max(0, int(record.confidence * BINS)))] += 1
    return tuple(counts)


def report_row(record: ImageRecord, words: Vocabulary) -> ReportRow:
    """One line of the report's table."""
    return ReportRow(
        name=record.path,
        call=words.label(record.predicted_class),
        confidence=record.confidence if record.predicted_class else None,
        status=record.status,
        reasons=reason_text(record),
        review=_review(record, words),
    )


def reason_text(record: ImageRecord) -> str:
    """The reasons of a row in a few words."""
    return ", ".join(code.replace("_", " ") for code in _codes(record))


def reason_meanings(records: Iterable[ImageRecord]) -> tuple[tuple[str, str], ...]:
    """What the reasons of a table mean; those of files that cannot be read stand with each file."""
    codes = sorted({code for record in records for code in _codes(record)} & REASON_SENTENCES.keys())
    return tuple((code.replace("_", " "), REASON_SENTENCES[code]) for code in codes)


def _review(record: ImageRecord, words: Vocabulary) -> str:
    parts = []
    if record.review_class:
        label = "Other, or unsure" if record.review_class == OTHER else words.label(record.review_class)
        called = record.predicted_class
        parts.append(f"{label} ({'as called' if called == record.review_class else 'not as called'})")
    if record.reviewer:
        parts.append(", ".join(filter(None, (record.reviewer, record.reviewed_at[:10]))))
    if record.comment:
        parts.append(f"“{record.comment}”")
    return " – ".join(parts)


def _codes(record: ImageRecord) -> list[str]:
    return [code for code in record.reason.split("; ") if code]

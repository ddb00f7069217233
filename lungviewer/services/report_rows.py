"""Rows of a table in the words of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lungviewer.core.slide_summary import rule_of, tells_share
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import SLIDE, ImageRecord
from lungviewer.exporters.report import BINS, Count, ReportRow
from lungviewer.services.report_models import Vocabulary
from lungviewer.store.review_entry import OTHER

READING = (
    "The confidence of a call is the model's calibrated probability for that class among the classes it "
    "knows. It is not the probability that a patient has a disease.",
    "It was calibrated on images like those the model was trained on; on slides of other laboratories it is "
    "often too high. Where an image was read as several fields it is their mean, which nobody has validated.",
    "“Needs review”: a call with a stated doubt. “Refused”: no call was made, and the image counts for no "
    "class. “Cannot be read”: there is no answer.",
)

_SLIDES = (
    "Whole slides have no confidence: none was ever measured for them. Below their call stand the share of "
    "the analysed tissue that was called tumour, and the area of all tissue that was found.",
    REASON_SENTENCES["slide_not_validated"],
)


def reading_help(
    records: Iterable[ImageRecord], class_ids: Iterable[str], words: Vocabulary
) -> tuple[str, ...]:
    """How to read what a table says, and of slides by which rule they are called."""
    if not any(record.kind == SLIDE for record in records):
        return READING
    known = [words.classes[class_id] for class_id in class_ids if class_id in words.classes]
    return (*READING, *_SLIDES, *((rule_of(known),) if known else ()))


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
        measured=measured(record),
    )


def measured(record: ImageRecord) -> str:
    """What was found on a slide, for which there is no confidence; "" for images."""
    if record.kind != SLIDE:
        return ""
    parts = []
    if tells_share(record):
        parts.append(f"tumour {(record.tumour_share or 0.0) * 100:.1f} %")
    if record.tissue_mm2 is not None:
        parts.append(f"{record.tissue_mm2:.1f} mm² tissue")
    return ", ".join(parts)


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
        told = "no call" if not called else "as called" if called == record.review_class else "not as called"
        parts.append(f"{label} ({told})")
    if record.reviewer:
        parts.append(", ".join(filter(None, (record.reviewer, record.reviewed_at[:10]))))
    if record.comment:
        parts.append(f"“{record.comment}”")
    return " – ".join(parts)


def _codes(record: ImageRecord) -> list[str]:
    return [code for code in record.reason.split("; ") if code]

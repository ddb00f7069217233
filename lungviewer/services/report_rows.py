"""Rows of a table in the words of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lungviewer.core.slide_summary import rule_of, tells_share
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import SLIDE, ImageRecord
from lungviewer.exporters.report import BINS, Count, ReportRow
from lungviewer.services.agreement import decision
from lungviewer.services.report_models import Vocabulary
from lungviewer.store.review_entry import OTHER, ReviewEntry

READING = (
    "The confidence of a call is the model's calibrated probability for that class among the classes it "
    "knows. It is not the probability that a patient has a disease.",
    "It was calibrated on images like those the model was trained on; on slides of other laboratories, and "
    "on CT of other hospitals, it is often too high. Where an image was read as several fields it is their "
    "mean, which nobody has validated.",
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


def report_row(record: ImageRecord, words: Vocabulary, of_series: Sequence[ReviewEntry] = ()) -> ReportRow:
    """One line of the report's table. `of_series`: what people decided about the series of a slice."""
    return ReportRow(
        name=record.path,
        call=words.label(record.predicted_class),
        confidence=record.confidence if record.predicted_class else None,
        status=record.status,
        reasons=reason_text(record),
        review=_review(record, words) or _review_of_series(of_series, words),
        measured=measured(record),
    )


def is_reviewed(record: ImageRecord) -> bool:
    """Whether a person has said something about the image of a row itself."""
    return bool(record.review_class or record.reviewer or record.comment)


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
    called = record.predicted_class
    told = "no call" if not called else "as called" if called == record.review_class else "not as called"
    decided = f"{_chosen(record.review_class, words)} ({told})" if record.review_class else ""
    return _in_words(decided, record.reviewer, record.reviewed_at, record.comment)


def _review_of_series(history: Sequence[ReviewEntry], words: Vocabulary) -> str:
    if not history:
        return ""
    last = decision(history)
    comment = next((entry.comment for entry in reversed(history) if entry.comment), "")
    decided = "whole series" if last is None else f"whole series: {_chosen(last.chosen, words)}"
    by = last or history[-1]
    return _in_words(decided, by.reviewer, by.time, comment)


def _chosen(class_id: str, words: Vocabulary) -> str:
    return "Other, or unsure" if class_id == OTHER else words.label(class_id)


def _in_words(decided: str, reviewer: str, time: str, comment: str) -> str:
    by = ", ".join(filter(None, (reviewer, time[:10]))) if reviewer else ""
    return " – ".join(filter(None, (decided, by, f"“{comment}”" if comment else "")))


def _codes(record: ImageRecord) -> list[str]:
    return [code for code in record.reason.split("; ") if code]

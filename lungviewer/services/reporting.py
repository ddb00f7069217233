"""A report from a scan's table: the same for the window and the command line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import lungviewer
from lungviewer.core import registry
from lungviewer.core.errors import ImageError, OutputError, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import is_one_of
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord, Status
from lungviewer.exporters.csv_table import read_records
from lungviewer.exporters.report import BINS, STATUS_WORDS, Count, Picture, ReportContent, ReportRow, percent
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.agreement import agreement_sentences
from lungviewer.services.classify import classify_file
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.overlay import overlay_path, write_overlay
from lungviewer.services.report_models import Vocabulary, vocabulary
from lungviewer.services.reviewing import Reviewed, image_places, reviewed_records
from lungviewer.store.review_entry import OTHER
from lungviewer.store.reviews import ReviewLog

MOST_PICTURES = 24

READING = (
    "The confidence of a call is the model's calibrated probability for that class among the classes it "
    "knows. It is not the probability that a patient has a disease.",
    "It was calibrated on images like those the model was trained on; on slides of other laboratories it is "
    "often too high. Where an image was read as several fields it is their mean, which nobody has validated.",
    "“Needs review”: a call with a stated doubt. “Refused”: no call was made, and the image counts for no "
    "class. “Cannot be read”: there is no answer.",
)

_FORMS = {".html": "html", ".htm": "html", ".pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What goes into a report.

    `images`: the folder that was scanned; with it, reviews are taken from `log`, matched by content.
    Without, those in the table's own columns are printed. `overlays`: the folder with the pictures that
    the scan drew. `pictures`: how many of them at most; `chosen`: paths of the rows to show, None for those
    that need review.
    """

    title: str = ""
    images: Path | None = None
    log: ReviewLog | None = None
    overlays: Path | None = None
    pictures: int = MOST_PICTURES
    chosen: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What a report holds. `missing` rows have no file below the folder of the images; None: not asked."""

    images: int
    left_out: int
    pictures: int
    reviewed: int
    missing: int | None


def make_report(table: Path, target: Path, options: ReportOptions, ctx: JobContext) -> ReportSummary:
    """Write the report of a scan's table as HTML or PDF, by the target's suffix.

    Raises:
        UsageError: another suffix, or the target is the table, an image, or a file that is no report.
        OutputError: the table cannot be read, the review log is damaged, or the target cannot be written.
        Cancelled: `ctx` asked to stop.
    """
    form = _FORMS.get(target.suffix.lower())
    if form is None:
        raise UsageError("A report is .html or .pdf.", hint="Give its name one of these endings.")
    records, class_ids = read_records(table)
    _check_target(target, form, [table, *_files_of(records, options.images)])
    reviewed = None
    if options.images is not None and options.log is not None:
        reviewed = reviewed_records(records, options.images, options.log, ctx)
    content = _content(table, records, class_ids, reviewed, options, ctx)
    write: Callable[..., int] = registry.load(f"lungviewer.exporters.report_{form}:write_report_{form}")
    left_out = write(target, content, ctx.check)
    ctx.progress(len(records), len(records))
    return ReportSummary(
        images=len(records),
        left_out=left_out,
        pictures=len(content.pictures),
        reviewed=sum(bool(row.review) for row in content.rows),
        missing=None if reviewed is None else reviewed.missing,
    )


def rows_to_picture(records: Sequence[ImageRecord], options: ReportOptions) -> list[ImageRecord]:
    """The rows whose pictures a report shows: chosen ones, or those that need review before refused ones."""
    if options.chosen is not None:
        wanted = set(options.chosen)
        rows = [record for record in records if record.path in wanted]
    else:
        rows = [r for status in (Status.REVIEW, Status.REFUSED) for r in records if r.status is status]
    return rows[: options.pictures]


def draw_pictures(
    table: Path, images: Path, engine: InferenceEngine, folder: Path, options: ReportOptions, ctx: JobContext
) -> ReportOptions:
    """Draw the overlays that a report will show, when the scan drew none.

    Args:
        images: the folder that was scanned.
        folder: where to put them; the options that come back name it.

    Raises:
        UsageError: the engine's model is not the one that made the table.
        OutputError: the table cannot be read, or a picture not be written.
        Cancelled: `ctx` asked to stop.
    """
    records, _ = read_records(table)
    wanted = rows_to_picture(records, options)
    if any(record.model_sha256 != engine.provenance.model_sha256 for record in wanted):
        raise UsageError(
            "The table was made with another model than the one in use, so its pictures cannot be drawn.",
            hint="Choose that model first, or make the report without pictures.",
        )
    places = image_places(images, ctx)
    with IsolatedDecoder() as decoder:
        for number, record in enumerate(wanted):
            ctx.check()
            ctx.progress(number, len(wanted))
            place = places.get(record.path)
            if place is None:
                continue
            try:
                scale = record.um_per_px
                result = classify_file(place, engine, um_per_px=scale, isolated=decoder, ctx=ctx)
            except ImageError:
                continue  # the file has changed since; the report says that a picture is missing
            write_overlay(_picture_path(folder, record.path, places), result, engine)
    return replace(options, overlays=folder)


# --- inside ------------------------------------------------------------------------------------------


def _files_of(records: Iterable[ImageRecord], images: Path | None) -> list[Path]:
    return [] if images is None else [images / record.path for record in records]


def _check_target(target: Path, form: str, inputs: Iterable[Path]) -> None:
    if is_one_of(target, inputs):
        raise UsageError("That would replace the table or an image.", hint="Choose another name.")
    is_ours: Callable[[Path], bool] = registry.load(f"lungviewer.exporters.report_{form}:is_report_{form}")
    try:
        foreign = target.is_file() and target.stat().st_size > 0 and not is_ours(target)
    except OSError as error:
        raise OutputError(f"The old report could not be looked at ({error.strerror}).") from error
    if foreign:
        raise UsageError("A file of that name exists, and it is no report.", hint="Choose another name.")


def _content(
    table: Path,
    records: Sequence[ImageRecord],
    class_ids: Sequence[str],
    reviewed: Reviewed | None,
    options: ReportOptions,
    ctx: JobContext,
) -> ReportContent:
    words = vocabulary(records)
    shown = records if reviewed is None else reviewed.records
    pictures, note = _pictures(shown, words, options, ctx)
    return ReportContent(
        title=options.title or "Report of a scan",
        facts=_facts(table, records, reviewed, options),
        statuses=tuple(
            Count(word, sum(r.status is status for r in records)) for status, word in STATUS_WORDS.items()
        ),
        classes=_classes(records, class_ids, words),
        histogram=_histogram(records),
        models=words.models,
        reading=READING,
        reviewing=_reviewing(reviewed),
        pictures=pictures,
        pictures_note=note,
        rows=tuple(_row(record, words) for record in shown),
        reasons=_meanings(records),
        errors=tuple((r.path, r.error or _reasons(r)) for r in records if r.status is Status.ERROR),
    )


def _facts(
    table: Path, records: Sequence[ImageRecord], reviewed: Reviewed | None, options: ReportOptions
) -> tuple[tuple[str, str], ...]:
    times = sorted(record.analysed_at for record in records if record.analysed_at)
    devices = sorted({f"{r.backend} on {r.device}" for r in records if r.backend})
    facts = [
        ("Folder", options.images.absolute().name if options.images else ""),
        ("Table", table.name),
        ("Images", str(len(records))),
        (
            "Analysed",
            "" if not times else times[0] if times[0] == times[-1] else f"{times[0]} to {times[-1]}",
        ),
        ("Computed by", ", ".join(devices)),
        ("Report made", datetime.now(UTC).isoformat(timespec="seconds")),
        ("Program", f"lungviewer {lungviewer.__version__}"),
    ]
    if reviewed is not None and reviewed.head[0]:
        facts.append(("Review log", f"{reviewed.head[0]} entries; the last one's hash is {reviewed.head[1]}"))
    return tuple((what, value) for what, value in facts if value)


def _classes(
    records: Sequence[ImageRecord], class_ids: Sequence[str], words: Vocabulary
) -> tuple[Count, ...]:
    calls = Counter(record.predicted_class for record in records if record.predicted_class)
    names = dict.fromkeys((*class_ids, *sorted(calls)))
    return tuple(Count(words.label(name), calls[name], words.colour(name)) for name in names)


def _histogram(records: Iterable[ImageRecord]) -> tuple[int, ...]:
    counts = [0] * BINS
    for record in records:
        if record.predicted_class and record.confidence is not None:
            counts[min(BINS - 1, max(0, int(record.confidence * BINS)))] += 1
    return tuple(counts)


def _reviewing(reviewed: Reviewed | None) -> tuple[str, ...]:
    if reviewed is None:
        return ()
    lines = list(agreement_sentences(reviewed.agreement)) or ["None of these images was reviewed."]
    if reviewed.missing:
        lines.append(
            f"{reviewed.missing} of {len(reviewed.records)} images were not found in the folder, so nobody "
            "can say whether they were reviewed."
        )
    return tuple(lines)


def _row(record: ImageRecord, words: Vocabulary) -> ReportRow:
    return ReportRow(
        name=record.path,
        call=words.label(record.predicted_class),
        confidence=record.confidence if record.predicted_class else None,
        status=record.status,
        reasons=_reasons(record),
        review=_review(record, words),
    )


def _codes(record: ImageRecord) -> list[str]:
    return [code for code in record.reason.split("; ") if code]


def _reasons(record: ImageRecord) -> str:
    return ", ".join(code.replace("_", " ") for code in _codes(record))


def _meanings(records: Iterable[ImageRecord]) -> tuple[tuple[str, str], ...]:
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


def _pictures(
    records: Sequence[ImageRecord], words: Vocabulary, options: ReportOptions, ctx: JobContext
) -> tuple[tuple[Picture, ...], str]:
    if options.overlays is None:
        return (), ""
    from lungviewer.exporters.report_pictures import small_picture

    places = {} if options.images is None else image_places(options.images, ctx)
    wanted, found = rows_to_picture(records, options), []
    for number, record in enumerate(wanted):
        ctx.check()
        ctx.progress(number, len(wanted))
        sure = "" if record.confidence is None else percent(record.confidence)
        call = f"{words.label(record.predicted_class)} {sure}".strip()
        caption = ". ".join(filter(None, (call, STATUS_WORDS[record.status], _reasons(record))))
        path = _picture_path(options.overlays, record.path, places)
        picture = small_picture(path, record.path, caption)
        if picture is not None:
            found.append(picture)
    which = "chosen" if options.chosen is not None else "that need review or were refused"
    note = f"Heat maps of {len(found)} of the images {which}; at most {options.pictures} are shown."
    if len(found) < len(wanted):
        note += f" {len(wanted) - len(found)} have no picture in the folder of overlays."
    return tuple(found), note if wanted else "No image needs review."


def _picture_path(folder: Path, name: str, places: dict[str, Path]) -> Path:
    """Where a scan put the overlay of a row. Its true name is known only where the images are at hand."""
    place = places.get(name)
    if place is None:
        return overlay_path(folder, os.fsencode(name))
    depth = name.count("/") + 1
    return overlay_path(folder, b"/".join(map(os.fsencode, place.parts[-depth:])))

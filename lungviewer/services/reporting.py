"""A report from a scan's table: the same for the window and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import lungviewer
from lungviewer.core import registry
from lungviewer.core.errors import ImageError, OutputError, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import is_one_of
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.exporters.csv_table import read_records
from lungviewer.exporters.report import STATUS_WORDS, Count, Picture, ReportContent, percent
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.agreement import agreement_sentences
from lungviewer.services.classify import ImageResult, classify_file
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.overlay import overlay_path, write_overlay
from lungviewer.services.report_models import Vocabulary, vocabulary
from lungviewer.services.report_rows import (
    class_counts,
    confidence_bins,
    is_reviewed,
    measured,
    reading_help,
    reason_meanings,
    reason_text,
    report_row,
)
from lungviewer.services.report_series import SeriesReviews, series_reviews
from lungviewer.services.reviewing import Reviewed, image_info, image_places, reviewed_records
from lungviewer.services.rows import same_answer, same_scale, same_size
from lungviewer.services.slide_map import look_at_slide
from lungviewer.services.slide_result import MapOptions, as_image_result
from lungviewer.services.slide_scan import slide_picture
from lungviewer.store.reviews import ReviewLog

MOST_PICTURES = 24

_FORMS = {".html": "html", ".htm": "html", ".pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What goes into a report.

    `images`: the folder that was scanned; with it, reviews are taken from `log`, matched by content.
    Without, those in the table's own columns are printed. `overlays`: the folder with the pictures that
    the scan drew. `pictures`: how many of them at most; `chosen`: paths of the rows to show, None for those
    that need review. `unlike`: how many of these `draw_pictures` has left out because the file is not, or no
    longer, the image of the row.
    """

    title: str = ""
    images: Path | None = None
    log: ReviewLog | None = None
    overlays: Path | None = None
    pictures: int = MOST_PICTURES
    chosen: tuple[str, ...] | None = None
    unlike: int = 0


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What a report holds. `missing` rows have no file below the folder of the images, or one that is a
    picture of another size; None: not asked. `unlike`: see `ReportOptions`. `reviewed` rows have a review of
    their own; `series_reviewed` CT series were reviewed as a whole."""

    images: int
    left_out: int
    pictures: int
    reviewed: int
    missing: int | None
    unlike: int = 0
    series_reviewed: int = 0


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
    reviewed, of_series = None, SeriesReviews()
    if options.images is not None and options.log is not None:
        reviewed = reviewed_records(records, options.images, options.log, ctx)
        of_series = series_reviews(records, image_places(options.images, ctx), options.log, ctx)
    content = _content(table, records, class_ids, reviewed, of_series, options, ctx)
    write: Callable[..., int] = registry.load(f"lungviewer.exporters.report_{form}:write_report_{form}")
    left_out = write(target, content, ctx.check)
    ctx.progress(len(records), len(records))
    return ReportSummary(
        images=len(records),
        left_out=left_out,
        pictures=len(content.pictures),
        reviewed=sum(is_reviewed(record) for record in (reviewed.records if reviewed else records)),
        missing=None if reviewed is None else reviewed.missing,
        unlike=options.unlike,
        series_reviewed=of_series.series,
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

    A picture is drawn only where the file has the row's size and the model says of it what the row says:
    the folder may be another one with the same names, and files change.

    Args:
        images: the folder that was scanned.
        folder: where to put them; the options that come back name it, and say how many were left out.

    Raises:
        UsageError: the engine's model, or its precision, is not the one that made the table.
        OutputError: the table cannot be read, or a picture not be written.
        Cancelled: `ctx` asked to stop.
    """
    records, _ = read_records(table)
    wanted, made_by = rows_to_picture(records, options), engine.provenance
    models = {(record.model_sha256, record.backend) for record in wanted}
    if models - {(made_by.model_sha256, made_by.backend)}:
        raise UsageError(
            "The table was made with another model or precision than the one in use, so its pictures cannot "
            "be drawn.",
            hint="Choose that model and precision first, or make the report without pictures.",
        )
    places, unlike = image_places(images, ctx), 0
    with IsolatedDecoder() as decoder:
        for number, record in enumerate(wanted):
            ctx.check()
            ctx.progress(number, len(wanted))
            place = places.get(record.path)
            if place is None or record.status is Status.ERROR:
                continue  # the report says that a picture is missing
            result = _same_again(record, place, engine, decoder, ctx)
            if result is None:
                unlike += 1
            elif result.thumbnail is not None and (result.slide is None or result.slide.complete):
                write_overlay(_picture_path(folder, record.path, places), result, engine)
    return replace(options, overlays=folder, unlike=unlike)


# --- inside ------------------------------------------------------------------------------------------


def _same_again(
    record: ImageRecord, place: Path, engine: InferenceEngine, decoder: IsolatedDecoder, ctx: JobContext
) -> ImageResult | None:
    """What the model says about the file of a row; None when it is not what the row says. A slide is not
    mapped for this: its map may come back unfinished."""
    info = image_info(place, decoder)
    if info is None or not same_size(record, info.width, info.height):
        return None
    # The file's own scale has more digits than the table, and a field cut elsewhere gives another answer.
    scale = None if same_scale(record.um_per_px, info.um_per_px) else record.um_per_px
    try:
        if info.kind == SLIDE:
            slide = look_at_slide(place, engine, MapOptions(um_per_px=scale), record.path)
            result = as_image_result(slide, slide_picture(place, scale))
        else:
            result = classify_file(place, engine, um_per_px=scale, isolated=decoder, ctx=ctx)
    except ImageError:
        return None
    unknown = result.slide is not None and not result.slide.complete
    return result if unknown or same_answer(record, result.record) else None


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
    of_series: SeriesReviews,
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
        classes=class_counts(records, class_ids, words),
        histogram=confidence_bins(records),
        models=words.models,
        reading=reading_help(records, class_ids, words),
        reviewing=_reviewing(reviewed, of_series),
        pictures=pictures,
        pictures_note=note,
        rows=tuple(report_row(record, words, of_series.of_slices.get(record.path, ())) for record in shown),
        reasons=reason_meanings(records),
        errors=tuple((r.path, r.error or reason_text(r)) for r in records if r.status is Status.ERROR),
    )


def _facts(
    table: Path, records: Sequence[ImageRecord], reviewed: Reviewed | None, options: ReportOptions
) -> tuple[tuple[str, str], ...]:
    slides = sum(record.kind == SLIDE for record in records)
    times = sorted(record.analysed_at for record in records if record.analysed_at)
    devices = sorted({f"{r.backend} on {r.device}" for r in records if r.backend})
    facts = [
        ("Folder", options.images.absolute().name if options.images else ""),
        ("Table", table.name),
        ("Images", str(len(records))),
        ("of these whole slides", str(slides or "")),
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


def _reviewing(reviewed: Reviewed | None, of_series: SeriesReviews) -> tuple[str, ...]:
    if reviewed is None:
        return ()
    none = "None of these slices or images was reviewed by itself." if of_series.series else ""
    lines = list(agreement_sentences(reviewed.agreement)) or [none or "None of these images was reviewed."]
    if of_series.series:
        which = "1 CT series was" if of_series.series == 1 else f"{of_series.series} CT series were"
        lines.append(
            f"{which} reviewed as a whole. That stands beside every slice in the table, and counts for none "
            "of them above: there is no call for a series that it could be compared with."
        )
    if reviewed.missing:
        lines.append(
            f"{reviewed.missing} of {len(reviewed.records)} images were not found in the folder, or are of "
            "another size there, so nobody can say whether they were reviewed."
        )
    return tuple(lines)


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
        said = (call, measured(record), STATUS_WORDS[record.status], reason_text(record))
        caption = ". ".join(filter(None, said))
        path = _picture_path(options.overlays, record.path, places)
        picture = small_picture(path, record.path, caption)
        if picture is not None:
            found.append(picture)
    which = "chosen" if options.chosen is not None else "that need review or were refused"
    note = f"Heat maps of {len(found)} of the images {which}; at most {options.pictures} are shown."
    if options.unlike:
        note += (
            f" {options.unlike} are left out: the file of that name in the folder is not, or no longer, what "
            "was scanned. Its size, or what the model says about it, is another."
        )
    lacking = len(wanted) - len(found) - options.unlike
    if lacking > 0:
        note += f" {lacking} have no picture in the folder of overlays."
    return tuple(found), note if wanted else "No image needs review."


def _picture_path(folder: Path, name: str, places: dict[str, Path]) -> Path:
    """Where a scan put the overlay of a row. Its true name is known only where the images are at hand."""
    place = places.get(name)
    if place is None:
        return overlay_path(folder, os.fsencode(name))
    depth = name.count("/") + 1
    return overlay_path(folder, b"/".join(map(os.fsencode, place.parts[-depth:])))

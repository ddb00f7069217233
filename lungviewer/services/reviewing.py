"""What people decided about images: noted under the image's content, and put beside a scan's results.

An image is known by the SHA-256 of all its bytes. Name and path change when files are moved, and may hold a
patient's; the time of change is lost by many ways of copying. A cheaper mark from size and both ends of the
file would not do: two scans with the same white border can be equal there, and a review must never land on
another image. Only files of a size that was reviewed before are read when a folder is looked through.

Whole slides hold gigabytes, so samples of all their files stand for them (readers/slide_content.py says why
that is enough for these). A CT series of several files is known by the hashes of all of them, in whatever
order and under whatever names: a review of a series is none of its slices, whose rows stay without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from lungviewer.core.errors import ImageError, ReviewLogDamaged, SyntheticImage, UsageError
from lungviewer.core.image import ImageInfo, ImageSource
from lungviewer.core.job import JobContext
from lungviewer.core.paths import is_one_of
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord
from lungviewer.exporters.csv_table import is_image_csv, read_records, write_image_csv
from lungviewer.readers import opening, slide_kinds
from lungviewer.readers.files import content_sha256
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.slide_content import slide_sha256
from lungviewer.services.agreement import Agreement, agreement, decision
from lungviewer.services.classify import display_name
from lungviewer.services.find import find_images
from lungviewer.services.rows import same_size
from lungviewer.store.review_entry import Action, ReviewDraft, ReviewEntry
from lungviewer.store.reviews import ReviewLog

Key = TypeVar("Key")
Histories = dict[Key, tuple[ReviewEntry, ...]]


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """An image by its content: lower-case SHA-256 of the file's bytes, of a slide's samples, and how many
    bytes the file has."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Reviews put beside the rows of a table. `histories` by path of the row, `missing`: rows whose file is
    not below the folder, or is a picture of another size, so that nobody can say whether it was reviewed;
    `head`: number and hash of the log's last entry."""

    records: tuple[ImageRecord, ...]
    histories: Histories[str]
    missing: int
    agreement: Agreement
    head: tuple[int, str]


def identify(path: Path, check: Callable[[], None] = lambda: None) -> ImageIdentity:
    """Read a file and say which image it is.

    Raises:
        ImageError: it cannot be read.
        Cancelled: from `check`.
    """
    sha256 = slide_sha256 if slide_kinds.is_slide(path) else content_sha256
    return ImageIdentity(*sha256(path, check))


def identify_files(files: Sequence[Path], check: Callable[[], None] = lambda: None) -> ImageIdentity:
    """The same of what several files are together; of a single one it is `identify`. Errors of `identify`."""
    parts = [identify(path, check) for path in files]
    if len(parts) == 1:
        return parts[0]
    whole = hashlib.sha256("\n".join(sorted(part.sha256 for part in parts)).encode())
    return ImageIdentity(whole.hexdigest(), sum(part.bytes for part in parts))


def draft_review(
    identity: ImageIdentity,
    record: ImageRecord | None,
    reviewer: str,
    action: Action,
    chosen: str = "",
    comment: str = "",
) -> ReviewDraft:
    """A review of an image together with the program's answer at this time (None: it had none yet).

    Raises:
        SyntheticImage: the simulator drew it; nobody's image is reviewed.
    """
    if record is not None and record.reason == SyntheticImage.code:
        raise SyntheticImage(REASON_SENTENCES[record.reason])
    draft = ReviewDraft(reviewer, identity.sha256, identity.bytes, action, chosen, comment)
    if record is None:
        return draft
    return replace(
        draft,
        pack_id=record.model,
        pack_version=record.model_version,
        pack_sha256=record.model_sha256,
        call=record.predicted_class,
        confidence=record.confidence,
        status=record.status.value,
    )


def find_reviews(
    files: Iterable[tuple[Key, Path]],
    log: ReviewLog,
    ctx: JobContext,
    files_of: Callable[[Path], Sequence[Path]] = lambda path: (path,),
) -> Histories[Key]:
    """The history of each file that has one. Files that cannot be read have none. `files_of`: what a path
    stands for, where it is more than itself.

    Raises:
        OutputError: see `ReviewLog`.
        Cancelled: `ctx` asked to stop.
    """
    sizes, found = log.sizes(), {}
    listed = list(files) if sizes else []
    for number, (key, path) in enumerate(listed):
        ctx.check()
        ctx.progress(number, len(listed))
        try:
            parts = files_of(path)
            if sum(part.stat().st_size for part in parts) in sizes:
                history = log.history(identify_files(parts, ctx.check).sha256)
                if history:
                    found[key] = history
        except (ImageError, OSError):
            continue
    return found


def reviewed_records(
    records: Sequence[ImageRecord], folder: Path, log: ReviewLog, ctx: JobContext
) -> Reviewed:
    """Fill the review columns from the log, for files that lie below `folder` as the rows say.

    Raises:
        UsageError: there is no such folder.
        ReviewLogDamaged: an entry of the log is not as it was written; which one is told.
        OutputError: see `ReviewLog`.
        Cancelled: `ctx` asked to stop.
    """
    broken = log.verify(ctx.check)
    if broken is not None:
        raise ReviewLogDamaged(broken.sentence)
    places = image_places(folder, ctx)
    known = [(record.path, places[record.path]) for record in records if record.path in places]
    histories = find_reviews(known, log, ctx)
    others = _other_pictures(records, places, histories, ctx)
    histories = {path: history for path, history in histories.items() if path not in others}
    return Reviewed(
        records=tuple(_filled(record, histories.get(record.path, ())) for record in records),
        histories=histories,
        missing=len(records) - len(known) + len(others),
        agreement=agreement(records, histories),
        head=log.head(),
    )


def export_reviewed_csv(
    report: Path, folder: Path, log: ReviewLog, target: Path, ctx: JobContext
) -> Reviewed:
    """Write a scan's table once more, with the review columns filled from the log.

    The scan's own table stays what the scan wrote. Entries that somebody made there by hand are taken over
    where the log has none.

    Args:
        report: the table of a scan.
        folder: what was scanned; rows are matched with its files, and those with the log by content.
        target: another file.

    Raises:
        UsageError: the target is the table itself, one of the images, or a file that is no image table.
        OutputError: the table cannot be read, the log is damaged, or the target cannot be written.
        Cancelled: `ctx` asked to stop.
    """
    records, class_ids = read_records(report)
    if is_one_of(target, [report, *(folder / record.path for record in records)]):
        raise UsageError("That would replace the scan's own table, or an image.", hint="Choose another name.")
    if target.exists() and not is_image_csv(target):
        raise UsageError("A file of that name exists, and it is no image table.", hint="Choose another name.")
    reviewed = reviewed_records(records, folder, log, ctx)
    write_image_csv(target, reviewed.records, class_ids)
    return reviewed


def image_places(folder: Path, ctx: JobContext) -> dict[str, Path]:
    """The images below a folder by the text that a scan of it writes into `path`.

    Raises:
        UsageError: there is no such folder.
        Cancelled: `ctx` asked to stop.
    """
    if not folder.is_dir():
        raise UsageError(
            "The folder of the images does not exist.", hint="Choose the folder that was scanned."
        )
    found = find_images([folder], recursive=True, check=ctx.check)
    places = (found.path(file) for file in found.files)
    return {display_name(place.relative_to(found.root)): place for place in places}


def image_info(path: Path, decoder: IsolatedDecoder) -> ImageInfo | None:
    """What an image or a slide is like; None when it cannot be read."""
    try:
        if slide_kinds.is_slide(path):
            source: ImageSource = opening.open_slide(path)
        else:
            source = opening.open_image(path, isolated=decoder)
    except ImageError:
        return None
    try:
        return source.info
    finally:
        source.close()


def _other_pictures(
    records: Iterable[ImageRecord], places: Mapping[str, Path], found: Iterable[str], ctx: JobContext
) -> set[str]:
    """Which of the rows in `found` are about a picture of another size than the file of that name here:
    somebody has chosen a folder that was not scanned, or the file was exchanged."""
    wanted, others = frozenset(found), set()
    with IsolatedDecoder() as decoder:
        for record in records:
            if record.path in wanted:
                ctx.check()
                info = image_info(places[record.path], decoder)
                size = (None, None) if info is None else (info.width, info.height)
                if not same_size(record, *size):
                    others.add(record.path)
    return others


def _filled(record: ImageRecord, history: Sequence[ReviewEntry]) -> ImageRecord:
    if not history:
        return record
    comment = next((entry.comment for entry in reversed(history) if entry.comment), "")
    last = decision(history)
    return replace(
        record,
        review_class="" if last is None else last.chosen,
        reviewer=(last or history[-1]).reviewer,
        reviewed_at=(last or history[-1]).time,
        comment=comment,
    )

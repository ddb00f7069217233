"""Reviews of CT series in a report: people decide about a series, a scan has a row for each of its slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lungviewer.core.ct import CT
from lungviewer.core.errors import ImageTooLarge
from lungviewer.core.job import JobContext
from lungviewer.core.types import ImageRecord
from lungviewer.readers.ct_series import series_in
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.find import may_be_dicom
from lungviewer.services.reviewing import find_reviews
from lungviewer.store.review_entry import ReviewEntry
from lungviewer.store.reviews import ReviewLog

History = tuple[ReviewEntry, ...]


@dataclass(frozen=True, slots=True)
class SeriesReviews:
    """`of_slices`: the reviews of the series that a slice belongs to, by the path of its row; `series`: how
    many of those there are."""

    of_slices: Mapping[str, History] = field(default_factory=dict)
    series: int = 0


def series_reviews(
    records: Sequence[ImageRecord], places: Mapping[str, Path], log: ReviewLog, ctx: JobContext
) -> SeriesReviews:
    """Find the reviewed series among the files of `places` (by the paths of rows). A series of one file has
    the review of that file, and is none of these; of more slices than anybody can look at nothing is said.

    Raises:
        OutputError: see `ReviewLog`.
        Cancelled: `ctx` asked to stop.
    """
    slices = {record.path for record in records if record.kind == CT} & places.keys()
    names = {places[name]: name for name in slices}
    if not names or not log.sizes():
        return SeriesReviews()
    try:
        with IsolatedDecoder() as decoder:
            found = series_in(filter(may_be_dicom, places.values()), ctx.check, decoder)
    except ImageTooLarge:
        return SeriesReviews()
    files = {series.files[0]: series.files for series in found if len(series.files) > 1}
    histories = find_reviews([(first, first) for first in files], log, ctx, files.__getitem__)
    of_slices = {
        names[path]: history for first, history in histories.items() for path in files[first] if path in names
    }
    return SeriesReviews(of_slices, len(histories))

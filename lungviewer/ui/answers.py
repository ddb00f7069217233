"""What is known about the images of the open folder."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lungviewer.core.types import ImageRecord, Provenance
from lungviewer.services.classify import ImageResult
from lungviewer.services.file_state import FileState
from lungviewer.services.rows import is_newer, same_answer, would_be_said
from lungviewer.ui.answering import Outcome, Question
from lungviewer.ui.ct.answering import SeriesQuestion

if TYPE_CHECKING:
    from lungviewer.ui.session import ViewerSession

_RESULTS_KEPT = 100
_SLIDES_KEPT = 3
"""A map of a whole slide may take tens of megabytes; it can be had again from what is kept on the disk."""


class Answers:
    """Rows of all images, full answers of the newest ones, and the scales that a person gave."""

    def __init__(self) -> None:
        self.rows: dict[Path, ImageRecord] = {}
        self.scales: dict[Path, float] = {}
        self.states: dict[Path, FileState | None] = {}
        self.slide_keys: dict[Path, str] = {}
        self._results: OrderedDict[Path, ImageResult] = OrderedDict()
        self._assumed: dict[Path, float] = {}

    def result(self, path: Path | None) -> ImageResult | None:
        """The full answer of an image, while it is kept."""
        return None if path is None else self._results.get(path)

    def scale_of(self, path: Path) -> float | None:
        """µm/px by which an image is judged in place of what its file says."""
        return self.scales.get(path) or self._assumed.get(path)

    def give_scale(self, path: Path, um_per_px: float | None) -> None:
        """Use this scale for an image; None takes it back."""
        if um_per_px is None:
            self.scales.pop(path, None)
        else:
            self.scales[path] = um_per_px

    def put(self, path: Path, outcome: Outcome, current: Path | None) -> None:
        """Keep an answer; full ones only of the last hundred and of the image that is looked at."""
        self.rows[path], self.states[path] = outcome.record, outcome.state
        if outcome.assumed is not None:
            self._assumed[path] = outcome.assumed
        if outcome.given is not None:
            self.scales[path] = outcome.given
        if outcome.slide_key:
            self.slide_keys[path] = outcome.slide_key
        if outcome.result is not None:
            self._keep(path, outcome.result, current)

    def renew(self, path: Path, result: ImageResult, current: Path | None) -> bool:
        """More of the same answer; False when there is none that it could belong to."""
        if self._results.get(path) is None:
            return False
        self.rows[path] = result.record
        self._keep(path, result, current)
        return True

    def _keep(self, path: Path, result: ImageResult, current: Path | None) -> None:
        self._results[path] = result
        slides = [p for p, kept in self._results.items() if kept.slide is not None and p != current]
        for old in slides[: max(0, len(slides) - _SLIDES_KEPT)]:
            del self._results[old]
        while len(self._results) > _RESULTS_KEPT:
            del self._results[next(p for p in self._results if p != current)]

    def is_whole(self, path: Path) -> bool:
        """Whether there is nothing to ask about an image: its full answer is kept, of a series that of every
        slice."""
        result = self._results.get(path)
        return result is not None and (result.series is None or result.series.complete)

    def question(self, path: Path, session: ViewerSession) -> Question:
        """What to ask about an image: as it is looked at, and what of a series is not known yet."""
        series, kept = session.series(path), self._results.get(path)
        known = None if kept is None else kept.series
        return Question(
            path,
            given=self.scales.get(path),
            usual=session.usual_scale,
            unasked=path != session.current,
            wish=session.mapping.wish(path),
            slide_scales=session.settings.current.slide_scales,
            series=None if series is None else SeriesQuestion(series, known, session.slice.index),
        )

    def take_rows(
        self,
        rows: Iterable[tuple[Path | None, ImageRecord]],
        made_by: Provenance,
        *,
        scanned_um_per_px: float | None,
        usual: float | None,
    ) -> Iterator[tuple[Path, bool]]:
        """Keep rows of a scan that the model `made_by` would give, too; each path that is taken, and whether
        something was known about it before. Other arguments as for `would_be_said`."""
        for path, row in rows:
            if path is None:
                continue
            scale = self.scale_of(path)
            if would_be_said(row, made_by, scale=scale, scanned_um_per_px=scanned_um_per_px, usual=usual):
                known = path in self.rows
                if self.take_row(path, row):
                    yield path, known

    def take_row(self, path: Path, row: ImageRecord) -> bool:
        """Keep a row that a scan wrote, unless it says nothing new; a full answer that is there is then about
        what the file held before."""
        known = self.rows.get(path)
        if known is not None and (is_newer(known, row) or same_answer(known, row)):
            return False
        self.rows[path] = row
        self._results.pop(path, None)
        return True

    def forget(self, path: Path) -> None:
        """Know nothing about an image but the scale that the person gave it."""
        for kept in (self.rows, self.states, self.slide_keys, self._results, self._assumed):
            kept.pop(path, None)

    def forget_all(self) -> None:
        """Know nothing but scales."""
        for kept in (self.rows, self.states, self.slide_keys, self._results, self._assumed):
            kept.clear()

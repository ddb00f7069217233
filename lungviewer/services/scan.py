"""A folder into a CSV that survives crashes: the same function behind the window and the command line.

    threads: open, cut, check  ──►  queue  ──►  this thread: model, judge, (overlays), journal, CSV

Whole slides come last, one by one (services/slide_scan.py).

Every row is in the journal before anybody hears of it. One bad file is one row; the run goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import lungviewer
from lungviewer.core.errors import Cancelled, OutputUnwritable, UnsupportedFormat, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import is_one_of
from lungviewer.core.types import ImageRecord, Status
from lungviewer.exporters.csv_table import write_image_csv
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.find import FoundFiles, find_images
from lungviewer.services.pipeline import Finished, Pipeline
from lungviewer.services.scan_output import check_output, journal_of
from lungviewer.services.scan_overlays import draw_overlay, without_overlay
from lungviewer.services.slide_result import MapOptions
from lungviewer.services.slide_scan import SlideScan, is_slide, told_apart
from lungviewer.store.journal import FileIdentity, Journal

_LOCKED_WAIT_S = 1.0
_TOLD_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan. `workers` read files side by side; `um_per_px` overrides what files say; `overlays`
    is a folder for one picture per image; `fresh` forgets an earlier run's results; the CSV is drawn every
    `csv_every_s` seconds (0: after every commit) and at the end."""

    recursive: bool = False
    workers: int = 2
    batch: int = 32
    um_per_px: float | None = None
    overlays: Path | None = None
    fresh: bool = False
    csv_every_s: float = 15.0


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """What a scan tells while it runs: `rows` were just committed; the counters are for the whole run."""

    rows: tuple[ImageRecord, ...]
    by_status: dict[str, int]
    by_class: dict[str, int]


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Rows of an earlier run that still hold; told in blocks before the first new ones."""

    rows: tuple[ImageRecord, ...]


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """How a scan ended. `kept` rows came from an earlier run; `stopped` means it was cancelled;
    `not_entered` counts sub-folders that a scan without `recursive` left out."""

    found: int
    kept: int
    done: int
    ignored: int
    by_status: dict[str, int]
    by_class: dict[str, int]
    seconds: float
    stopped: bool
    not_entered: int


def scan_folder(
    paths: Sequence[Path], engine: InferenceEngine, output: Path, options: ScanOptions, ctx: JobContext
) -> ScanSummary:
    """Judge every image below `paths` and keep `output` (a CSV) true to what is done.

    A second call with the same arguments goes on where the first was stopped or killed.

    Raises:
        UsageError: a path does not exist, or the output is a folder, or would replace an image or a file
            that no scan wrote, or the folder is empty now while the report is not.
        OutputBusy, JournalMismatch, OutputUnwritable: see `Journal` and `atomic_write`. Rows that were
            reported before are safe.
    """
    started = time.monotonic()
    check_output(output, fresh=options.fresh)
    found = find_images(paths, recursive=options.recursive, check=ctx.check)
    if is_one_of(output, (found.path(file) for file in found.files)):
        raise UsageError("The output is one of the files to scan.", hint="Choose another name.")
    settings = fingerprint(engine.provenance.model_sha256, engine.precision, options)
    journal = Journal(journal_of(output), root_key(found), settings, fresh=options.fresh)
    try:
        run = _Run(found, engine, journal, output, options, ctx)
        stopped = run.go()
        return run.summary(time.monotonic() - started, stopped)
    finally:
        journal.close()


class _Run:
    """One scan in progress: the counters, and when the CSV was last drawn."""

    def __init__(
        self,
        found: FoundFiles,
        engine: InferenceEngine,
        journal: Journal,
        output: Path,
        options: ScanOptions,
        ctx: JobContext,
    ) -> None:
        self._found, self._engine, self._journal = found, engine, journal
        self._output, self._options, self._ctx = output, options, ctx
        self._by_status: Counter[str] = Counter()
        self._by_class: Counter[str] = Counter()
        self._done = self._kept = 0
        self._next_csv = 0.0

    def go(self) -> bool:
        """True when the run was stopped before its end."""
        if not self._found.files and self._journal.listed():
            raise UsageError(
                "There are no images here now, but the report has rows of an earlier scan.",
                hint="Check that the drive is connected; starting over empties the report.",
            )
        self._journal.begin(self._found.files)
        self._journal.forget(self._undrawn())
        pending = self._journal.pending()
        kept = self._journal.records(settled=True)
        while rows := tuple(islice(kept, _TOLD_AT_ONCE)):
            for record in rows:
                self._count(record)
            self._ctx.partial(KeptRows(rows))
        self._kept = len(self._found.files) - len(pending)
        self._plan_csv(0.0)
        stopped = False
        try:
            self._work(pending)
        except Cancelled:
            stopped = True
        self._journal.clear_in_flight()
        self._draw_csv_at_the_end()
        return stopped

    def summary(self, seconds: float, stopped: bool) -> ScanSummary:
        return ScanSummary(
            found=len(self._found.files),
            kept=self._kept,
            done=self._done,
            ignored=self._found.ignored,
            by_status=dict(self._by_status),
            by_class=dict(self._by_class),
            seconds=seconds,
            stopped=stopped,
            not_entered=self._found.not_entered,
        )

    def _work(self, pending: Sequence[FileIdentity]) -> None:
        suspects = self._journal.suspects()
        self._report(())
        plain, slides = told_apart(self._found, pending, self._ctx.check)
        slides += self._images(plain, suspects)
        # One that the program died of comes last, so that the others get their rows.
        self._slides(sorted(slides, key=lambda file: (file.path in suspects, file.path)))

    def _images(self, files: Sequence[FileIdentity], suspects: set[bytes]) -> list[FileIdentity]:
        """Do plain images; give back what turned out to be slides under another name."""
        slides: list[FileIdentity] = []
        pipeline = Pipeline(
            self._found,
            self._engine,
            workers=self._options.workers,
            batch=self._options.batch,
            um_per_px=self._options.um_per_px,
            keep_thumbnails=self._options.overlays is not None,
            suspects=suspects,
            announce=self._journal.start,
            ctx=self._ctx,
        )
        with pipeline:
            for finished in pipeline.run(files):
                renamed = [f.file for f in finished if self._is_renamed_slide(f)]
                slides += renamed
                finished = [f for f in finished if f.file not in renamed]
                if self._options.overlays is not None:
                    finished = pipeline.side_by_side(self._overlay, finished)
                self._commit(finished)
        return slides

    def _slides(self, files: Sequence[FileIdentity]) -> None:
        options = self._options
        slides = SlideScan(
            self._found,
            self._engine,
            options=MapOptions(um_per_px=options.um_per_px),
            readers=options.workers,
            batch=options.batch,
            fresh=options.fresh,
            keep_thumbnails=options.overlays is not None,
            announce=self._journal.start,
            ctx=self._ctx,
        )
        for finished in slides.run(files):
            self._commit([self._overlay(finished)])

    def _is_renamed_slide(self, item: Finished) -> bool:
        return item.record.reason == UnsupportedFormat.code and is_slide(
            self._found, item.file, by_name=False
        )

    def _commit(self, finished: Sequence[Finished]) -> None:
        self._journal.commit([(f.file, f.record, f.transient) for f in finished])
        for item in finished:
            self._count(item.record)
        self._done += len(finished)
        if time.monotonic() >= self._next_csv:
            # A spreadsheet or a virus scanner may hold the file just now: the rows are safe, try later.
            with contextlib.suppress(OutputUnwritable):
                self._draw_csv()
        self._report(tuple(f.record for f in finished))

    def _undrawn(self) -> list[bytes]:
        folder = self._options.overlays
        if folder is None:
            return []
        return without_overlay(folder, self._found.files, self._journal.records(settled=True))

    def _overlay(self, item: Finished) -> Finished:
        folder = self._options.overlays
        return item if folder is None else draw_overlay(folder, item, self._engine)

    def _count(self, record: ImageRecord) -> None:
        self._by_status[record.status.value] += 1
        if record.predicted_class:
            self._by_class[record.predicted_class] += 1

    def _report(self, rows: tuple[ImageRecord, ...]) -> None:
        self._ctx.partial(ScanProgress(rows, dict(self._by_status), dict(self._by_class)))
        self._ctx.progress(self._kept + self._done, len(self._found.files))

    def _draw_csv(self) -> None:
        started = time.monotonic()
        try:
            write_image_csv(self._output, self._journal.records(), self._engine.spec.class_ids)
        finally:
            self._plan_csv(time.monotonic() - started)

    def _draw_csv_at_the_end(self) -> None:
        """Windows does not replace a file that somebody has open: give them a moment, then say so."""
        for _ in range(2):
            try:
                return self._draw_csv()
            except OutputUnwritable as error:
                if not isinstance(error.__cause__, PermissionError):
                    raise
                time.sleep(_LOCKED_WAIT_S)
        self._draw_csv()

    def _plan_csv(self, cost_s: float) -> None:
        """Drawing takes longer the longer the table is: never spend more than 5 % of the time on it."""
        every = self._options.csv_every_s
        self._next_csv = time.monotonic() + (max(every, 20 * cost_s) if every else 0.0)


def failed(summary: ScanSummary) -> int:
    """How many files ended as an error."""
    return summary.by_status.get(Status.ERROR.value, 0)


def root_key(found: FoundFiles) -> str:
    """What is scanned, for the journal. Hashed: it may travel, and a path can hold the name of an account."""
    return hashlib.sha256(os.fsencode(found.root)).hexdigest()


def fingerprint(model_sha256: str, precision: str, options: ScanOptions) -> str:
    """What a result depends on beside the file. Not the device: each row says what made it.

    The folder of overlays is: a picture that another pack drew must not pass for one of this scan's."""
    parts = {
        "pack": model_sha256,
        "precision": precision,
        "version": lungviewer.__version__,
        "um_per_px": options.um_per_px,
        "overlays": None if options.overlays is None else str(options.overlays.absolute()),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

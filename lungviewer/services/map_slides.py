"""Several slides into a folder of results: what `lungviewer map` does."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lungviewer.core.errors import (
    Cancelled,
    ImageError,
    LungviewerError,
    OutputBusy,
    OutputUnwritable,
    PermissionMissing,
    ReadFailed,
)
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.slide_summary import SlideSummary
from lungviewer.core.types import ImageRecord
from lungviewer.exporters.ome_tiff import is_probability_tiff
from lungviewer.readers import opening
from lungviewer.readers.sniff import SUFFIXES_OF
from lungviewer.services import slide_map
from lungviewer.services.classify import error_record
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind
from lungviewer.services.find import CLOSED_FOLDER, FoundFiles, find_images
from lungviewer.services.pipeline import outcome_of, row_name
from lungviewer.services.results_folder import ResultsFolder, check_results_folder
from lungviewer.services.slide_export import export_into, run_metadata
from lungviewer.services.slide_result import MapOptions, SlideMap, SlideProgress
from lungviewer.services.slide_scan import is_slide
from lungviewer.store.journal import FileIdentity

_NOTHING_CAN_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True, slots=True)
class MapRunOptions:
    """How to map. `readers`, `batch` and `fresh` as for `map_slide`."""

    map: MapOptions = field(default_factory=MapOptions)
    kinds: tuple[ExportKind, ...] = USUAL_KINDS
    readers: int = 2
    batch: int = 32
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class InSlide:
    """What a run tells while it maps slide `number` (from 1) of `slides`, called `name` in the table."""

    number: int
    slides: int
    name: str
    progress: SlideProgress


@dataclass(frozen=True, slots=True)
class SlideOutcome:
    """What became of one slide: its row, what the tiles say (None when it could not be mapped), its `files`
    relative to the results, and what went wrong, if anything: the map, or only a file of it."""

    record: ImageRecord
    summary: SlideSummary | None
    files: tuple[str, ...] = ()
    failure: LungviewerError | None = None


@dataclass(frozen=True, slots=True)
class MapRunSummary:
    """How a run ended: one outcome per slide that was begun; `ignored` counts files that are no slides of
    their own; `stopped`: somebody asked it to."""

    outcomes: tuple[SlideOutcome, ...]
    ignored: int
    stopped: bool


def map_slides(
    paths: Sequence[Path], engine: InferenceEngine, folder: Path, options: MapRunOptions, ctx: JobContext
) -> MapRunSummary:
    """Map slides, one after the other, and write their results. One that cannot be mapped is an error row in
    the table; the others go on. A second call goes on inside the slide where the first was stopped or killed.

    `ctx.progress` gets the tiles of the current slide, done and wanted; `ctx.partial` an `InSlide` now and
    then, and each `SlideOutcome`.

    Args:
        paths: slides, and folders whose slides are meant (sub-folders are not entered).

    Raises:
        UsageError: a path does not exist, or the results cannot lie in `folder`.
        OutputError: nothing can be written there, or what was found out cannot be kept.
    """
    found = find_images(paths, recursive=False, check=ctx.check)
    files = _slides(found, paths, ctx)
    check_results_folder(folder, (found.path(file) for file in files))
    run = run_metadata(
        engine.spec,
        engine.provenance,
        options.map,
        options.kinds,
        precision=engine.precision,
        readers=options.readers,
        batch=options.batch,
    )
    results = ResultsFolder(folder, run)
    outcomes: list[SlideOutcome] = []
    stopped = False
    try:
        for number, file in enumerate(files, start=1):
            ctx.check()
            one = _OneSlide(ctx, number, len(files), row_name(file))
            outcomes.append(one.go(found.path(file), file, engine, results, options))
            ctx.partial(outcomes[-1])
    except Cancelled:
        stopped = True
    return MapRunSummary(tuple(outcomes), found.ignored + len(found.files) - len(files), stopped)


def _slides(found: FoundFiles, paths: Sequence[Path], ctx: JobContext) -> list[FileIdentity]:
    """What was named, whatever it is, so that it is told why it cannot be mapped; in folders, slides."""
    named = {path.parent.resolve() / path.name for path in paths}
    chosen = []
    for file in found.files:
        ctx.check()
        path = found.path(file)
        if (
            file.size == CLOSED_FOLDER
            or path in named
            or (is_slide(found, file) and not is_probability_tiff(path))
        ):
            chosen.append(file)
    return _once_each(found, chosen, ctx)


def _once_each(found: FoundFiles, files: Sequence[FileIdentity], ctx: JobContext) -> list[FileIdentity]:
    """Without further files of one slide: DICOM has one for every level, and any of them opens it."""
    seen: set[tuple[Path, str]] = set()
    kept = []
    for file in files:
        ctx.check()
        path = found.path(file)
        identity = _identity(path) if path.suffix.lower() in SUFFIXES_OF["dicom"] else ""
        if not identity or (path.parent, identity) not in seen:
            kept.append(file)
        seen.add((path.parent, identity))
    return kept


def _identity(path: Path) -> str:
    """Of a slide, or nothing when it cannot be opened: mapping it will say why."""
    with (
        contextlib.suppress(ImageError),
        contextlib.closing(opening.open_slide(path)) as source,
    ):
        return source.info.identity
    return ""


class _OneSlide:
    """One slide of a run, and the context that its map is told about as: progress goes on, snapshots are
    wrapped."""

    def __init__(self, ctx: JobContext, number: int, slides: int, name: str) -> None:
        self._ctx, self._number, self._slides, self._name = ctx, number, slides, name

    def go(
        self,
        path: Path,
        file: FileIdentity,
        engine: InferenceEngine,
        results: ResultsFolder,
        options: MapRunOptions,
    ) -> SlideOutcome:
        self._ctx.progress(0, 0)
        outcome = (
            PermissionMissing("This folder may not be entered.")
            if file.size == CLOSED_FOLDER
            else outcome_of(lambda: self._map(path, engine, options))
        )
        ids = engine.spec.class_ids
        if isinstance(outcome, ImageError):
            record = error_record(self._name, outcome, engine.provenance, kind="slide")
            results.record(record, ids)
            return SlideOutcome(record, None, (), outcome)
        try:
            files = export_into(results, outcome, engine.spec, options.kinds, _Unheard(self._ctx))
        except (ImageError, OutputUnwritable) as error:
            if getattr(error.__cause__, "errno", None) in _NOTHING_CAN_BE_WRITTEN:
                raise
            return SlideOutcome(outcome.record, outcome.summary, (), error)
        return SlideOutcome(outcome.record, outcome.summary, files)

    def _map(self, path: Path, engine: InferenceEngine, options: MapRunOptions) -> SlideMap:
        try:
            return slide_map.map_slide(
                path,
                engine,
                options.map,
                self,
                readers=options.readers,
                batch=options.batch,
                fresh=options.fresh,
                name=self._name,
            )
        except OutputBusy as error:  # a window that maps it just now
            raise ReadFailed(error.message, hint=error.hint) from error

    def progress(self, done: int, total: int, text: str = "") -> None:
        self._ctx.progress(done, total, text)

    def partial(self, value: object) -> None:
        if isinstance(value, SlideProgress):
            self._ctx.partial(InSlide(self._number, self._slides, self._name, value))

    def check(self) -> None:
        self._ctx.check()


class _Unheard(NullContext):
    """Stops when the run does, and says nothing: the files of a slide are quickly written."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx

    def check(self) -> None:
        self._ctx.check()

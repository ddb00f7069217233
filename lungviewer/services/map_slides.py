"""Several slides into a folder of results: what `lungviewer map` does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lungviewer.core.errors import (
    Cancelled,
    ImageError,
    LungviewerError,
    NotCt,
    OutputBusy,
    OutputError,
    PermissionMissing,
    ReadFailed,
    UsageError,
)
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.slide_summary import SlideSummary
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord
from lungviewer.services import slide_map
from lungviewer.services.classify import display_name, error_record
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind
from lungviewer.services.find import CLOSED_FOLDER, FoundFiles, find_images
from lungviewer.services.pipeline import outcome_of
from lungviewer.services.result_names import nothing_can_be_written
from lungviewer.services.results_folder import ResultsFolder, check_results_folder
from lungviewer.services.slide_export import export_into, run_metadata
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.services.slide_scan import is_slide
from lungviewer.store.journal import FileIdentity


@dataclass(frozen=True, slots=True)
class MapRunOptions:
    """How to map. `readers`, `batch` and `fresh` as for `map_slide`; `recursive`: enter sub-folders."""

    map: MapOptions = field(default_factory=MapOptions)
    kinds: tuple[ExportKind, ...] = USUAL_KINDS
    readers: int = 2
    batch: int = 32
    fresh: bool = False
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class InSlide:
    """What a run tells while it maps slide `number` (from 1) of `slides`, called `name` in the table."""

    number: int
    slides: int
    name: str
    so_far: SlideMap


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
    their own, `not_entered` sub-folders that were left out; `stopped`: somebody asked it to."""

    outcomes: tuple[SlideOutcome, ...]
    ignored: int
    not_entered: int
    stopped: bool


def map_slides(
    paths: Sequence[Path], engine: InferenceEngine, folder: Path, options: MapRunOptions, ctx: JobContext
) -> MapRunSummary:
    """Map slides, one after the other, and write their results. One that cannot be mapped is an error row in
    the table; after it, and after one whose results cannot be written, the others go on. A second call goes
    on inside the slide where the first was stopped or killed.

    `ctx.progress` gets the tiles of the current slide, done and wanted; `ctx.partial` an `InSlide` now and
    then, and each `SlideOutcome`.

    Args:
        paths: slides, and folders whose slides are meant.

    Raises:
        UsageError: a path does not exist, no slide is there, the model reads CT, or the results cannot lie
            in `folder`.
        OutputError: nothing can be written there, or what was found out cannot be kept.
    """
    if engine.spec.modality != "histology":
        raise UsageError(REASON_SENTENCES[NotCt.code], hint=NotCt.default_hint)
    found = find_images(paths, recursive=options.recursive, check=ctx.check)
    files = _slides(found, paths, ctx)
    if not files:
        raise _nothing_found(found.not_entered)
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
    names = _names([found.path(file) for file in files], paths)
    outcomes: list[SlideOutcome] = []
    stopped = False
    try:
        for number, file in enumerate(files, start=1):
            ctx.check()
            one = _OneSlide(ctx, number, len(files), names[number - 1])
            outcomes.append(one.go(found.path(file), file, engine, results, options))
            ctx.partial(outcomes[-1])
    except Cancelled:
        stopped = True
    ignored = found.ignored + len(found.files) - len(files)
    return MapRunSummary(tuple(outcomes), ignored, found.not_entered, stopped)


def _nothing_found(not_entered: int) -> UsageError:
    if not not_entered:
        return UsageError("No slide was found there.", hint="Choose slides, or a folder that slides lie in.")
    left_out = "1 sub-folder was" if not_entered == 1 else f"{not_entered} sub-folders were"
    return UsageError(f"No slide was found there; {left_out} not entered.", hint="Enter sub-folders, too.")


def _slides(found: FoundFiles, paths: Sequence[Path], ctx: JobContext) -> list[FileIdentity]:
    """What was named, whatever it is, so that it is told why it cannot be mapped; in folders, slides."""
    named = {path.parent.resolve() / path.name for path in paths}
    chosen = []
    for file in found.files:
        ctx.check()
        path = found.path(file)
        if file.size == CLOSED_FOLDER or path in named or is_slide(found, file):
            chosen.append(file)
    return chosen


def _names(slides: Sequence[Path], paths: Sequence[Path]) -> list[str]:
    """What rows call slides: where each lies in the folder that was named, or its name alone. What lies above
    could name an account. Those that would be called the same are numbered."""
    folders = [path.resolve() for path in paths if path.is_dir()]
    taken: set[str] = set()
    names = []
    for slide in slides:
        inside = next((folder for folder in folders if folder in (slide, *slide.parents)), slide.parent)
        name = first = display_name(slide.relative_to(inside))
        for number in itertools.count(2):
            if name not in taken:
                break
            name = f"{first} ({number})"
        taken.add(name)
        names.append(name)
    return names


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
        if isinstance(outcome, ImageError):
            return self._failed(outcome, engine, results)
        files: tuple[str, ...] = ()
        failure: LungviewerError | None
        try:
            exported = export_into(results, outcome, engine.spec, options.kinds, _Unheard(self._ctx))
            files, failure = exported.files, exported.failure
        except OutputError as error:
            if nothing_can_be_written(error):
                raise
            failure = error
        return SlideOutcome(outcome.record, outcome.summary, files, failure)

    def _failed(self, why: ImageError, engine: InferenceEngine, results: ResultsFolder) -> SlideOutcome:
        record = error_record(self._name, why, engine.provenance, kind="slide")
        failure: LungviewerError = why
        try:
            results.record(record, engine.spec.class_ids)
        except OutputError as error:
            if nothing_can_be_written(error):
                raise
            failure = type(error)(f"{why.sentence} {error.message}", hint=error.hint)
        return SlideOutcome(record, None, (), failure)

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
        if isinstance(value, SlideMap):
            self._ctx.partial(InSlide(self._number, self._slides, self._name, value))

    def check(self) -> None:
        self._ctx.check()


class _Unheard(NullContext):
    """Stops when the run does, and says nothing: the files of a slide are quickly written."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx

    def check(self) -> None:
        self._ctx.check()

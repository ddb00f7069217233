"""From fields that were read to a map: the model, the store, the growing map, whoever listens."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from lungviewer.core.errors import FileChanged, FileVanished, ImageError
from lungviewer.core.job import JobContext
from lungviewer.core.slide_tile import UNREADABLE, SlideTile
from lungviewer.core.types import Status
from lungviewer.services.engine import FieldResult, InferenceEngine
from lungviewer.services.file_state import FileState, file_state
from lungviewer.services.slide_growing import GrowingMap
from lungviewer.services.slide_reading import Batch, SlideReading
from lungviewer.services.snapshots import Snapshots
from lungviewer.store.slide_rows import MappedTile, MapWork
from lungviewer.store.slide_store import SlideStore


class MapRun:
    """One run of the model over a slide. Used from the thread that owns the engine."""

    def __init__(
        self,
        engine: InferenceEngine,
        store: SlideStore,
        growing: GrowingMap,
        state: FileState,
        path: Path,
        ctx: JobContext,
        started: float,
    ) -> None:
        """`state`: of the file at `path`, before it was opened; `started`: on the clock of
        `time.perf_counter`."""
        self._engine, self._store, self._growing, self._ctx = engine, store, growing, ctx
        self._state, self._path, self._started = state, path, started
        self._seconds_before = store.work.seconds
        self._snapshots = Snapshots(ctx)

    def go(self, reading: SlideReading, batch: int) -> None:
        """Do what is pending, at most `batch` tiles per run of the model. Errors of `map_slide`."""
        self._tell()
        try:
            for read in reading.batches(self._growing.pending, batch):
                self._finish(read)
        except ImageError:
            require_unchanged(self._path, self._state)  # that is the better sentence
            raise

    def _finish(self, read: Batch) -> None:
        results = self._analyse(read)
        # What was read before the file changed is right, and what may have been read after it is not kept.
        require_unchanged(self._path, self._state)
        mapped = [
            _mapped(number, result, float(self._growing.shares[number]))
            for number, result in zip(read.numbers, results, strict=True)
        ]
        self._store.commit(mapped, self._work(result.device for result in results if result is not None))
        self._growing.add(mapped)
        self._tell()

    def _analyse(self, read: Batch) -> list[FieldResult | None]:
        """The model's answers; None for tiles that could not be read."""
        good = [i for i, failed in enumerate(read.failed) if failed != UNREADABLE]
        results: list[FieldResult | None] = [None] * len(read.failed)
        if good:
            fields = read.fields if len(good) == len(results) else read.fields[good]
            for i, result in zip(
                good, self._engine.analyse(fields, [read.failed[i] for i in good]), strict=True
            ):
                results[i] = result
        return results

    def _work(self, devices: Iterable[str]) -> MapWork:
        backend = self._engine.provenance.backend
        made_by = (*self._store.work.made_by, *((backend, device) for device in devices))
        return MapWork(
            seconds=self._seconds_before + time.perf_counter() - self._started,
            analysed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_by=tuple(dict.fromkeys(made_by)),
        )

    def _tell(self) -> None:
        self._ctx.progress(len(self._growing), self._growing.wanted)
        self._snapshots.offer(lambda: self._growing.snapshot(self._store.work))


def _mapped(number: int, result: FieldResult | None, tissue: float) -> MappedTile:
    if result is None:
        return MappedTile(
            SlideTile(number, Status.REFUSED, (UNREADABLE,), (), None, None, None, tissue), None
        )
    answer = result.prediction
    tile = SlideTile(
        number=number,
        status=answer.status,
        reasons=answer.reasons,
        probabilities=tuple(answer.probabilities.values()),
        predicted=answer.predicted,
        confidence=answer.confidence,
        trust_score=answer.trust_score,
        tissue=tissue,
    )
    return MappedTile(tile, result.cam if tile.is_call else None)


def state_of(path: Path) -> FileState:
    """What a slide's file is like, before it is opened. Raises FileVanished."""
    state = file_state(path)
    if state is None:
        raise FileVanished("The file is no longer there.")
    return state


def require_unchanged(path: Path, state: FileState) -> None:
    """Raises FileChanged or FileVanished when a slide's file is no longer what it was."""
    if state_of(path) != state:
        raise FileChanged("The slide was changed while it was mapped.", hint="Map it again.")

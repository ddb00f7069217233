"""Reading and running overlap: a bounded stream of files through threads into batches."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from lungviewer.core.errors import (
    Cancelled,
    ImageError,
    LungviewerError,
    OutOfMemory,
    PermissionMissing,
    UnexpectedFailure,
)
from lungviewer.core.job import JobContext
from lungviewer.core.types import ImageRecord
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.batching import analyse_together
from lungviewer.services.bounded_reading import BoundedReading, Prepared
from lungviewer.services.classify import (
    ImageResult,
    display_name,
    error_record,
    finish,
)
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.find import CLOSED_FOLDER, FoundFiles
from lungviewer.services.prepare import PreparedImage, prepare_file
from lungviewer.store.journal import FileIdentity

_STOP_WITHIN_S = 1.0
_ANNOUNCE = 64
_POLL_S = 0.1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finished:
    """One file's outcome. `result` is None for a failure; `transient` failures deserve another try."""

    file: FileIdentity
    record: ImageRecord
    result: ImageResult | None
    transient: bool


@dataclass(frozen=True, slots=True)
class _Read:
    file: FileIdentity
    outcome: Prepared


class Pipeline:
    """A context manager; leaving it stops the threads and the isolated decoder."""

    def __init__(
        self,
        found: FoundFiles,
        engine: InferenceEngine,
        *,
        workers: int,
        batch: int,
        um_per_px: float | None,
        keep_thumbnails: bool,
        suspects: set[bytes],
        announce: Callable[[Sequence[bytes]], None],
        ctx: JobContext,
    ) -> None:
        """`announce` is told which files are about to be read; `suspects` are read in isolation."""
        self._found, self._engine, self._batch, self._ctx = found, engine, batch, ctx
        self._um_per_px, self._keep_thumbnails = um_per_px, keep_thumbnails
        self._suspects, self._announce = suspects, announce
        self._window = workers * 4 + batch
        self._pool = ThreadPoolExecutor(workers, "lungviewer-read")
        # Not the reading threads: they may all be waiting for the one that waits for this.
        self._side = ThreadPoolExecutor(workers, "lungviewer-side")
        self._ready: queue.SimpleQueue[Future[_Read]] = queue.SimpleQueue()
        self._memory = BoundedReading()
        self._reading: set[Future[_Read]] = set()
        self._stopping = threading.Event()
        self._decoder = IsolatedDecoder(workers=workers)  # each starts when it is needed

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The decoder may be what a reading thread waits for, so it goes before the threads do.
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._side.shutdown(cancel_futures=True)
        self._stopping.set()
        self._memory.stop()
        self._decoder.close()
        # A thread in the middle of a large picture cannot be stopped. Its answer is for nobody.
        wait([f for f in self._reading if f.running()], timeout=_STOP_WITHIN_S)

    def run(self, files: Sequence[FileIdentity]) -> Iterator[list[Finished]]:
        """Yield outcomes in groups, as they become ready (not in file order).

        Raises:
            Cancelled: the context asked to stop.
        """
        waiting = deque(files)
        announced = reading = 0
        while waiting or reading:
            while waiting and reading < self._window:
                if announced == 0:
                    upcoming = [waiting[i].path for i in range(min(_ANNOUNCE, len(waiting)))]
                    self._announce(upcoming)
                    announced = len(upcoming)
                future = self._pool.submit(self._read, waiting.popleft())
                self._reading.add(future)
                future.add_done_callback(self._ready.put)
                announced -= 1
                reading += 1
            group = self._take()
            reading -= len(group)
            yield self._finish(group)

    def side_by_side(
        self, function: Callable[[Finished], Finished], items: Sequence[Finished]
    ) -> list[Finished]:
        """Call a function for each item on threads of their own, and wait for all; errors come back.

        Raises:
            Cancelled: the context asked to stop.
        """
        waiting = [self._side.submit(function, item) for item in items]
        for future in waiting:
            while not wait([future], timeout=_POLL_S).done:
                self._ctx.check()
        return [future.result() for future in waiting]

    # --- reading threads -------------------------------------------------------------------------

    def _read(self, file: FileIdentity) -> _Read:
        if file.size == CLOSED_FOLDER:
            return _Read(file, PermissionMissing("The folder could not be entered, its images are missing."))
        outcome = self._memory.read(
            self._found.path(file), file.size, lambda reserve: self._outcome(file, reserve)
        )
        return _Read(file, outcome)

    def _outcome(self, file: FileIdentity, reserve: Callable[[int], None]) -> Prepared:
        return outcome_of(
            lambda: prepare_file(
                self._found.path(file),
                self._engine.spec,
                um_per_px=self._um_per_px,
                keep_thumbnail=self._keep_thumbnails,
                isolated=self._decoder,
                force_isolation=file.path in self._suspects,
                reserve=reserve,
                ctx=self,
            )
        )

    # What a reading thread is told, as a `JobContext`: to stop when the run is over.

    def progress(self, done: int, total: int, text: str = "") -> None:
        pass

    def partial(self, value: object) -> None:
        pass

    def check(self) -> None:
        if self._stopping.is_set():
            raise Cancelled("The scan was stopped.")
        self._ctx.check()

    # --- the scanning thread ---------------------------------------------------------------------

    def _take(self) -> list[_Read]:
        """Wait for something to be ready, then take as much as fills a batch."""
        taken: list[_Read] = []
        fields = 0
        while fields < self._batch:
            try:
                future = self._ready.get(timeout=_POLL_S) if not taken else self._ready.get_nowait()
            except queue.Empty:
                self._ctx.check()
                if taken:
                    break
                continue
            self._reading.discard(future)
            read = future.result()
            taken.append(read)
            fields += len(read.outcome.fields) if isinstance(read.outcome, PreparedImage) else 0
        self._ctx.check()
        return taken

    def _finish(self, group: Sequence[_Read]) -> list[Finished]:
        prepared = [r.outcome for r in group if isinstance(r.outcome, PreparedImage)]
        answers = iter(analyse_together(prepared, self._engine, self._ctx.check, self._batch))
        finished = []
        for read in group:
            if isinstance(read.outcome, ImageError):
                record = error_record(row_name(read.file), read.outcome, self._engine.provenance)
                finished.append(Finished(read.file, record, None, read.outcome.transient))
                continue
            results, seconds = next(answers)
            made_by = replace(self._engine.provenance, device=results[-1].device)
            name = row_name(read.file)
            result = finish(name, read.outcome, results, self._engine.spec, made_by, seconds)
            self._memory.release(read.outcome)
            finished.append(Finished(read.file, result.record, result, False))
        return finished


def outcome_of(work: Callable[[], T]) -> T | ImageError:
    """What work on one file gives, or why it gives nothing: one file is one row, whatever happens.

    Raises:
        LungviewerError: those that are about no image.
    """
    try:
        return work()
    except ImageError as error:
        return error
    except LungviewerError:
        raise
    except MemoryError:
        return OutOfMemory("There is not enough memory for this image.")
    except Exception as error:  # noqa: BLE001 - a job's worker: one file is one row, whatever happens
        return UnexpectedFailure(f"An unexpected {type(error).__name__} in the program.")


def row_name(file: FileIdentity) -> str:
    """What the row of a file says in `path`."""
    return display_name(Path(os.fsdecode(file.path)))

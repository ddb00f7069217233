"""Reading a slide and running the model overlap: tiles through threads into batches.

    reader threads: cut, resize, check ──► queue ──► the mapping thread: batches

Each thread asks the slide for a few neighbouring tiles at a time, which are read in processes of its own.
One process often keeps up with the model; another one takes time to start, and decodes again what its tiles
share with those of the first. So one request is made at a time, and one more whenever the model has waited
for long enough. What is in flight is bounded, so memory does not grow with the slide.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import Cancelled, DecoderCrashed, DecodeTimeout, OutOfMemory
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB, SlideSource
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import UNREADABLE
from lungviewer.core.trust import check_field
from lungviewer.services.classify import chunks

RUN = 16
"""Tiles per request: enough that asking costs nothing, few enough that the first colours come soon."""

_START_S = 0.25
"""What starting a process that reads takes, about."""

_STOP_WITHIN_S = 1.0
_POLL_S = 0.1
T = TypeVar("T")
_Fields = tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tiles that were read: `fields` N×S×S×3, and for each the check that it failed, or `UNREADABLE`."""

    numbers: tuple[int, ...]
    fields: npt.NDArray[np.uint8]
    failed: tuple[str | None, ...]


class _Field(NamedTuple):
    number: int
    pixels: RGB
    failed: str | None


def until_stopped(ctx: JobContext, work: Callable[[], T], meanwhile: Callable[[], None] | None = None) -> T:
    """What `work` gives or raises. When the context asks to stop, nobody waits for it any more: it goes on in
    a thread until what it waits for is closed. `meanwhile` is short.

    Raises:
        Cancelled: the context asked to stop.
    """
    pool = ThreadPoolExecutor(1, "lungviewer-slide")
    try:
        future = pool.submit(work)
        if meanwhile is not None:
            meanwhile()
        while not wait([future], timeout=_POLL_S).done:
            ctx.check()
        return future.result()
    finally:
        pool.shutdown(wait=False)


class SlideReading:
    """Takes an open slide over: leaving the context closes it, which ends what its threads wait for."""

    def __init__(
        self, source: SlideSource, grid: TileGrid, spec: ModelSpec, *, readers: int, ctx: JobContext
    ) -> None:
        self._source, self._grid, self._spec, self._ctx = source, grid, spec, ctx
        self._level = grid.reading_level(source.info.levels, spec.input.size)
        self._readers = max(1, readers)
        self._pool = ThreadPoolExecutor(self._readers, "lungviewer-slide")
        self._ready: queue.SimpleQueue[Future[list[_Field]]] = queue.SimpleQueue()
        self._reading: set[Future[list[_Field]]] = set()
        self._stopping = threading.Event()
        self._side_by_side = 1
        self._turn = threading.Semaphore(self._side_by_side)
        self._waited = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._source.close()
        # Who is in the middle of a request cannot be stopped otherwise. The answer is for nobody.
        wait([future for future in self._reading if future.running()], timeout=_STOP_WITHIN_S)

    def batches(self, wanted: Iterable[int], batch: int) -> Iterator[Batch]:
        """Yield tiles as they become ready, at most `batch` at a time.

        Args:
            wanted: tile numbers; neighbours should stand side by side.

        Raises:
            Cancelled: the context asked to stop.
            ImageError: the slide as a whole cannot be read.
        """
        numbers = self._grid.in_reading_order(wanted, self._source.info.levels[self._level].downsample)
        waiting = deque(numbers[start:stop] for start, stop in chunks(len(numbers), RUN))
        window = 2 * self._readers + -(-batch // RUN)
        held: deque[_Field] = deque()
        while waiting or self._reading or held:
            self._ctx.check()
            while waiting and len(self._reading) < window:
                future = self._pool.submit(self._read, waiting.popleft())
                self._reading.add(future)
                future.add_done_callback(self._ready.put)
            while self._reading and len(held) < batch:
                answered = self._take(at_once=bool(held))
                if answered is None:
                    break
                self._reading.discard(answered)
                held.extend(answered.result())
            yield _batch([held.popleft() for _ in range(min(batch, len(held)))])

    def _take(self, *, at_once: bool) -> Future[list[_Field]] | None:
        """A request that was answered; None with `at_once` when there is none."""
        with contextlib.suppress(queue.Empty):
            return self._ready.get_nowait()
        if at_once:
            return None
        while True:
            began = time.monotonic()
            try:
                return self._ready.get(timeout=_POLL_S)
            except queue.Empty:
                self._ctx.check()
            finally:
                self._have_waited(time.monotonic() - began)

    def _have_waited(self, seconds: float) -> None:
        """Read more side by side, once waiting has cost what starting another process does."""
        self._waited += seconds
        if self._waited >= _START_S and self._side_by_side < self._readers:
            self._waited = 0.0
            self._side_by_side += 1
            self._turn.release()

    # --- reader threads --------------------------------------------------------------------------

    def _read(self, numbers: Sequence[int]) -> list[_Field]:
        rects = [self._grid.rect(number) for number in numbers]
        try:
            with self._turn:
                fields, readable = self._ask(rects)
        except MemoryError:
            raise OutOfMemory("There is not enough memory to read the slide.") from None
        checks, modality = self._spec.trust.checks, self._spec.modality
        return [
            _Field(number, field, check_field(field, checks, modality) if good else UNREADABLE)
            for number, field, good in zip(numbers, fields, readable, strict=True)
        ]

    def _ask(self, rects: Sequence[Rect]) -> _Fields:
        if self._stopping.is_set():
            raise Cancelled("The slide is closed.")
        level, size = self._level, self._spec.input.size
        try:
            return self._source.read_fields(rects, level, size)
        except (DecoderCrashed, DecodeTimeout):  # at no tile in particular, or it would be an unreadable one
            return self._source.read_fields(rects, level, size)


def _batch(fields: Sequence[_Field]) -> Batch:
    return Batch(
        tuple(field.number for field in fields),
        np.stack([field.pixels for field in fields]),
        tuple(field.failed for field in fields),
    )

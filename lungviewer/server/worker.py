"""Reading threads, and the one thread that owns the models.

    requests ─► reading threads: decode, cut, check ─► queue ─► model thread: one batch of all that wait

While a batch runs, the next one gathers: alone, a request waits for nobody; many side by side fill the
batches without any waiting time of their own. Every image that waits gets its turn after each batch, so that
a large one does not hold up the small ones behind it. What an image is answered does not depend on what it
shared a batch with (tests/services/test_shipped.py).
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from lungviewer.core.errors import Cancelled, ImageError
from lungviewer.core.job import CancellableContext
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.server.models import ServedModel
from lungviewer.server.uploads import Upload
from lungviewer.services.batching import Part, analyse_parts
from lungviewer.services.bounded_reading import BoundedReading, Prepared, Reserve
from lungviewer.services.classify import FIELDS_AT_ONCE, ImageResult, finish
from lungviewer.services.engine import FieldResult
from lungviewer.services.pipeline import outcome_of
from lungviewer.services.prepare import PreparedImage, prepare_file


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about an image: the model (another one `for_slices` in DICOM, if any), the client's own
    scale, and whether to keep a picture."""

    model: ServedModel
    um_per_px: float | None = None
    keep_thumbnail: bool = False
    for_slices: ServedModel | None = None


@dataclass(eq=False)
class _Waiting:
    model: ServedModel
    image: PreparedImage
    answered: asyncio.Future[None]
    results: list[FieldResult] = field(default_factory=list)
    seconds: float = 0.0


class Worker:
    """Answers questions about uploads. Used from one event loop; close it after that has ended."""

    def __init__(self, readers: int | None = None) -> None:
        count = readers or min(4, os.cpu_count() or 2)
        self._readers = ThreadPoolExecutor(count, "lungviewer-read")
        self._model = ThreadPoolExecutor(1, "lungviewer-model")
        self._decoder = IsolatedDecoder(workers=count)
        self._memory = BoundedReading()
        self._queue: list[_Waiting] = []
        self._rounds: asyncio.Task[None] | None = None

    async def classify(self, upload: Upload, question: Question) -> ImageResult:
        """Read, judge and explain one upload, which is gone afterwards.

        Raises:
            LungviewerError: as `classify_file`.
            asyncio.CancelledError: nobody waits for the answer any more; what was begun is dropped.
        """
        image = await self._read(upload, question)
        try:
            waiting = _Waiting(question.model, image, asyncio.get_running_loop().create_future())
            await self._judge(waiting)
        finally:
            self._memory.release(image)
        engine = question.model.engine
        made_by = replace(engine.provenance, device=waiting.results[-1].device)
        return finish("", image, waiting.results, engine.spec, made_by, waiting.seconds)

    def close(self) -> None:
        """End the threads and the decoder. A thread in the middle of a picture ends with the program."""
        self._memory.stop()
        self._decoder.close()
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._model.shutdown(wait=True, cancel_futures=True)

    # --- reading ---------------------------------------------------------------------------------

    async def _read(self, upload: Upload, question: Question) -> PreparedImage:
        stop = CancellableContext()
        reading = self._readers.submit(self._prepare, upload, question, stop)
        try:
            outcome = await asyncio.wrap_future(reading)
        except asyncio.CancelledError:
            stop.cancel()
            reading.add_done_callback(self._forget)
            raise
        finally:
            upload.discard()
        if isinstance(outcome, ImageError):
            raise outcome
        return outcome

    def _prepare(self, upload: Upload, question: Question, stop: CancellableContext) -> Prepared:
        def work(reserve: Reserve) -> Prepared:
            return outcome_of(
                lambda: prepare_file(
                    upload.path,
                    question.model.spec,
                    um_per_px=question.um_per_px,
                    keep_thumbnail=question.keep_thumbnail,
                    isolated=self._decoder,
                    reserve=reserve,
                    ctx=stop,
                )
            )

        return self._memory.read(upload.path, upload.size, work)

    def _forget(self, reading: Future[Prepared]) -> None:
        """An image that was read for nobody."""
        if reading.cancelled() or reading.exception() is not None:
            return
        outcome = reading.result()
        if isinstance(outcome, PreparedImage):
            self._memory.release(outcome)

    # --- judging ---------------------------------------------------------------------------------

    async def _judge(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._run())
        try:
            await waiting.answered
        finally:
            if waiting in self._queue:
                self._queue.remove(waiting)

    async def _run(self) -> None:
        while self._queue:
            taken = self._next_batch()
            parts = [part for _, some in taken for part in some]
            began = time.perf_counter()
            batch = self._model.submit(analyse_parts, parts, taken[0][0].model.engine)
            done = asyncio.wrap_future(batch)
            await asyncio.wait([done])
            error = Cancelled("The server is stopping.") if done.cancelled() else done.exception()
            results = iter([] if error is not None else done.result())
            each = (time.perf_counter() - began) / len(parts)
            for waiting, some in taken:
                waiting.seconds += each * len(some)
                waiting.results += islice(results, len(some))
                self._after_batch(waiting, error)

    def _next_batch(self) -> list[tuple[_Waiting, list[Part]]]:
        """Who has waited longest decides on the model; whoever waits for the same one comes along."""
        model, room = self._queue[0].model, FIELDS_AT_ONCE
        taken = []
        for waiting in self._queue:
            if waiting.model is not model or not room:
                continue
            first = len(waiting.results)
            last = min(len(waiting.image.fields), first + room)
            room -= last - first
            taken.append((waiting, [(waiting.image, i) for i in range(first, last)]))
        return taken

    def _after_batch(self, waiting: _Waiting, error: BaseException | None) -> None:
        """Answered, or at the end of the queue again; nothing for who has gone meanwhile."""
        if waiting not in self._queue:
            return
        self._queue.remove(waiting)
        if waiting.answered.done():  # went in this very turn of the loop, before it could leave the queue
            return
        if error is not None:
            waiting.answered.set_exception(error)
        elif len(waiting.results) == len(waiting.image.fields):
            waiting.answered.set_result(None)
        else:
            self._queue.append(waiting)

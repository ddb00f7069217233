"""Decode in a process that may die: a damaged file then costs one row, not the run.

A worker process opens files on request and sends pixels back; see worker_process.py for its life and
worker_messages.py for what crosses the border.
"""

from __future__ import annotations

import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lungviewer.core.errors import Cancelled
from lungviewer.core.registry import READERS
from lungviewer.readers.array_source import ArraySource
from lungviewer.readers.isolated_ct_client import CtWorkers
from lungviewer.readers.isolated_worker import serve
from lungviewer.readers.lent_workers import LentWorkers
from lungviewer.readers.worker_messages import (
    announced_size,
    info_from,
    receive_answer,
    receive_bytes,
)
from lungviewer.readers.worker_process import WorkerPool

DEADLINE_S = 30.0


class Closeable(Protocol):
    def close(self) -> None: ...


class IsolatedDecoder:
    """A small pool of worker processes, each started when it is first needed.

    May be used from several threads: every call takes a free worker or waits for one. Close it, or use
    it as a context manager.
    """

    def __init__(
        self, deadline_s: float = DEADLINE_S, workers: int = 1, opener: str = READERS["raster"]
    ) -> None:
        """`opener` names, as "module:object", a function like `open_raster` that the worker calls."""
        self.deadline_s = deadline_s
        """Seconds after which a worker is ended. Slides opened beside this decoder keep to it too."""
        self._pool = WorkerPool(workers, serve, (opener,))
        self.slices = CtWorkers(self._pool, deadline_s)
        """The same processes, for whoever reads CT slices."""
        self.lent = LentWorkers(deadline_s)
        """Processes beside these, for series that are looked at."""
        self._lock = threading.Lock()
        self._companions: weakref.WeakSet[Closeable] = weakref.WeakSet()

    def open(
        self, path: Path, um_per_px: float | None = None, deadline_s: float | None = None
    ) -> ArraySource:
        """Open an image in a worker; its pixels end up in this process.

        Args:
            path: what to open.
            um_per_px: a scale that a person gave.
            deadline_s: seconds after which the worker is ended, instead of this object's.

        Raises:
            DecodeTimeout: the deadline passed.
            DecoderCrashed: the worker died.
            Cancelled: `close` was called meanwhile.
            LungviewerError: whatever the opener raised, with the same class, message and hint.
        """
        with self._pool.worker() as worker:
            worker.wake()
            with worker.talk(self.deadline_s if deadline_s is None else deadline_s) as talk:
                talk.pipe.send((str(path), um_per_px))
                answer = receive_answer(talk.pipe)
                info = info_from(answer, path)
                pixels = receive_bytes(talk.pipe, (*announced_size(answer), 3))
            return ArraySource(pixels, info)

    def end_too(self, companion: Closeable) -> None:
        """Close something else when this decoder is closed: what was opened beside it.

        Raises:
            Cancelled: it is closed already.
        """
        with self._lock:
            if self._pool.closed:
                raise Cancelled("The decoder was closed.")
            self._companions.add(companion)

    def close(self) -> None:
        """End the workers, even busy ones. Safe to call twice, and while `open` runs elsewhere."""
        self.slices.close()
        self.lent.close()
        with self._lock:
            companions = list(self._companions)
        for companion in companions:
            companion.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

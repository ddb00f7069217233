"""Processes that read CT slices, lent to one series after the other: starting them takes half a second."""

from __future__ import annotations

import threading

from lungviewer.core.registry import READERS
from lungviewer.readers.isolated_ct_client import CtWorkers
from lungviewer.readers.isolated_ct_worker import serve
from lungviewer.readers.worker_process import WorkerPool

AT_ONCE = 2
"""Processes of a series: as many as the window has threads that read."""


class LentWorkers:
    """Each borrower has its processes for itself, so that what one of them reads, or hangs over, holds up
    nobody else. May be used from several threads."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._spare: WorkerPool | None = None
        self._warmed = self._closed = False

    def lend(self) -> CtWorkers:
        """Processes, started ones if there are; `take_back` comes when they are needed no more."""
        with self._lock:
            pool, self._spare = self._spare, None
        return CtWorkers(pool or _pool(), self._deadline_s)

    def take_back(self, workers: CtWorkers) -> None:
        """Keep idle processes for the next borrower; busy ones are ended, and so are those that are too many.
        Safe to call twice, from any thread: whoever still waits for them gets Cancelled."""
        if not workers.leave():
            return
        pool = workers.pool
        with self._lock:
            keep = not self._closed and pool.idle and self._spare is None
            if keep:
                self._spare = pool
        if not keep:
            pool.close()

    def warm(self) -> None:
        """Start the processes of the next borrower in the background, once: somebody will need them soon."""
        with self._lock:
            if self._warmed or self._closed or self._spare is not None:
                return
            self._warmed = True
            self._spare = pool = _pool()
        pool.warm()

    def close(self) -> None:
        """End what is kept. Safe to call twice."""
        with self._lock:
            self._closed = True
            pool, self._spare = self._spare, None
        if pool is not None:
            pool.close()


def _pool() -> WorkerPool:
    return WorkerPool(AT_ONCE, serve, (READERS["dicom"], False))

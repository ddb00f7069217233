"""Threads that are left behind when their work does not end: reading from a drive that is gone may hang, and
no thread can be ended from outside."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, TypeVar

from lungviewer.core.errors import Cancelled, DecodeTimeout, LungviewerError, UnexpectedFailure

T = TypeVar("T")
_Errand = tuple[Callable[[], object], Future[Any]]


class LeavableThreads:
    """Threads that work while their callers wait. May be used from several threads, each of which gets its
    own; they never keep the program from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[_Errand | None]] = []
        self._waited_for: set[Future[Any]] = set()
        self._closed = False

    def do(self, work: Callable[[], T], deadline_s: float, subject: str) -> T:
        """What `work` returns, or the LungviewerError that it raises.

        Raises:
            DecodeTimeout: it did neither in time; `subject` says what was not done. Its thread is left to it.
            Cancelled: `close` was called, before or meanwhile.
            UnexpectedFailure: it raised anything else, which its thread reports.
        """
        outcome: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise Cancelled("The decoder was closed.")
            self._waited_for.add(outcome)
            desk = self._idle.pop() if self._idle else self._start()
        desk.put((work, outcome))
        with contextlib.suppress(TimeoutError):
            outcome.exception(deadline_s)
        with self._lock:
            self._waited_for.discard(outcome)
        if not outcome.done():
            raise DecodeTimeout(f"{subject} within {deadline_s:g} seconds.")
        return outcome.result()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> bool:
        """End the threads that are idle, and the others when they are done; waits for none of them. Who waits
        for one gets Cancelled. False if that was done already. From any thread."""
        with self._lock:
            if self._closed:
                return False
            self._closed = True
            idle, self._idle = self._idle, []
            waited_for, self._waited_for = self._waited_for, set()
        for desk in idle:
            desk.put(None)
        for outcome in waited_for:
            with contextlib.suppress(InvalidStateError):  # it came at this very moment
                outcome.set_exception(Cancelled("The decoder was closed."))
        return True

    def _start(self) -> queue.SimpleQueue[_Errand | None]:
        desk: queue.SimpleQueue[_Errand | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, args=(desk,), name=self._name, daemon=True).start()
        return desk

    def _serve(self, desk: queue.SimpleQueue[_Errand | None]) -> None:
        while (errand := desk.get()) is not None:
            work, outcome = errand
            done: Any = UnexpectedFailure("An unexpected failure in the program.")
            goes_on = False
            try:
                try:
                    done = work()
                except LungviewerError as error:
                    done = error
                goes_on = True
            finally:  # what nobody foresaw goes its way, and ends this thread
                with self._lock:
                    goes_on = goes_on and not self._closed
                    if goes_on:
                        self._idle.append(desk)  # before it is told, so that who asks again finds it
                with contextlib.suppress(InvalidStateError):  # cancelled meanwhile
                    if isinstance(done, LungviewerError):
                        outcome.set_exception(done)
                    else:
                        outcome.set_result(done)
            if not goes_on:
                return
            del errand, work, outcome, done  # what was read is its caller's, not this thread's while it waits

"""Processes that may die: started, watched, ended and replaced.

A worker process answers requests over a pipe. It is kept between requests (starting one takes about half a
second), ended at a deadline, and replaced when it dies. It never outlives the program, however that ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess

from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecoderUnavailable,
    DecodeTimeout,
    LungviewerError,
)
from lungviewer.core.starter import starting_own
from lungviewer.readers.worker_messages import READY, Pipe

_START_S = 120.0
"""A cold disk and a virus scanner can make the first start of a process slow."""


class WorkerPool:
    """A few worker processes, each started when it is first needed. May be used from several threads."""

    def __init__(self, count: int, serve: Callable[..., None], arguments: tuple[object, ...]) -> None:
        """`serve(pipe, *arguments)` is what each process runs: see `worker_side.serve_requests`."""
        # Linux ends a child when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG), so
        # workers are started by a thread that lives as long as this object.
        self._starter = ThreadPoolExecutor(1, "decoder-starter", initializer=_keep_interrupts_from_children)
        self._closed = threading.Event()
        self._closing = threading.Lock()
        self._watchdog = _Watchdog()
        self._all = [
            Worker(serve, arguments, self._starter, self._closed, self._watchdog)
            for _ in range(max(1, count))
        ]
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._all:
            self._free.put(worker)

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    @property
    def idle(self) -> bool:
        """Whether nobody uses a process, and they may be used further."""
        return not self.closed and self._free.qsize() == len(self._all)

    def warm(self) -> None:
        """Start the processes ahead of who needs them, in the background; says nothing if that fails."""
        for _ in self._all:
            threading.Thread(target=self._warm_one, name="decoder-warming", daemon=True).start()

    def _warm_one(self) -> None:
        with contextlib.suppress(Cancelled, DecoderUnavailable), self.worker() as worker:
            worker.wake()

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """A free worker, or the next one that is: for this thread alone.

        Raises:
            Cancelled: `close` was called, before or meanwhile.
        """
        worker = self._free.get()
        try:
            if self._closed.is_set():
                raise Cancelled("The decoder was closed.")
            yield worker
        except (DecoderCrashed, DecoderUnavailable):
            if self._closed.is_set():
                raise Cancelled("The decoder was closed.") from None
            raise
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """End the workers, even busy ones. Safe to call twice, and while others use them."""
        self._closed.set()
        for worker in self._all:
            worker.kill()
        self._starter.shutdown()
        for worker in self._all:  # one may have been starting just now
            worker.kill()
        with self._closing:  # two at once would wait for what the other has taken
            taken = [self._free.get() for _ in self._all]  # who was busy has noticed and gives back
            for worker in taken:
                worker.bury()
                self._free.put(worker)
        self._watchdog.close()


class Worker:
    """One process and the pipe to it. Used by one thread at a time, except for `kill`."""

    def __init__(
        self,
        serve: Callable[..., None],
        arguments: tuple[object, ...],
        starter: ThreadPoolExecutor,
        closed: threading.Event,
        watchdog: _Watchdog,
    ) -> None:
        self._serve = serve
        self._arguments = arguments
        self._starter = starter
        self._closed = closed
        self._watchdog = watchdog
        self._process: BaseProcess | None = None
        self._pipe: Pipe | None = None
        self.prepared = False
        """For its user: whether this process was told what it needs. A new one was not."""

    @contextlib.contextmanager
    def talk(self, deadline_s: float, subject: str = "The file was not decoded") -> Iterator[Talk]:
        """Send a request and receive its answer, wholly, inside this context. `wake` comes first.

        Raises:
            DecodeTimeout: the deadline passed; the process is gone.
            DecoderCrashed: the process died, or what it said was no answer; it is gone.
            LungviewerError: the answer was an error (`receive_answer`); the process stays.
        """
        process, pipe = self._process, self._pipe
        if process is None or pipe is None:
            raise DecoderCrashed("The decoder process has ended.")
        talk = Talk(pipe, self._watchdog.watch(process, deadline_s), deadline_s)
        done = False
        try:
            yield talk
            done = True
        except LungviewerError:
            done = True
            raise
        except (EOFError, OSError, ValueError, KeyError, TypeError):
            if talk.watch.expired:
                raise DecodeTimeout(f"{subject} within {deadline_s:g} seconds.") from None
            raise DecoderCrashed("The decoder process ended while it read the file.") from None
        finally:
            self._watchdog.leave(talk.watch)
            if not done:  # half an answer may be under way: nobody must take it for another one
                self.bury()

    def wake(self) -> None:
        """Start the process if there is none that waits for a request.

        Raises:
            DecoderUnavailable: it did not start.
        """
        if self._process is not None and self._pipe is not None and _is_idle(self._pipe):
            return
        self.bury()
        try:
            self._starter.submit(self._start).result()
            pipe = self._pipe
            if pipe is not None and pipe.poll(_START_S) and pipe.recv_bytes(len(READY)) == READY:
                return
        except (EOFError, OSError, RuntimeError):  # RuntimeError: closed, so no thread to start it in
            pass
        self.bury()
        raise DecoderUnavailable("The decoder process could not be started.")

    def kill(self) -> None:
        """End the process; whoever waits for its answer wakes up. May be called from any thread."""
        _kill(self._process)

    def bury(self) -> None:
        """End the process, wait until it is gone, and close the pipe. Only by who has the worker."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        self.prepared = False
        if process is not None:
            process.kill()
            process.join()
            with contextlib.suppress(ValueError):  # somebody else has waited for it: it counts as alive
                process.close()
        if pipe is not None:
            pipe.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=self._serve, args=(theirs, *self._arguments), name="decoder", daemon=True
        )
        with starting_own():
            process.start()
        theirs.close()  # or the end of the worker would not be seen here
        self._process, self._pipe = process, ours
        if self._closed.is_set():
            _kill(process)


class Talk:
    """A request under way. `pipe` is for worker_messages; the process ends when `watch` runs out."""

    def __init__(self, pipe: Pipe, watch: _Watch, deadline_s: float) -> None:
        self.pipe = pipe
        self.watch = watch
        self._deadline_s = deadline_s

    def more_time(self) -> None:
        """A part of the answer has come: the next one has the whole time again."""
        self.watch.until = time.monotonic() + self._deadline_s


class _Watch:
    """One process, the moment at which it is ended, and whether it was."""

    def __init__(self, process: BaseProcess, until: float) -> None:
        self.process = process
        self.until = until
        self.expired = False


class _Watchdog:
    """Ends processes that are over their time. A worker that is ended closes its end of the pipe, which wakes
    whoever reads at this one.

    One thread for a pool, which is woken only for a moment earlier than the one it sleeps to: a
    `threading.Timer` per request would take longer to start than a tile takes to cross the border.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[_Watch] = set()
        self._sleeps_until = 0.0
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, process: BaseProcess, seconds: float) -> _Watch:
        watch = _Watch(process, time.monotonic() + seconds)
        with self._changed:
            self._watches.add(watch)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="decoder-watchdog", daemon=True)
                self._thread.start()
            elif watch.until < self._sleeps_until:
                self._changed.notify()
        return watch

    def leave(self, watch: _Watch) -> None:
        with self._changed:
            self._watches.discard(watch)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for watch in [each for each in self._watches if each.until <= now]:
                    self._watches.discard(watch)
                    watch.expired = True
                    _kill(watch.process)
                self._sleeps_until = min((each.until for each in self._watches), default=float("inf"))
                forever = self._sleeps_until == float("inf")
                self._changed.wait(None if forever else self._sleeps_until - now)


def _is_idle(pipe: Pipe) -> bool:
    """True if the worker waits for a request: a dead one's pipe is at its end, which counts as readable."""
    try:
        return not pipe.poll()
    except OSError:
        return False


def _kill(process: BaseProcess | None) -> None:
    if process is not None:
        with contextlib.suppress(ValueError):  # its owner has just buried it
            process.kill()


def _keep_interrupts_from_children() -> None:
    """Ctrl-C reaches every process of the terminal; children of this thread are born with it blocked."""
    if os.name != "posix":
        return
    from multiprocessing import resource_tracker

    with starting_own():
        resource_tracker.ensure_running()  # unblocks SIGINT in its starter, so it must come first
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

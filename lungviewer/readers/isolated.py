"""Decode in a process that may die: a damaged file then costs one row, not the run.

A worker process opens files on request and sends pixels back. It is kept between files (starting one
takes about half a second), ended at a deadline, and replaced when it dies. Answers cross the border as
numbers and text, never as pickled objects: a decoder that a file has taken over can lie about pixels
and about nothing else. The worker never outlives the program, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from lungviewer.core import errors
from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecoderUnavailable,
    DecodeTimeout,
    ImageError,
    LungviewerError,
    UsageError,
)
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.core.registry import READERS
from lungviewer.readers.array_source import ArraySource
from lungviewer.readers.isolated_worker import CHUNK_BYTES, READY, serve

DEADLINE_S = 30.0
_START_S = 120.0
"""A cold disk and a virus scanner can make the first start of a process slow."""

_MAX_PIXEL_BYTES = 3 * 100_000_000
_MAX_ANSWER_BYTES = 1 << 16


class IsolatedDecoder:
    """A small pool of worker processes, each started when it is first needed.

    May be used from several threads: every call takes a free worker or waits for one. Close it, or use
    it as a context manager.
    """

    def __init__(
        self, deadline_s: float = DEADLINE_S, workers: int = 1, opener: str = READERS["raster"]
    ) -> None:
        """`opener` names, as "module:object", a function like `open_raster` that the worker calls."""
        self._deadline_s = deadline_s
        # Linux ends a child when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG), so
        # workers are started by a thread that lives as long as this object.
        self._starter = ThreadPoolExecutor(1, "decoder-starter", initializer=_keep_interrupts_from_children)
        self._closed = threading.Event()
        self._all = [_Worker(opener, self._starter, self._closed) for _ in range(max(1, workers))]
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for worker in self._all:
            self._free.put(worker)

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
        worker = self._free.get()
        try:
            if self._closed.is_set():
                raise Cancelled("The decoder was closed.")
            return worker.open(path, um_per_px, self._deadline_s if deadline_s is None else deadline_s)
        except (DecoderCrashed, DecoderUnavailable):
            if self._closed.is_set():
                raise Cancelled("The decoder was closed.") from None
            raise
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """End the workers, even busy ones. Safe to call twice, and while `open` runs elsewhere."""
        self._closed.set()
        for worker in self._all:
            worker.kill()
        self._starter.shutdown()
        for worker in self._all:  # one may have been starting just now
            worker.kill()
        taken = [self._free.get() for _ in self._all]  # who was busy has noticed and gives back
        for worker in taken:
            worker.bury()
            self._free.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One process and the pipe to it. Used by one thread at a time, except for `kill`."""

    def __init__(self, opener: str, starter: ThreadPoolExecutor, closed: threading.Event) -> None:
        self._opener = opener
        self._starter = starter
        self._closed = closed
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def open(self, path: Path, um_per_px: float | None, deadline_s: float) -> ArraySource:
        pipe = self._ready_pipe()
        with self._killed_after(deadline_s) as expired:
            try:
                pipe.send((os.fspath(path), um_per_px))
                answer = _checked_answer(pipe.recv_bytes(_MAX_ANSWER_BYTES))
                pixels = _receive_pixels(pipe, answer) if "error" not in answer else None
            except (EOFError, OSError, ValueError, KeyError, TypeError):
                self.bury()
                if expired.is_set():
                    raise DecodeTimeout(f"The file was not decoded within {deadline_s:g} seconds.") from None
                raise DecoderCrashed("The decoder process ended while it read the file.") from None
        if pixels is None:
            raise _error_from(answer)
        return ArraySource(pixels, _info_from(answer, path, pixels.shape))

    def kill(self) -> None:
        """End the process; whoever waits for its answer wakes up. May be called from any thread."""
        _kill(self._process)

    def bury(self) -> None:
        """End the process, wait until it is gone, and close the pipe. Only by who has the worker."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if process is not None:
            process.kill()
            process.join()
            with contextlib.suppress(ValueError):  # somebody else has waited for it: it counts as alive
                process.close()
        if pipe is not None:
            pipe.close()

    def _ready_pipe(self) -> Connection[Any, Any]:
        if self._process is not None and self._pipe is not None and _is_idle(self._pipe):
            return self._pipe
        self.bury()
        try:
            self._starter.submit(self._start).result()
            pipe = self._pipe
            if pipe is not None and pipe.poll(_START_S) and pipe.recv_bytes() == READY:
                return pipe
        except (EOFError, OSError, RuntimeError):  # RuntimeError: closed, so no thread to start it in
            pass
        self.bury()
        raise DecoderUnavailable("The decoder process could not be started.")

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._opener), name="decoder", daemon=True)
        process.start()
        theirs.close()  # or the end of the worker would not be seen here
        self._process, self._pipe = process, ours
        if self._closed.is_set():
            _kill(process)

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[threading.Event]:
        """A worker that is ended closes its end of the pipe, which wakes whoever reads at this one."""
        expired = threading.Event()
        process = self._process

        def expire() -> None:
            expired.set()
            _kill(process)

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()


def _is_idle(pipe: Connection[Any, Any]) -> bool:
    """True if the worker waits for a request: a dead one's pipe is at its end, which counts as readable."""
    try:
        return not pipe.poll()
    except OSError:
        return False


def _kill(process: multiprocessing.process.BaseProcess | None) -> None:
    if process is not None:
        with contextlib.suppress(ValueError):  # its owner has just buried it
            process.kill()


def _keep_interrupts_from_children() -> None:
    """Ctrl-C reaches every process of the terminal; children of this thread are born with it blocked."""
    if os.name != "posix":
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # unblocks SIGINT in its starter, so it must come first
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _checked_answer(raw: bytes) -> dict[str, Any]:
    answer = json.loads(raw)
    if not isinstance(answer, dict):
        raise ValueError("not an answer")
    return answer


def _receive_pixels(
    pipe: Connection[Any, Any], answer: dict[str, Any]
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    width, height = int(answer["width"]), int(answer["height"])
    total = width * height * 3
    if width < 1 or height < 1 or total > _MAX_PIXEL_BYTES:
        raise ValueError("not a picture's size")
    pixels = np.empty((height, width, 3), np.uint8)
    flat = pixels.reshape(-1).data
    for start in range(0, total, CHUNK_BYTES):
        wanted = min(CHUNK_BYTES, total - start)
        if pipe.recv_bytes_into(flat[start : start + wanted]) != wanted:
            raise ValueError("fewer pixels than announced")
    return pixels


def _info_from(answer: dict[str, Any], path: Path, shape: tuple[int, ...]) -> ImageInfo:
    height, width = shape[:2]
    um_per_px = answer.get("um_per_px")
    return ImageInfo(
        path=path,
        kind=str(answer.get("kind")),
        format=str(answer.get("format")),
        width=width,
        height=height,
        levels=(ImageLevel(width, height, 1.0),),
        um_per_px=None if um_per_px is None else float(um_per_px),
        um_per_px_source=str(answer.get("um_per_px_source")),
        notes=tuple(str(note) for note in answer.get("notes", ())),
    )


def _error_from(answer: dict[str, Any]) -> LungviewerError:
    kind = getattr(errors, str(answer.get("error")), None)
    # A decoder that a file has taken over may not stop a scan or blame the person for its use.
    if not (isinstance(kind, type) and issubclass(kind, ImageError | UsageError)):
        kind = DecoderCrashed
    return kind(str(answer.get("message")), hint=str(answer.get("hint")))

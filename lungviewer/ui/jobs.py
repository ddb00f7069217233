"""Work off the GUI thread: plain functions in, signals in the GUI thread out.

A job is a function that takes a `JobContext`. Its handle lives in the GUI thread, and so do all its signals;
a message of a job that nobody owns any more is dropped, however late it arrives.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QThread, Signal, Slot

from lungviewer.core.errors import Cancelled, LungviewerError, UnexpectedFailure
from lungviewer.core.job import CancellableContext, JobContext
from lungviewer.ui.crash import note_failure

JobFunction = Callable[[JobContext], object]

_PROGRESS_EVERY_S = 0.05
_STOP_WITHIN_MS = 5000


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units; `total` 0: not known yet."""

    done: int
    total: int
    text: str


class Job(QObject):
    """One piece of work, seen from the GUI thread. Exactly one of `finished`, `failed` and `cancelled` is
    emitted, then `ended`; after `abandon` none is."""

    progressed = Signal(object)  # Progress
    partial = Signal(object)
    finished = Signal(object)  # what the function returned
    failed = Signal(object)  # LungviewerError
    cancelled = Signal()
    ended = Signal()

    def __init__(self, parent: QObject, context: _Context) -> None:
        super().__init__(parent)
        self._context = context
        self._over = False

    @property
    def over(self) -> bool:
        return self._over

    @property
    def paused(self) -> bool:
        return self._context.paused

    def cancel(self) -> None:
        """Ask the function to stop; `cancelled` follows when it has."""
        self._context.cancel()

    def abandon(self) -> None:
        """Ask the function to stop, and hear no more of it."""
        self._over = True
        self._context.cancel()

    def pause(self, on: bool) -> None:
        """Hold the function where it next asks whether to go on; False lets it go on."""
        self._context.pause(on)

    def _deliver(self, message: _Message) -> None:
        if self._over:
            return
        if message.kind == "progress":
            self.progressed.emit(message.value)
        elif message.kind == "partial":
            self.partial.emit(message.value)
        else:
            self._over = True
            if message.kind == "finished":
                self.finished.emit(message.value)
            elif message.kind == "failed":
                self.failed.emit(message.value)
            else:
                self.cancelled.emit()
            self.ended.emit()


@dataclass(frozen=True, slots=True)
class _Message:
    """`kind` "progress", "partial", or how the job ended: "finished", "failed", "cancelled"."""

    job: int
    kind: str
    value: object = None


class _Context(CancellableContext):
    """Told to a job's function; may be called from any thread that it owns."""

    def __init__(self, say: Callable[[str, object], None]) -> None:
        super().__init__()
        self._say = say
        self._go = threading.Event()
        self._go.set()
        self._next_progress = 0.0

    @property
    def paused(self) -> bool:
        return not self._go.is_set()

    def pause(self, on: bool) -> None:
        if on and not self.cancelled:
            self._go.clear()
        else:
            self._go.set()

    def cancel(self) -> None:
        super().cancel()
        self._go.set()

    def check(self) -> None:
        self._go.wait()
        super().check()

    def progress(self, done: int, total: int, text: str = "") -> None:
        now = time.monotonic()
        # A thousand small steps a second would fill the GUI thread's queue; the last one counts.
        if now >= self._next_progress or done == total:
            self._next_progress = now + _PROGRESS_EVERY_S
            self._say("progress", Progress(done, total, text))

    def partial(self, value: object) -> None:
        self._say("partial", value)


@dataclass(order=True)
class _Task:
    """Waiting work: smaller `rank` first, then in order of submission."""

    rank: int
    number: int
    function: JobFunction = field(compare=False)
    context: _Context = field(compare=False)


class _Worker(QObject):
    """Lives in the thread and does one task per wake-up."""

    said = Signal(object)  # _Message

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[_Task] = []
        self._lock = threading.Lock()
        self._closing: list[Callable[[], None]] = []

    def add(self, task: _Task) -> None:
        with self._lock:
            heapq.heappush(self._waiting, task)

    @Slot()
    def work(self) -> None:
        with self._lock:
            task = heapq.heappop(self._waiting)
        kind, value = self._run(task)
        self.said.emit(_Message(task.number, kind, value))

    @Slot()
    def close(self) -> None:
        try:
            for function in self._closing:
                function()
        finally:
            QThread.currentThread().quit()

    def at_close(self, function: Callable[[], None]) -> None:
        self._closing.append(function)

    def _run(self, task: _Task) -> tuple[str, object]:
        try:
            task.context.check()
            return "finished", task.function(task.context)
        except Cancelled:
            return "cancelled", None
        except LungviewerError as error:
            return "failed", error
        except MemoryError:
            return "failed", LungviewerError("There is not enough memory.", hint="Close other programs.")
        except Exception as error:  # noqa: BLE001 - the job worker: nothing may leave a spinner spinning
            note_failure(error)
            return "failed", UnexpectedFailure(f"An unexpected {type(error).__name__} in the program.")


class JobRunner(QObject):
    """One long-lived thread that works through jobs, most urgent first. Owned by the GUI thread; call
    `close` before it goes."""

    _wake = Signal()
    _shut = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._closed = False
        self._thread = QThread()
        self._thread.setObjectName(name)
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._worker.said.connect(self._deliver)
        self._wake.connect(self._worker.work)
        self._shut.connect(self._worker.close)

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    def submit(self, function: JobFunction, *, rank: int = 0) -> Job:
        """Queue a function; smaller ranks go first. Connect to the handle at once: it hears nothing before
        control is back in the event loop. After `close` the job is over before it began."""
        number = next(self._numbers)
        context = _Context(lambda kind, value: self._worker.said.emit(_Message(number, kind, value)))
        job = Job(self, context)
        if self._closed:
            # A late event of a window that is being closed: starting the thread again would never end it.
            job.abandon()
            return job
        if not self._thread.isRunning():
            self._thread.start()
        self._jobs[number] = job
        self._worker.add(_Task(rank, number, function, context))
        self._wake.emit()
        return job

    def at_close(self, function: Callable[[], None]) -> None:
        """Call this in the worker's thread when the runner closes: to close what only that thread may."""
        self._worker.at_close(function)

    def close(self, within_ms: int = _STOP_WITHIN_MS) -> bool:
        """Cancel everything, close what jobs left open, end the thread. False when the thread did not end in
        time: then something does not answer, and only leaving the process helps."""
        self._closed = True
        for job in self._jobs.values():
            job.abandon()
        if not self._thread.isRunning():
            return True
        self._shut.emit()  # a quit() from here could overtake it
        return self._thread.wait(within_ms)

    @Slot(object)
    def _deliver(self, message: _Message) -> None:
        job = self._jobs.get(message.job)
        if job is None:
            return
        job._deliver(message)
        if message.kind not in ("progress", "partial"):
            del self._jobs[message.job]
            job.deleteLater()

"""One slide at a time is mapped, seen from the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.services.file_state import FileState
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.ui.batch.pace import Pace
from lungviewer.ui.jobs import Job, JobRunner, Progress
from lungviewer.ui.mapping.work import Mapped, map_job

_TICK_MS = 100
"""A snapshot is handed on at most so often."""


class How(StrEnum):
    """How mapping ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MapEnd:
    """`error` exactly when it failed; `notes`: what the engine had to say."""

    how: How
    error: LungviewerError | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MapNumbers:
    """Tiles that were looked at, of those with tissue; 0 of 0 while that is not known."""

    done: int = 0
    wanted: int = 0
    per_second: float | None = None
    left_s: float | None = None


class Mapper(QObject):
    """Maps the slide that it was last asked for, with a thread and an engine of its own: the image that is
    looked at does not wait for it. What was done is kept on the disk, so that the same call goes on later.
    Call `close` before it goes.

    `yield_to` is asked from the mapper's threads whether something that a person waits for is being read.
    """

    advanced = Signal(object, object)  # Path, SlideMap; the last one is complete
    ended = Signal(object, object)  # Path, MapEnd
    changed = Signal()  # `path`, `stopping` or `numbers`

    def __init__(self, keeper: EngineKeeper | None = None, parent: QObject | None = None) -> None:
        """`keeper`: where the engine comes from; tests give one with a fake backend."""
        super().__init__(parent)
        self._keeper = keeper or EngineKeeper()
        self._runner = JobRunner("maps", self)
        self._runner.at_close(self._keeper.close)
        self.yield_to: Callable[[], bool] = _nobody
        self.path: Path | None = None  # what is being mapped
        self.stopping = False
        self.numbers = MapNumbers()
        self._job: Job | None = None
        self._pace = Pace()
        self._waiting: SlideMap | None = None
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self, path: Path, options: MapOptions, state: FileState | None, choice: EngineChoice) -> None:
        """Map this slide instead of any other. `state` of the file that was looked at."""
        self.abandon()
        keeper, yield_to = self._keeper, self._may_go_first
        self._job = self._runner.submit(
            lambda ctx: map_job(path, options, state, keeper, choice, yield_to, ctx)
        )
        self._job.partial.connect(self._heard)
        self._job.progressed.connect(self._progressed)
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._stopped)
        self.path, self.numbers = path, MapNumbers()
        self._pace.start()
        self._timer.start()
        self.changed.emit()

    def stop(self) -> None:
        """Stop; `ended` follows when what is in hand is done and kept."""
        if self._job is not None and not self.stopping:
            self.stopping = True
            self._job.cancel()
            self.changed.emit()

    def abandon(self) -> None:
        """Stop, and hear no more of it: what it would say is about another file, model or plan."""
        if self._job is None:
            return
        self._job.abandon()
        self._waiting = None
        self._over()

    def close(self) -> bool:
        """Stop, and end the thread. False when it does not answer."""
        self._timer.stop()
        self._job = self._waiting = None
        return self._runner.close()

    def _may_go_first(self) -> bool:
        return self.yield_to()

    # --- what the job says -----------------------------------------------------------------------

    @Slot(object)
    def _heard(self, so_far: SlideMap) -> None:
        self._waiting = so_far
        self._note(len(so_far.tiles), so_far.wanted)

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        if progress.done >= self.numbers.done:
            self._note(progress.done, progress.total)

    def _note(self, done: int, wanted: int) -> None:
        self._pace.note(done)
        per_second, left_s = self._pace.files_per_second, self._pace.left_s(wanted - done)
        self.numbers = MapNumbers(done, wanted, per_second, left_s)

    @Slot()
    def _tick(self) -> None:
        self._hand_on()
        self.changed.emit()

    @Slot(object)
    def _finished(self, mapped: Mapped) -> None:
        self._waiting = mapped.map
        self._end(MapEnd(How.COMPLETE, notes=mapped.notes))

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._end(MapEnd(How.FAILED, error))

    @Slot()
    def _stopped(self) -> None:
        self._end(MapEnd(How.STOPPED))

    def _end(self, end: MapEnd) -> None:
        """The last snapshot is handed on first; nothing is being mapped any more when the end is told."""
        path = self.path
        self._hand_on()
        if self.path != path:  # whoever heard of the last snapshot has begun another one
            return
        self._over()
        self.ended.emit(path, end)

    def _hand_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.advanced.emit(self.path, waiting)

    def _over(self) -> None:
        self._timer.stop()
        self._job = self.path = None
        self.stopping = False
        self.changed.emit()


def _nobody() -> bool:
    return False

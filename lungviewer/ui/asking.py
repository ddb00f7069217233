"""Questions on their way to the thread that owns the engine: one for each image, the newest."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.ui.answering import Outcome, Question, answer_for
from lungviewer.ui.jobs import Job, JobRunner


class Asking(QObject):
    """Hears of an answer only while it is still wanted."""

    answered = Signal(object)  # (Path, Outcome), also before the end; (Path, None): nobody looks at it
    failed = Signal(object)  # Path: the model, not the image, is at fault

    def __init__(
        self, jobs: JobRunner, keeper: EngineKeeper, decoder: IsolatedDecoder, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs, self._keeper, self._decoder = jobs, keeper, decoder
        self._pending: dict[Path, Job] = {}
        self._left: set[Path] = set()

    def asks(self, path: Path) -> bool:
        """Whether an answer for this image is on its way."""
        return path in self._pending

    def knows(self, path: Path) -> bool:
        """Whether asking unasked would bring nothing new: it is on its way, or is a slide or series that
        nobody looks at."""
        return path in self._pending or path in self._left

    def leaves(self, path: Path) -> bool:
        """Whether this is a slide or series that was left alone: nobody looked at it when its folder was
        asked."""
        return path in self._left

    def ask(self, question: Question, choice: EngineChoice, rank: int) -> None:
        """Ask this instead of whatever was asked about the image; smaller ranks go first."""
        self.drop(question.path)
        keeper, decoder = self._keeper, self._decoder
        job = self._jobs.submit(lambda ctx: answer_for(question, keeper.get(choice), decoder, ctx), rank=rank)
        job.setProperty("path", question.path)
        self._pending[question.path] = job
        job.partial.connect(self.answered)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)

    def drop(self, path: Path) -> None:
        """Want this one no more."""
        job = self._pending.pop(path, None)
        if job is not None:
            job.abandon()

    def drop_pending(self) -> None:
        """Want none of them any more."""
        for job in self._pending.values():
            job.abandon()
        self._pending.clear()

    def drop_all(self) -> None:
        """Want none of them, and forget what was left alone: other files are open."""
        self.drop_pending()
        self._left.clear()

    @Slot(object)
    def _finished(self, found: tuple[Path, Outcome | None]) -> None:
        path, outcome = found
        self._pending.pop(path, None)
        if outcome is None:
            self._left.add(path)
        self.answered.emit(found)

    @Slot(object)
    def _failed(self, _error: LungviewerError) -> None:
        path = self.sender().property("path")
        self._pending.pop(path, None)
        self.failed.emit(path)

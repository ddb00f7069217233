"""Another tissue threshold, tried while a slider moves: the newest wish counts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.ui.jobs import Job, JobRunner
from lungviewer.ui.mapping.tissue import Looked, Tried, try_threshold


class TissueTrial(QObject):
    """One threshold is looked for at a time; what is wished meanwhile comes after it, and only the last."""

    found = Signal(object)  # TissueMap; None: nothing is tried any more
    failed = Signal(object)  # LungviewerError

    def __init__(self, jobs: JobRunner, decoder: IsolatedDecoder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._decoder = jobs, decoder
        self._job: Job | None = None
        self._looked: Looked | None = None
        self._next: tuple[Path, float] | None = None

    def look(self, path: Path, threshold: float) -> None:
        """Find what this threshold takes for tissue; `found` follows."""
        if self._job is not None:
            self._next = path, threshold
            return
        looked, decoder = self._looked, self._decoder
        self._job = self._jobs.submit(lambda ctx: try_threshold(path, looked, threshold, decoder, ctx))
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)

    def end(self) -> None:
        """Try nothing any more, and keep nothing of the slide."""
        job, self._job, self._next, self._looked = self._job, None, None, None
        if job is not None:
            job.abandon()
        self.found.emit(None)

    @Slot(object)
    def _finished(self, tried: Tried) -> None:
        self._job, self._looked = None, tried.looked
        wish, self._next = self._next, None
        self.found.emit(tried.tissue)
        if wish is not None:
            self.look(*wish)

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._job = self._next = None
        self.failed.emit(error)

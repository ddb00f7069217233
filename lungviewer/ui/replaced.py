"""A runner for work that may never answer, such as a look at a drive that is gone."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lungviewer.ui.jobs import JobRunner

_STUCK_WITHIN_MS = 500


class ReplacedRunner(QObject):
    """Gives a runner whose thread is free: one that is still at old work is left to itself."""

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._runners: list[JobRunner] = []
        self._closed = False

    def fresh(self) -> JobRunner:
        """A runner that is not busy; a closed one after `close`."""
        for runner in self._runners:
            if not runner.busy:
                return runner
        runner = JobRunner(self._name, self)
        if self._closed:
            runner.close()
        self._runners.append(runner)
        return runner

    def close(self) -> bool:
        """End the threads. False when one does not answer."""
        self._closed = True
        ended = [runner.close(_STUCK_WITHIN_MS) for runner in self._runners]
        return all(ended)

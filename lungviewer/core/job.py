"""What a long function may say while it works, and how it learns that it should stop."""

from __future__ import annotations

import threading
from typing import Protocol

from lungviewer.core.errors import Cancelled


class JobContext(Protocol):
    """Handed to every long function. Calls may come from any thread the function owns."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Say how far the job is: `done` of `total` units; `total` 0 means not known yet."""

    def partial(self, value: object) -> None:
        """Hand over an intermediate result (a frozen record)."""

    def check(self) -> None:
        """Raise `Cancelled` when the job should stop. Called between batches."""


class NullContext:
    """Listens to nothing, never cancels."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        pass

    def partial(self, value: object) -> None:
        pass

    def check(self) -> None:
        pass


class CancellableContext(NullContext):
    """Cancels when `cancel()` was called, from whichever thread or signal handler."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        if self._event.is_set():
            raise Cancelled("The job was stopped.")


class RecordingContext(CancellableContext):
    """Keeps everything that was said: for tests and for callers that want the partial results."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[int, int, str]] = []
        self.partials: list[object] = []

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.steps.append((done, total, text))

    def partial(self, value: object) -> None:
        self.partials.append(value)

"""A long list of images for the model, a few at a time, so that the rest can still be called off."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject

from lungviewer.ui.session import ViewerSession

_AT_ONCE = 64


class Feeder(QObject):
    """`step` whenever answers may have come."""

    def __init__(self, session: ViewerSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: deque[Path] = deque()
        self._asked: set[Path] = set()

    @property
    def waiting(self) -> int:
        """Images that were not handed over yet."""
        return len(self._waiting)

    def start(self, paths: Iterable[Path]) -> None:
        self._waiting = deque(paths)
        self.step()

    def stop(self) -> None:
        """Hand over no more; what the model has is finished."""
        self._waiting.clear()
        self._asked.clear()

    def step(self) -> None:
        """Hand over as many as were answered. A model that gives no answer is not asked for more."""
        session = self._session
        over = {path for path in self._asked if not session.is_pending(path)}
        self._asked -= over
        if session.engine_error is not None and any(session.record(path) is None for path in over):
            self.stop()
        while self._waiting and len(self._asked) < _AT_ONCE:
            path = self._waiting.popleft()
            if session.record(path) is None and not session.is_pending(path):
                session.classify([path])
                self._asked.add(path)

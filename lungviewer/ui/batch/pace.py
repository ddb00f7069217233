"""How fast a scan goes and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_RECENT_S = 8.0
_ENOUGH_S = 0.5


class Pace:
    """Counts seconds of work (pauses do not count) and the files of the last few of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._worked = 0.0
        self._since: float | None = None
        self._marks: deque[tuple[float, int]] = deque()

    def start(self) -> None:
        self._worked = 0.0
        self._since = self._clock()
        self._marks.clear()

    def pause(self, on: bool) -> None:
        if on and self._since is not None:
            self._worked, self._since = self.elapsed_s, None
        elif not on and self._since is None:
            self._since = self._clock()

    def note(self, done: int) -> None:
        """So many files are done now, in all; the first call is where the measuring begins."""
        now = self.elapsed_s
        self._marks.append((now, done))
        while now - self._marks[0][0] > _RECENT_S and len(self._marks) > 2:
            self._marks.popleft()

    @property
    def elapsed_s(self) -> float:
        return self._worked + (0.0 if self._since is None else self._clock() - self._since)

    @property
    def files_per_second(self) -> float | None:
        """Of the last seconds; None while that is not known yet."""
        if not self._marks:
            return None
        (first_s, first), (_, last) = self._marks[0], self._marks[-1]
        seconds = self.elapsed_s - first_s
        return None if seconds < _ENOUGH_S or last <= first else (last - first) / seconds

    def left_s(self, files: int) -> float | None:
        """Seconds that so many files will take at this pace."""
        rate = self.files_per_second
        return None if rate is None else files / rate

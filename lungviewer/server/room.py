"""How much may wait at once. Used from the event loop only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lungviewer.server.problems import busy


class Room:
    """Counts requests that wait for an answer, and bytes of uploads that lie on the disk."""

    def __init__(self, requests: int, size: int) -> None:
        self.requests, self.waiting = requests, 0
        self._size, self._held = size, 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """A place for one request.

        Raises:
            Problem: 503, there is none.
        """
        if self.waiting >= self.requests:
            raise busy()
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    def take(self, size: int) -> None:
        """Hold so many bytes more.

        Raises:
            Problem: 503, others hold too much.
        """
        if self._held + size > self._size:
            raise busy()
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size

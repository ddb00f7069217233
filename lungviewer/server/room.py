"""How much may wait at once. Used from the event loop only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from lungviewer.server.parties import share_of
from lungviewer.server.problems import busy


class Room:
    """Counts requests that wait for an answer, and bytes of uploads that lie on the disk."""

    def __init__(self, requests: int, size: int) -> None:
        self.requests, self.waiting = requests, 0
        self._size, self._held = size, 0
        self._of: Counter[str] = Counter()

    @contextmanager
    def request(self, party: str) -> Iterator[None]:
        """A place for one request of a client (`party_of`).

        Raises:
            Problem: 503, there is none, or this client has its share.
        """
        if self.waiting >= self.requests:
            raise busy()
        if self._of[party] >= share_of(self.requests):
            raise busy("Too many images of this address are waiting for an answer.")
        self.waiting += 1
        self._of[party] += 1
        try:
            yield
        finally:
            self.waiting -= 1
            self._of[party] -= 1
            if not self._of[party]:
                del self._of[party]

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

"""Sharing out memory between threads, and giving back what was freed."""

from __future__ import annotations

import sys
import threading

from lungviewer.core.errors import Cancelled


def give_back_memory() -> None:
    """After work on something large: let the C library return what it only kept.

    glibc keeps freed blocks of up to 32 MB in a heap per thread, and Pillow allocates pictures in blocks of
    16 MB: four threads that had read one large picture each kept 1.3 GB. Does nothing on other systems.
    """
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)


class Budget:
    """Bytes that may be held at once. One request always passes, however large, when nothing is held."""

    def __init__(self, limit: int) -> None:
        self._limit, self._held, self._open = limit, 0, True
        self._changed = threading.Condition()

    def reserve(self, amount: int) -> None:
        """Wait until `amount` fits.

        Raises:
            Cancelled: the run is ending.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: not self._open or self._held == 0 or self._held + amount <= self._limit
            )
            if not self._open:
                raise Cancelled("The scan was stopped.")
            self._held += amount

    def release(self, amount: int) -> None:
        with self._changed:
            self._held -= amount
            self._changed.notify_all()

    def stop(self) -> None:
        """Send everybody away: the run is ending."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

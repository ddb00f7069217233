"""Many files prepared side by side, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lungviewer.core.errors import ImageError
from lungviewer.core.memory import Budget, give_back_memory
from lungviewer.readers.opening import expected_bytes
from lungviewer.services.prepare import PreparedImage

FIELD_BYTES = 256 * 1024 * 1024
"""Cut fields that may wait for the model at any time."""

PIXEL_BYTES = 400 * 1024 * 1024
"""Decoded pixels of large files that may be held side by side."""

_LOOK_AT_SIZE = 1 << 20
"""Bytes; smaller files are read without asking what they will unpack to."""

_LARGE_PIXELS = 64 * 1024 * 1024

Prepared = PreparedImage | ImageError
Reserve = Callable[[int], None]


class BoundedReading:
    """Shares memory out among threads that read. `release` every image once the model has seen it."""

    def __init__(self) -> None:
        self._fields = Budget(FIELD_BYTES)
        self._pixels = Budget(PIXEL_BYTES)

    def read(self, path: Path, size: int, work: Callable[[Reserve], Prepared]) -> Prepared:
        """Do the work of reading one file; waits while others hold too much.

        Args:
            size: of the file, in bytes.
            work: is handed what `prepare_file` calls `reserve`.

        Raises:
            Cancelled: `stop` was called.
        """
        held = expected_bytes(path) if size > _LOOK_AT_SIZE else 0
        self._pixels.reserve(held)
        try:
            return self._within(work)
        finally:
            if held > _LARGE_PIXELS:
                give_back_memory()
            self._pixels.release(held)

    def release(self, image: PreparedImage) -> None:
        """Its fields are needed no more."""
        self._fields.release(image.fields.nbytes)

    def stop(self) -> None:
        """Send everybody who waits away."""
        self._fields.stop()
        self._pixels.stop()

    def _within(self, work: Callable[[Reserve], Prepared]) -> Prepared:
        reserved: list[int] = []

        def reserve(amount: int) -> None:
            self._fields.reserve(amount)
            reserved.append(amount)

        outcome: Prepared | None = None
        try:
            outcome = work(reserve)
            return outcome
        finally:
            if not isinstance(outcome, PreparedImage):  # nobody else will give back what it had taken
                self._fields.release(sum(reserved))

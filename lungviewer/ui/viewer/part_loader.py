"""Reads parts of an image in threads of its own: the most urgent first, and what nobody wants now never."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
from PySide6.QtCore import QObject, QThreadPool, Signal

from lungviewer.core.errors import LungviewerError, OutOfMemory, ReadFailed
from lungviewer.core.image import ImageSource
from lungviewer.ui.viewer.shared_source import SharedSource

THREADS = 2
_STOP_WITHIN_MS = 5000


class Wish(Protocol):
    """A part that is wanted; no two of an image have the same key."""

    @property
    def key(self) -> Hashable: ...


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """What was read, or why it could not be; `generation` says for which image it was wanted."""

    generation: int
    key: Hashable
    content: Any = None
    error: LungviewerError | None = None


Read = Callable[[ImageSource, Any], object]
"""Reads one wish from an open image, in any thread. May raise what readers raise."""


class PartLoader(QObject):
    """Lives in the GUI thread, where `loaded` is heard; two threads read, by `read`."""

    loaded = Signal(object)  # LoadedPart

    def __init__(self, read: Read, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read_wish = read
        self._pool = QThreadPool(self)
        self._pool.setObjectName("reading")
        self._pool.setMaxThreadCount(THREADS)
        # Its own thread: those that read may be waiting for the very image that is to be closed.
        self._closer = QThreadPool(self)
        self._closer.setObjectName("closing")
        self._closer.setMaxThreadCount(1)
        self._lock = threading.Lock()
        self._source: SharedSource | None = None
        self._generation = 0
        self._wishes: list[Wish] = []
        self._reading: set[Hashable] = set()
        self._running = 0

    def begin(self, source: SharedSource | None) -> int:
        """Read another image from now on, or none. Returns the number that its parts will carry."""
        with self._lock:
            self._generation += 1
            self._source = source
            self._wishes = []
            self._reading = set()
            return self._generation

    def want(self, wishes: Sequence[Wish]) -> None:
        """These are wanted now, the most urgent first; what was wanted before and is not among them is not
        read any more, unless its reading has begun."""
        with self._lock:
            self._wishes = [wish for wish in reversed(wishes) if wish.key not in self._reading]
            starting = max(0, min(THREADS, len(self._wishes)) - self._running)
            self._running += starting
        for _ in range(starting):
            self._pool.start(self._work)

    def retire(self, source: SharedSource) -> None:
        """Close an image that is not shown any more, as soon as may be; does not wait for it."""
        self._closer.start(source.retire)

    @property
    def busy(self) -> bool:
        """Whether parts that are wanted now are still to be read; may be asked in any thread."""
        with self._lock:
            return bool(self._wishes or self._reading)

    def stop(self) -> bool:
        """Read nothing more, and wait for what is being read; False when that does not end."""
        self.begin(None)
        ended = self._pool.waitForDone(_STOP_WITHIN_MS)
        return self._closer.waitForDone(_STOP_WITHIN_MS) and ended

    def _work(self) -> None:
        task = self._next()
        try:
            while task is not None:
                self._tell(self._read(*task))
                task = self._next()
        finally:
            if task is not None:
                # An exception that nobody foresaw goes its way; the other parts still want this thread.
                _, generation, wish = task
                self._tell(_unreadable(generation, wish.key))
                self._pool.start(self._work)

    def _tell(self, part: LoadedPart) -> None:
        with self._lock:
            current = part.generation == self._generation
            if current:
                self._reading.discard(part.key)
        if current:
            self.loaded.emit(part)

    def _next(self) -> tuple[SharedSource, int, Wish] | None:
        with self._lock:
            if self._source is None or not self._wishes:
                self._running -= 1
                return None
            wish = self._wishes.pop()
            self._reading.add(wish.key)
            return self._source, self._generation, wish

    def _read(self, source: SharedSource, generation: int, wish: Wish) -> LoadedPart:
        try:
            with source.reading() as image:
                return LoadedPart(generation, wish.key, self._read_wish(image, wish))
        except LungviewerError as error:
            return LoadedPart(generation, wish.key, error=error)
        except MemoryError:
            error = OutOfMemory("There is not enough memory for the picture.")
            return LoadedPart(generation, wish.key, error=error)
        except (OSError, ValueError, cv2.error):
            return _unreadable(generation, wish.key)


def _unreadable(generation: int, key: Hashable) -> LoadedPart:
    return LoadedPart(generation, key, error=ReadFailed("A part of the image could not be read."))

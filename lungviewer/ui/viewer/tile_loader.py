"""Reads tiles in threads of its own: what was asked for last comes first, what nobody wants now never."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
from PySide6.QtCore import QObject, QThreadPool, Signal
from PySide6.QtGui import QImage

from lungviewer.core.errors import LungviewerError, OutOfMemory, ReadFailed
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.viewer.shared_source import SharedSource
from lungviewer.ui.viewer.tiles import TileBox, TileKey

THREADS = 2
_STOP_WITHIN_MS = 5000


@dataclass(frozen=True, slots=True)
class TileWish:
    """A tile that is wanted, and where it lies in its level."""

    key: TileKey
    box: TileBox


@dataclass(frozen=True, slots=True)
class LoadedTile:
    """A tile that was read, or why it could not be; `generation` says for which image it was wanted."""

    generation: int
    key: TileKey
    image: QImage | None
    error: LungviewerError | None = None


class TileLoader(QObject):
    """Lives in the GUI thread, where `loaded` is heard; two threads read."""

    loaded = Signal(object)  # LoadedTile

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setObjectName("tiles")
        self._pool.setMaxThreadCount(THREADS)
        # Its own thread: those that read may be waiting for the very image that is to be closed.
        self._closer = QThreadPool(self)
        self._closer.setObjectName("closing")
        self._closer.setMaxThreadCount(1)
        self._lock = threading.Lock()
        self._source: SharedSource | None = None
        self._generation = 0
        self._wishes: list[TileWish] = []
        self._reading: set[TileKey] = set()
        self._running = 0

    def begin(self, source: SharedSource | None) -> int:
        """Read another image from now on, or none. Returns the number that its tiles will carry."""
        with self._lock:
            self._generation += 1
            self._source = source
            self._wishes = []
            self._reading = set()
            return self._generation

    def want(self, wishes: Sequence[TileWish]) -> None:
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
        """Whether tiles that are wanted now are still to be read; may be asked in any thread."""
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
                self._tell(_read(*task))
                task = self._next()
        finally:
            if task is not None:
                # An exception that nobody foresaw goes its way; the other tiles still want this thread.
                _, generation, wish = task
                self._tell(_unreadable(generation, wish.key))
                self._pool.start(self._work)

    def _tell(self, tile: LoadedTile) -> None:
        with self._lock:
            current = tile.generation == self._generation
            if current:
                self._reading.discard(tile.key)
        if current:
            self.loaded.emit(tile)

    def _next(self) -> tuple[SharedSource, int, TileWish] | None:
        with self._lock:
            if self._source is None or not self._wishes:
                self._running -= 1
                return None
            wish = self._wishes.pop()
            self._reading.add(wish.key)
            return self._source, self._generation, wish


def _read(source: SharedSource, generation: int, wish: TileWish) -> LoadedTile:
    key, box = wish.key, wish.box
    downsample = source.info.levels[key.level].downsample
    origin = round(box.x * downsample), round(box.y * downsample)
    try:
        with source.reading() as image:
            pixels = image.read(origin, key.level, (box.width, box.height))
        return LoadedTile(generation, key, rgb_image(pixels))
    except LungviewerError as error:
        return LoadedTile(generation, key, None, error)
    except MemoryError:
        return LoadedTile(generation, key, None, OutOfMemory("There is not enough memory for the picture."))
    except (OSError, ValueError, cv2.error):
        return _unreadable(generation, key)


def _unreadable(generation: int, key: TileKey) -> LoadedTile:
    return LoadedTile(generation, key, None, ReadFailed("A part of the image could not be read."))

"""Thumbnails on their way from disk to screen: only what is painted is asked for, the newest wish first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
from PySide6.QtCore import QObject, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from lungviewer.core.errors import Cancelled, ImageError, OutOfMemory, ReadFailed, UnexpectedFailure
from lungviewer.readers.array_source import shrink
from lungviewer.services.thumbnails import Thumbnails
from lungviewer.ui.qimage import rgb_image

_THREADS = 2
_MEMORY_BYTES = 64 << 20
_STOP_WITHIN_MS = 5000


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A picture, or the code of why there is none. `generation`: what it was asked under."""

    generation: int
    path: Path
    image: QImage | None
    failure: str


class ThumbnailLoader(QObject):
    """Keeps the pictures of the last rows that were seen. Lives in the GUI thread, with two threads of its
    own; call `shutdown` before it goes."""

    arrived = Signal(object)  # Path: its picture, or the reason why there is none
    _loaded = Signal(object)  # _Loaded

    def __init__(
        self, thumbnails: Thumbnails, parent: QObject | None = None, memory_bytes: int = _MEMORY_BYTES
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._room = memory_bytes
        self._pictures: OrderedDict[Path, QPixmap] = OrderedDict()
        self._bytes = 0
        self._failures: dict[Path, str] = {}
        self._sources: Mapping[Path, Path] = {}
        self._side, self._ratio = 128, 1.0
        self._generation = 0
        self._lock = threading.Lock()
        self._wishes: dict[Path, None] = {}  # in order of asking; the last one is served first
        self._in_work: set[Path] = set()
        self._closed = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(_THREADS)
        self._loaded.connect(self._take)

    def picture(self, path: Path) -> QPixmap | None:
        """The picture of a file that is being painted; None: it comes, or `failure` says why not."""
        pixmap = self._pictures.get(path)
        if pixmap is not None:
            self._pictures.move_to_end(path)
        elif path not in self._failures:
            self._ask(path)
        return pixmap

    def failure(self, path: Path) -> str:
        """The code of why a file has no picture; "" if none is known."""
        return self._failures.get(path, "")

    def set_side(self, side_px: int, ratio: float) -> None:
        """Pictures fit into `side_px` logical pixels on a screen of this device pixel ratio."""
        if (side_px, ratio) != (self._side, self._ratio):
            self._side, self._ratio = side_px, ratio
            self.clear()

    def take_sources(self, sources: Mapping[Path, Path]) -> None:
        """The picture of some paths is that of another file; not changed afterwards."""
        self._sources = sources

    def keep(self, still_seen: Callable[[Path], bool]) -> None:
        """Drop the wishes for what is out of sight by now."""
        with self._lock:
            for path in [p for p in self._wishes if not still_seen(p)]:
                del self._wishes[path]

    def forget(self, path: Path) -> None:
        """The file may have changed: look again when it is painted next."""
        pixmap = self._pictures.pop(path, None)
        if pixmap is not None:
            self._bytes -= _bytes_of(pixmap)
        self._failures.pop(path, None)

    def clear(self) -> None:
        """Another folder or size: nothing that was asked for is wanted any more."""
        with self._lock:
            self._generation += 1
            self._wishes.clear()
            self._in_work.clear()
        self._pictures.clear()
        self._failures.clear()
        self._bytes = 0

    def shutdown(self) -> bool:
        """Stop, and wait for what is being read; False when that does not end."""
        with self._lock:
            self._closed = True
            self._wishes.clear()
        self._thumbnails.close()
        return self._pool.waitForDone(_STOP_WITHIN_MS)

    def _ask(self, path: Path) -> None:
        with self._lock:
            if self._closed or path in self._in_work:
                return
            known = path in self._wishes
            self._wishes.pop(path, None)
            self._wishes[path] = None
        if not known:
            self._pool.start(self._work)

    def _work(self) -> None:
        """In a thread of the pool, once for every wish: serve the newest one that is left."""
        with self._lock:
            if not self._wishes:
                return
            path, _ = self._wishes.popitem()
            self._in_work.add(path)
            generation, side = self._generation, round(self._side * self._ratio)
        loaded: _Loaded | None = _Loaded(generation, path, None, UnexpectedFailure.code)
        try:
            loaded = self._load(generation, side, path)
        finally:  # also after an exception that nobody foresaw: else the file would be waited for
            if loaded is not None:
                self._loaded.emit(loaded)
        if loaded is not None and not self._wishes and not self._closed and self._thumbnails.prune_due:
            self._thumbnails.prune()

    def _load(self, generation: int, side: int, path: Path) -> _Loaded | None:
        source = self._sources.get(path, path)
        try:
            return _Loaded(generation, path, rgb_image(shrink(self._thumbnails.get(source), side)), "")
        except Cancelled:
            return None
        except ImageError as error:
            return _Loaded(generation, path, None, error.code)
        except MemoryError:
            return _Loaded(generation, path, None, OutOfMemory.code)
        except (OSError, ValueError, cv2.error):
            return _Loaded(generation, path, None, ReadFailed.code)

    @Slot(object)
    def _take(self, loaded: _Loaded) -> None:
        if self._closed or loaded.generation != self._generation:
            return
        with self._lock:
            self._in_work.discard(loaded.path)
        if loaded.image is None:
            self._failures[loaded.path] = loaded.failure
        else:
            loaded.image.setDevicePixelRatio(self._ratio)
            self.forget(loaded.path)
            pixmap = QPixmap.fromImage(loaded.image)
            self._pictures[loaded.path] = pixmap
            self._bytes += _bytes_of(pixmap)
            while self._bytes > self._room and len(self._pictures) > 1:
                _, oldest = self._pictures.popitem(last=False)
                self._bytes -= _bytes_of(oldest)
        self.arrived.emit(loaded.path)


def _bytes_of(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4

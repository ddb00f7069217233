"""One slide, open in OpenSlide, whose handle may die at any read.

OpenSlide's errors are latched: after the first one, everything that is asked of that handle fails, for every
thread. So a handle that failed is put aside, closed when its last reader is done, and the next reader opens
the slide anew. A read that failed beside others may have failed because of them, and is tried again, at last
alone.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lungviewer.core.errors import FileChanged, ImageCorrupt, ReadFailed

if TYPE_CHECKING:
    from openslide import OpenSlide

CACHE_BYTES = 64 << 20
"""What OpenSlide may keep of decoded tiles, for each open slide."""

_T = TypeVar("_T")


@dataclass(eq=False, slots=True)
class _Handle:
    slide: OpenSlide
    readers: int = 0
    shared: bool = False
    retired: bool = False


class SlideHandle:
    """Lends an open slide to any number of threads.

    Args:
        slide: just opened; closed by `close`.
        path: where it can be opened again.
    """

    def __init__(self, slide: OpenSlide, path: Path) -> None:
        import openslide

        self._path = path
        self._sizes = slide.level_dimensions
        self._cache = openslide.OpenSlideCache(CACHE_BYTES)
        self._lock = threading.Lock()
        self._closed = False
        slide.set_cache(self._cache)
        self._current: _Handle | None = _Handle(slide)

    def ask(self, question: Callable[[OpenSlide], _T]) -> _T:
        """The answer of the open slide.

        Raises:
            ImageCorrupt: OpenSlide cannot answer; other questions can still be asked.
            FileChanged, ReadFailed: the file is another one now, or gone; or the slide was closed.
        """
        import openslide

        for _ in range(2):
            with self._lent() as handle:
                try:
                    return question(handle.slide)
                except openslide.OpenSlideError:
                    with self._lock:
                        self._retire(handle)
                        alone = not handle.shared
            if alone:
                break
        else:
            return self._ask_alone(question)
        raise _damaged()

    def require_open(self) -> None:
        """Raises ReadFailed after `close`."""
        if self._closed:
            raise ReadFailed("The slide was already closed.")

    def close(self) -> None:
        """Close when the last reader is done. Safe to call twice."""
        with self._lock:
            self._closed = True
            if self._current is not None:
                self._retire(self._current)

    def _ask_alone(self, question: Callable[[OpenSlide], _T]) -> _T:
        import openslide

        slide = self._reopen()
        try:
            return question(slide)
        except openslide.OpenSlideError:
            raise _damaged() from None  # its text may hold the name of the file
        finally:
            slide.close()

    @contextlib.contextmanager
    def _lent(self) -> Iterator[_Handle]:
        with self._lock:
            self.require_open()
            if self._current is None:
                self._current = _Handle(self._reopen())
            handle = self._current
            handle.readers += 1
            handle.shared |= handle.readers > 1
        try:
            yield handle
        finally:
            with self._lock:
                handle.readers -= 1
                if handle.readers == 0:
                    if handle.retired:
                        handle.slide.close()
                    handle.shared = False

    def _retire(self, handle: _Handle) -> None:
        """With the lock held: nobody else gets it, and it is closed by its last reader, or now."""
        handle.retired = True
        if self._current is handle:
            self._current = None
            if handle.readers == 0:
                handle.slide.close()

    def _reopen(self) -> OpenSlide:
        import openslide

        try:
            slide = openslide.OpenSlide(self._path)
            sizes = slide.level_dimensions
        except openslide.OpenSlideError:
            raise ReadFailed("The slide can no longer be opened.") from None
        if sizes != self._sizes:
            slide.close()
            raise FileChanged("Another slide lies where this one lay.")
        slide.set_cache(self._cache)
        return slide


def _damaged() -> ImageCorrupt:
    return ImageCorrupt("This part of the slide is damaged and cannot be read.")

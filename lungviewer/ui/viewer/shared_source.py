"""An open image that several threads read, closed when the last of them is done with it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from lungviewer.core.ct import CT
from lungviewer.core.errors import ReadFailed
from lungviewer.core.image import ImageInfo, ImageSource
from lungviewer.core.types import SLIDE


class SharedSource:
    """Owns an `ImageSource`. After `retire` nobody may begin to read, and it closes when nobody reads; a
    slide and CT close at once, which ends what their processes are reading."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._readers = 0
        self._retired = self._closed = False
        self.info: ImageInfo = source.info

    @contextlib.contextmanager
    def reading(self) -> Iterator[ImageSource]:
        """Hold the image open.

        Raises:
            ReadFailed: it was retired.
        """
        with self._lock:
            if self._retired:
                raise ReadFailed("The image was already closed.")
            self._readers += 1
        try:
            yield self._source
        finally:
            with self._lock:
                self._readers -= 1
            self._close_if_due()

    def retire(self) -> None:
        """Close as soon as nobody reads. Safe to call twice; never waits for a reader, but closing a slide
        takes a moment."""
        with self._lock:
            self._retired = True
        self._close_if_due()

    def _close_if_due(self) -> None:
        with self._lock:
            due = self._retired and (self._readers == 0 or self.info.kind in (SLIDE, CT)) and not self._closed
            self._closed |= due
        if due:
            self._source.close()

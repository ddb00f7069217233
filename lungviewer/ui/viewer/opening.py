"""Opens images off the GUI thread, the latest one only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from lungviewer.core.ct import CT, CtSeries, CtSource
from lungviewer.core.job import JobContext
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.viewing import open_series, open_view
from lungviewer.ui.jobs import Job, JobRunner
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.viewer.shared_source import SharedSource

THUMBNAIL_PX = 1024
"""What is seen before the tiles are there; whole tiles of training size are in it as they are."""

STUCK_S = 3.0
"""An image that takes longer to open than this does not hold up the next one."""

_STUCK_WITHIN_MS = 500


@dataclass(frozen=True, slots=True)
class OpenedView:
    """An image that was opened, and a small picture of it, or for CT its `series` and no picture. Whoever
    gets it owns the source."""

    path: Path
    source: SharedSource
    thumbnail: QImage
    series: CtSeries | None = None


class ViewOpener(QObject):
    """Of several images that are asked for in a row, only the last one is heard of."""

    opened = Signal(object)  # OpenedView
    failed = Signal(object)  # LungviewerError

    def __init__(self, decoder: IsolatedDecoder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decoder = decoder
        self._runners = [JobRunner("view", self)]
        self._busy_since = 0.0
        self._job: Job | None = None

    def open(self, path: Path, series: CtSeries | None = None) -> None:
        """Open this one instead of any other; `series`: the slices that it stands for."""
        self.abandon()
        decoder = self._decoder
        self._job = self._runner().submit(lambda ctx: _open(path, series, decoder, ctx))
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)

    def _runner(self) -> JobRunner:
        """The runner, which works at one image at a time; another one when it does not get done with an image
        that nobody waits for any more."""
        now = time.monotonic()
        if self._runners[-1].busy and now - self._busy_since > STUCK_S:
            self._runners.append(JobRunner("view", self))
        if not self._runners[-1].busy:
            self._busy_since = now
        return self._runners[-1]

    @property
    def busy(self) -> bool:
        """Whether something is being opened; may be asked in any thread."""
        return self._job is not None

    def abandon(self) -> None:
        """Hear no more of what is being opened."""
        if self._job is not None:
            self._job.abandon()
        self._job = None

    def shutdown(self) -> bool:
        """End the thread; False when it does not end. A decoder that hangs over a file is ended too: nothing
        else would free it."""
        if self._job is not None:
            self._decoder.close()
        self.abandon()
        *stuck, last = self._runners
        ended = [runner.close(_STUCK_WITHIN_MS) for runner in stuck]
        return last.close() and all(ended)

    @Slot(object)
    def _finished(self, view: OpenedView) -> None:
        self._job = None
        self.opened.emit(view)

    @Slot(object)
    def _failed(self, error: object) -> None:
        self._job = None
        self.failed.emit(error)


def _open(path: Path, series: CtSeries | None, decoder: IsolatedDecoder, ctx: JobContext) -> OpenedView:
    source = open_view(path, decoder=decoder) if series is None else open_series(series, decoder)
    handed_over = False
    try:
        ctx.check()
        if source.info.kind == CT:
            view = OpenedView(path, SharedSource(source), QImage(), cast(CtSource, source).series)
        else:
            view = OpenedView(path, SharedSource(source), rgb_image(source.thumbnail(THUMBNAIL_PX)))
        ctx.check()
        handed_over = True
        return view
    finally:
        if not handed_over:
            source.close()

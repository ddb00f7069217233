"""An open CT series whose slices are read where reading may hang or die, which costs the slice only.

Slices are read when they are asked for, and the recent ones are kept.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Self

from lungviewer.core.ct import CT, HU, CtSeries, CtSlice, as_rgb, window_table, windowed
from lungviewer.core.errors import DecoderCrashed, DecodeTimeout, ReadFailed
from lungviewer.core.image import RGB, ImageInfo, ImageLevel
from lungviewer.core.window import LUNG
from lungviewer.readers.array_source import ArraySource, shrink
from lungviewer.readers.isolated_ct_client import CtWorkers
from lungviewer.readers.scale import slice_scale

KEPT_BYTES = 512 << 20
"""Slices that are kept: a thousand of 512×512 pixels."""

_MOST_DEATHS = 2
"""A slice that ended so many processes is not tried again."""


class IsolatedCt:
    """A `CtSource` over worker processes, which may be used from several threads.

    Each slice has a deadline, at which its process is ended, or its thread left. Nothing is read before it is
    asked for, and no process started before a slice needs one (readers/isolated_ct_client.py).
    """

    def __init__(
        self,
        series: CtSeries,
        workers: CtWorkers,
        notes: tuple[str, ...] = (),
        end: Callable[[], None] = lambda: None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """`notes` are of the file, beside the series' own; `end` ends processes that are for this alone."""
        self._series = series
        self._workers = workers
        self._end = end
        self._kept_bytes = kept_bytes
        self._table = window_table(series.windows[0] if series.windows else LUNG)
        self._lock = threading.Lock()
        self._kept: OrderedDict[CtSlice, HU] = OrderedDict()
        self._deaths: Counter[CtSlice] = Counter()
        self._closed = False
        scale = slice_scale(series.spacing_mm)
        self._info = ImageInfo(
            path=series.slices[0].path,
            kind=CT,
            format="DICOM",
            width=series.width,
            height=series.height,
            levels=(ImageLevel(series.width, series.height, 1.0),),
            um_per_px=scale.um_per_px,
            um_per_px_source=scale.source,
            frames=len(series.slices),
            notes=(*notes, *series.notes, *scale.notes),
            identity=series.identity,
        )

    @property
    def info(self) -> ImageInfo:
        return self._info

    @property
    def series(self) -> CtSeries:
        return self._series

    def values(self, frame: int) -> HU:
        """See `CtSource.values`.

        Raises:
            DecodeTimeout, DecoderCrashed: this slice hangs or ends the process that reads it.
            FileChanged, FileVanished: its file is not the one that was looked at.
            ImageCorrupt and other ImageErrors: what is wrong with this slice.
            Cancelled: `close` was called meanwhile; ReadFailed: it was called before.
            ValueError: no such slice.
        """
        return self._slice(frame).copy()

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """See `ImageSource.read`: one slice through the first window of the file, else the lung window.
        Errors of `values`; ValueError also for another level than 0, or a size below one pixel."""
        if level != 0:
            raise ValueError(f"no level {level}: a slice has one")
        grey = windowed(self._slice(frame), self._table)
        return ArraySource(as_rgb(grey), self._info).read(l0_origin, 0, size)

    def thumbnail(self, max_side: int) -> RGB:
        """The middle slice through the lung window, longest side at most `max_side` pixels. Errors of
        `values`."""
        middle = self._slice(self._info.frames // 2)
        return shrink(as_rgb(windowed(middle, window_table(LUNG))), max_side)

    def close(self) -> None:
        """Give back memory, and end the processes that are for this series alone. Safe to call twice, from
        any thread: who waits gets Cancelled."""
        with self._lock:
            self._closed = True
            self._kept.clear()
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _slice(self, frame: int) -> HU:
        """The kept array itself: nobody may change it."""
        if not 0 <= frame < len(self._series.slices):
            raise ValueError(f"no slice {frame}: there are {len(self._series.slices)}")
        wanted = self._series.slices[frame]
        with self._lock:
            if self._closed:
                raise ReadFailed("The image was already closed.")
            if wanted in self._kept:
                self._kept.move_to_end(wanted)
                return self._kept[wanted]
            if self._deaths[wanted] >= _MOST_DEATHS:
                raise DecoderCrashed("This slice has ended the process that reads it twice.")
        try:
            values = self._workers.values(wanted, (self._info.width, self._info.height))
        except (DecoderCrashed, DecodeTimeout):
            with self._lock:
                self._deaths[wanted] += 1
            raise
        with self._lock:
            if not self._closed:
                self._kept[wanted] = values
                most = max(1, self._kept_bytes // values.nbytes)
                while len(self._kept) > most:
                    self._kept.popitem(last=False)
        return values

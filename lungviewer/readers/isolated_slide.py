"""A whole slide, read in processes that may hang or die: a damaged part then costs that part, not the slide.

Each process has the slide open by itself and is replaced when it ends; the new one opens the slide again, and
refuses if the file is not the one it was.

What crosses the border (worker_messages.py) goes through a pipe, which leaves nothing behind when a process
is killed. Shared memory would save a tenth of a millisecond for a tile and less than one for sixteen fields,
whose reading takes more than ten (`python -m benchmarks.slide_border SLIDE`).
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import (
    DecoderCrashed,
    DecodeTimeout,
    FileChanged,
    ImageTooLarge,
    ReadFailed,
)
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB, ImageInfo, Overview
from lungviewer.core.registry import READERS
from lungviewer.readers.array_source import shrink
from lungviewer.readers.file_state import FileState
from lungviewer.readers.isolated_slide_worker import ToCut, ToOpen, ToRead, ToShow, ToShrink, serve
from lungviewer.readers.overview_in_parts import overview_in_parts
from lungviewer.readers.pixels import MAX_PIXELS
from lungviewer.readers.worker_messages import (
    announced_size,
    info_from,
    receive_answer,
    receive_bytes,
)
from lungviewer.readers.worker_process import Talk, Worker, WorkerPool

DEADLINE_S = 30.0
OPENING_DEADLINE_S = 60.0

_MOST_DEATHS = 2
"""A part that ended so many processes is not tried again."""

_WHOLE_AT_ONCE = 32_000_000
"""Pixels of a coarsest level that one request may go through; larger ones are seen in parts, each with the
whole deadline."""

T = TypeVar("T")


class IsolatedSlide:
    """A `SlideSource` over worker processes, which may be used from several threads.

    Up to `readers` requests are served side by side; further callers wait. Every request has a deadline, at
    which its process is ended. The first process starts with `open`, the others when they are needed.
    """

    def __init__(
        self,
        path: Path,
        um_per_px: float | None = None,
        *,
        readers: int = 1,
        colour_managed: bool = False,
        polite: bool = False,
        deadline_s: float = DEADLINE_S,
        opening_deadline_s: float = OPENING_DEADLINE_S,
        opener: str = READERS["slide"],
    ) -> None:
        """Nothing is opened yet: see `open`.

        Args:
            path: a regular file or a symbolic link to one.
            um_per_px: a scale that a person gave.
            readers: worker processes, each with its own handle of the slide.
            colour_managed: pixels in sRGB, for looking at; else as they are stored, for a model.
            polite: the processes leave the processor to others.
            deadline_s, opening_deadline_s: seconds for one request, and for opening the slide.
            opener: "module:object", called in the worker as opener(path, um_per_px, colour_managed).
        """
        self._wish = ToOpen(path, um_per_px, colour_managed, None)
        self._deadline_s = deadline_s
        self._opening_deadline_s = opening_deadline_s
        self._pool = WorkerPool(readers, serve, (opener, polite))
        self._lock = threading.Lock()
        self._deaths: Counter[Hashable] = Counter()
        self._info: ImageInfo | None = None
        self._associated: tuple[str, ...] = ()

    def open(self) -> Self:
        """Open the slide in the first process.

        Raises:
            DecodeTimeout: it took too long.
            DecoderCrashed: it ended the process.
            Cancelled: `close` was called meanwhile.
            ImageError, UsageError: whatever the reader says about the slide.
        """
        with self._pool.worker() as worker:
            self._prepare(worker)
        return self

    @property
    def info(self) -> ImageInfo:
        if self._info is None:
            raise ReadFailed("The slide was not opened.")
        return self._info

    @property
    def associated(self) -> tuple[str, ...]:
        """See `SlideSource.associated`."""
        return self._associated

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """See `ImageSource.read`.

        Raises:
            DecodeTimeout, DecoderCrashed: this part hangs or ends the process that reads it.
            FileChanged, FileVanished: the file is not the one that was opened.
            ImageCorrupt and other ImageErrors: what is wrong with this part.
            Cancelled: `close` was called meanwhile; ReadFailed: it was called before.
            ImageTooLarge: more than 100 megapixels at once.
            ValueError: no such level or frame, or a size below one pixel.
        """
        width, height = size
        self._require_level(level)
        if frame != 0:
            raise ValueError(f"no frame {frame}: a slide has one")
        if width < 1 or height < 1:
            raise ValueError(f"cannot read {width}×{height} pixels")
        if width * height > MAX_PIXELS:
            raise ImageTooLarge("More than 100 megapixels of a slide were asked for at once.")
        request = ToRead((int(l0_origin[0]), int(l0_origin[1])), level, (int(width), int(height)))
        return self._ask_part(request, _picture_of((height, width)))

    def read_fields(
        self, rects: Sequence[Rect], level: int, size: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """See `SlideSource.read_fields`. Errors of `read` that are about the slide as a whole."""
        self._require_level(level)
        fields = np.full((len(rects), size, size, 3), 255, np.uint8)
        readable = np.zeros(len(rects), bool)
        todo = [i for i, rect in enumerate(rects) if not self._is_deadly((rect, level))]
        while todo:

            def receive(talk: Talk) -> None:
                while todo:
                    if receive_answer(talk.pipe)["readable"]:
                        fields[todo[0]] = receive_bytes(talk.pipe, (size, size, 3))
                        readable[todo[0]] = True
                    todo.pop(0)
                    talk.more_time()
                receive_answer(talk.pipe)

            try:
                self._ask(ToCut([rects[i] for i in todo], level, size), receive)
            except (DecoderCrashed, DecodeTimeout):
                if not todo:
                    raise
                self._note_death((rects[todo.pop(0)], level))
        return fields, readable

    def thumbnail(self, max_side: int) -> RGB:
        """The whole slide, longest side at most `max_side` pixels; never enlarged. Errors of `read`."""
        if max_side < 1:
            raise ValueError(f"cannot make a thumbnail of {max_side} pixels")
        if self._is_seen_at_once(max_side):
            with contextlib.suppress(DecoderCrashed, DecodeTimeout):
                return self._ask_part(ToShrink(max_side, False), _picture(max_side))
        return shrink(overview_in_parts(self, max_side).pixels, max_side)

    def overview(self, max_side: int) -> Overview:
        """See `SlideSource.overview`. Errors of `read` that are about the slide as a whole."""
        if max_side < 1:
            raise ValueError(f"cannot make an overview of {max_side} pixels")
        if self._is_seen_at_once(max_side):
            with contextlib.suppress(DecoderCrashed, DecodeTimeout):
                return self._ask_part(ToShrink(max_side, True), _overview(max_side))
        return overview_in_parts(self, max_side)

    def associated_image(self, name: str) -> RGB:
        """See `SlideSource.associated_image`. Errors of `read`."""
        if name not in self._associated:
            raise KeyError(name)
        return self._ask_part(ToShow(name), _picture(MAX_PIXELS))

    def close(self) -> None:
        """End the processes, busy ones. Safe to call twice, from any thread: who waits gets Cancelled."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask_part(self, request: Hashable, receive: Callable[[Talk], T]) -> T:
        """Ask for a part that counts as one: when it has ended two processes, it is not tried again."""
        if self._is_deadly(request):
            raise DecoderCrashed("This part has ended the process that reads it twice.")
        try:
            return self._ask(request, receive)
        except (DecoderCrashed, DecodeTimeout):
            self._note_death(request)
            raise

    def _ask(self, request: object, receive: Callable[[Talk], T]) -> T:
        if self._pool.closed:
            raise ReadFailed("The image was already closed.")
        with self._pool.worker() as worker:
            try:
                self._prepare(worker)
            except (DecoderCrashed, DecodeTimeout) as error:
                if self._pool.closed:
                    raise
                raise ReadFailed(f"The slide could not be opened again. {error.message}") from None
            with worker.talk(self._deadline_s, "A part of the slide was not read") as talk:
                talk.pipe.send(request)
                return receive(talk)

    def _prepare(self, worker: Worker) -> None:
        """Let the worker open the slide, if this process has not."""
        worker.wake()
        if worker.prepared:
            return
        if self._is_deadly(ToOpen):
            raise DecoderCrashed("Opening the slide has ended the process that reads it twice.")
        try:
            with worker.talk(self._opening_deadline_s, "The slide was not opened") as talk:
                talk.pipe.send(self._wish)
                answer = receive_answer(talk.pipe)
                info = info_from(answer["info"], self._wish.path)
                associated = tuple(str(name) for name in answer["associated"])
                size, mtime_ns = answer["state"]
                state = FileState(int(size), int(mtime_ns))
        except (DecoderCrashed, DecodeTimeout):
            self._note_death(ToOpen)
            raise
        if self._info is None:
            self._info, self._associated = info, associated
            self._wish = self._wish._replace(state=state)
        elif (info, associated) != (self._info, self._associated):
            raise FileChanged("The slide is not the one that was opened.", hint="Open it again.")
        worker.prepared = True

    def _is_deadly(self, part: Hashable) -> bool:
        with self._lock:
            return self._deaths[part] >= _MOST_DEATHS

    def _note_death(self, part: Hashable) -> None:
        with self._lock:
            self._deaths[part] += 1

    def _require_level(self, level: int) -> None:
        if not 0 <= level < len(self.info.levels):
            raise ValueError(f"no level {level}: there are {len(self.info.levels)}")

    def _is_seen_at_once(self, max_side: int) -> bool:
        """Whether the level that a picture of `max_side` is made of is small enough for one request."""
        levels = self.info.levels
        used = [each for each in levels if max(each.width, each.height) >= max_side] or levels[:1]
        return used[-1].width * used[-1].height <= _WHOLE_AT_ONCE


def _picture_of(shape: tuple[int, int]) -> Callable[[Talk], RGB]:
    """Receives a picture of (height, width) pixels, and none of another size."""

    def receive(talk: Talk) -> RGB:
        if announced_size(receive_answer(talk.pipe)) != shape:
            raise ValueError("not the size that was asked for")
        return receive_bytes(talk.pipe, (*shape, 3))

    return receive


def _picture(max_side: int) -> Callable[[Talk], RGB]:
    """Receives a picture of any size, its longest side at most `max_side` pixels."""

    def receive(talk: Talk) -> RGB:
        size = announced_size(receive_answer(talk.pipe))
        if max(size) > max_side:
            raise ValueError("larger than what was asked for")
        return receive_bytes(talk.pipe, (*size, 3))

    return receive


def _overview(max_side: int) -> Callable[[Talk], Overview]:
    def receive(talk: Talk) -> Overview:
        pixels = _picture(max_side)(talk)
        return Overview(pixels, receive_bytes(talk.pipe, pixels.shape[:2]) != 0)

    return receive

"""Asks worker processes about CT slices, and believes their answers as numbers only. Files whose pixels are
not packed are read here instead (ct_plain.py says why they may be), in threads that may be left behind."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import HU, CtSlice
from lungviewer.core.ct_order import Point, SliceHeader, as_point
from lungviewer.core.errors import Cancelled, DecodeTimeout
from lungviewer.core.window import Window
from lungviewer.readers.ct_plain import describe_plain, read_plain
from lungviewer.readers.isolated_ct_worker import ToDescribe, ToReadSlice, another_slice
from lungviewer.readers.leavable import LeavableThreads
from lungviewer.readers.worker_messages import announced_size, receive_answer, receive_bytes
from lungviewer.readers.worker_process import WorkerPool

_SUBJECT = "A slice was not read"

T = TypeVar("T")


class CtFacts(NamedTuple):
    """What a file states about its slices, and codes of what a written rule changes on the way in."""

    header: SliceHeader
    notes: tuple[str, ...]


class CtWorkers:
    """A pool of processes, as somebody who reads slices. May be used from several threads."""

    def __init__(self, pool: WorkerPool, deadline_s: float, plain_here: bool = True) -> None:
        """`plain_here`: pixels that are not packed may be read in this process, until that hangs once."""
        self.pool = pool
        self._deadline_s = deadline_s
        self._plain_here = plain_here
        self._threads = LeavableThreads("slices")

    def in_processes(self) -> CtWorkers:
        """The same processes, which read everything: for a file that has already ended one."""
        return CtWorkers(self.pool, self._deadline_s, plain_here=False)

    def close(self) -> None:
        """End the processes, too. Who waits gets Cancelled. Safe to call twice, from any thread."""
        self.leave()
        self.pool.close()

    def leave(self) -> bool:
        """Ask no more: who asks from now on gets Cancelled, and who waits for a thread. The processes stay.
        False if that was so already."""
        return self._threads.close()

    def describe(self, path: Path) -> CtFacts:
        """What a file states about its slices.

        Raises:
            DecodeTimeout, DecoderCrashed: it hangs or ends the process that reads it.
            Cancelled: the pool was closed.
            ImageError: what is wrong with the file.
        """
        plain = self._here(lambda: describe_plain(path))
        if plain is not None:
            return CtFacts(plain.header, plain.notes)
        with self.pool.worker() as worker:
            worker.wake()
            with worker.talk(self._deadline_s) as talk:
                talk.pipe.send(ToDescribe(path))
                answer = receive_answer(talk.pipe)
                places = int(answer["places"])
                if places:
                    shape = (places, 3 * 8)
                    positions = receive_bytes(talk.pipe, shape).view("<f8")
                    return _facts(answer, path, positions)
                return _facts(answer, path, np.empty((0, 3)))

    def values(self, wanted: CtSlice, size: tuple[int, int]) -> HU:
        """The Hounsfield units of one slice of `size` (width, height). Errors of `describe`.

        Raises:
            FileChanged: its file does not state what it stated before, or it is of another size.
        """
        found = self._here(lambda: read_plain(wanted, size))
        if found is not None:
            return found
        with self.pool.worker() as worker:
            worker.wake()
            with worker.talk(self._deadline_s, _SUBJECT) as talk:
                talk.pipe.send(ToReadSlice(wanted.path, wanted.frame, wanted.stated))
                height, width = announced_size(receive_answer(talk.pipe))
                values: HU = receive_bytes(talk.pipe, (height, width, 2)).view("<i2")[..., 0]
        if (width, height) != size:
            raise another_slice()
        return values

    def _here(self, work: Callable[[], T | None]) -> T | None:
        """What a thread of this process finds; None: a process is to be asked."""
        if self._threads.closed:
            raise Cancelled("The decoder was closed.")
        if not self._plain_here:
            return None
        try:
            return self._threads.do(work, self._deadline_s, _SUBJECT)
        except DecodeTimeout:
            self._plain_here = False  # the next ones may hang as well, and processes can be ended
            raise


def _facts(answer: dict[str, Any], path: Path, positions: npt.NDArray[np.float64]) -> CtFacts:
    """Raises ValueError, KeyError, TypeError: it is no answer to `ToDescribe`."""
    header = SliceHeader(
        path=path,
        series=str(answer["series"]),
        width=_at_least_one(answer["width"]),
        height=_at_least_one(answer["height"]),
        frames=_at_least_one(answer["frames"]),
        number=None if answer["number"] is None else int(answer["number"]),
        instance=None if answer["instance"] is None else int(answer["instance"]),
        positions=tuple((float(x), float(y), float(z)) for x, y, z in positions),
        row=_told_point(answer["row"]),
        column=_told_point(answer["column"]),
        spacing_mm=_pair(answer["spacing_mm"]),
        thickness_mm=None if answer["thickness_mm"] is None else _finite(answer["thickness_mm"]),
        windows=tuple(Window(_finite(centre), _finite(width)) for centre, width in answer["windows"]),
        packed=bool(answer["packed"]),
    )
    return CtFacts(header, tuple(str(note) for note in answer["notes"]))


def _at_least_one(value: object) -> int:
    number = int(str(value))
    if number < 1:
        raise ValueError("not a size")
    return number


def _finite(value: object) -> float:
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _told_point(value: Any) -> Point | None:
    if value is None:
        return None
    point = as_point([_finite(number) for number in value])
    if point is None:
        raise ValueError("not a point")
    return point


def _pair(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    rows, columns = value
    return _finite(rows), _finite(columns)

"""Asks worker processes about CT slices, and believes their answers as numbers only."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import HU, CtSlice
from lungviewer.core.ct_order import Point, SliceHeader
from lungviewer.core.window import Window
from lungviewer.readers.isolated_ct_worker import ToDescribe, ToReadSlice, another_slice
from lungviewer.readers.worker_messages import announced_size, receive_answer, receive_bytes
from lungviewer.readers.worker_process import WorkerPool

_SUBJECT = "A slice was not read"


class CtFacts(NamedTuple):
    """What a file states about its slices, and codes of what a written rule changes on the way in."""

    header: SliceHeader
    notes: tuple[str, ...]


class CtWorkers:
    """A pool of processes, as somebody who reads slices. May be used from several threads."""

    def __init__(self, pool: WorkerPool, deadline_s: float) -> None:
        self._pool = pool
        self._deadline_s = deadline_s

    def describe(self, path: Path) -> CtFacts:
        """What a file states about its slices.

        Raises:
            DecodeTimeout, DecoderCrashed: it hangs or ends the process that reads it.
            Cancelled: the pool was closed.
            ImageError: what is wrong with the file.
        """
        with self._pool.worker() as worker:
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
        with self._pool.worker() as worker:
            worker.wake()
            with worker.talk(self._deadline_s, _SUBJECT) as talk:
                talk.pipe.send(ToReadSlice(wanted.path, wanted.frame, wanted.stated))
                height, width = announced_size(receive_answer(talk.pipe))
                values: HU = receive_bytes(talk.pipe, (height, width, 2)).view("<i2")[..., 0]
        if (width, height) != size:
            raise another_slice()
        return values


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
        row=_point(answer["row"]),
        column=_point(answer["column"]),
        spacing_mm=_pair(answer["spacing_mm"]),
        thickness_mm=None if answer["thickness_mm"] is None else _finite(answer["thickness_mm"]),
        windows=tuple(Window(_finite(centre), _finite(width)) for centre, width in answer["windows"]),
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


def _point(value: Any) -> Point | None:
    if value is None:
        return None
    x, y, z = value
    return _finite(x), _finite(y), _finite(z)


def _pair(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    rows, columns = value
    return _finite(rows), _finite(columns)

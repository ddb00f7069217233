"""The side of a worker process that reads CT slices: what a file states, and the units of one slice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from lungviewer.core.ct import HU
from lungviewer.core.ct_order import SliceHeader, stated
from lungviewer.core.errors import FileChanged, FileVanished
from lungviewer.core.registry import load
from lungviewer.readers.file_state import FileState, file_state
from lungviewer.readers.worker_messages import Pipe, send_answer, send_bytes_of
from lungviewer.readers.worker_side import Answering, serve_requests


class CtFile(Protocol):
    """An open file of slices (readers/dicom.py)."""

    header: SliceHeader
    notes: tuple[str, ...]

    def values(self, frame: int) -> HU: ...


class ToDescribe(NamedTuple):
    """A file of which the header and the notes are asked."""

    path: Path


class ToReadSlice(NamedTuple):
    """One slice: a file, which of its frames, and what it stated when it was listed (`CtSlice.stated`)."""

    path: Path
    frame: int
    stated: str = ""


def another_slice() -> FileChanged:
    """Something else lies where a slice was listed."""
    return FileChanged("The slice is not the one that was looked at.", hint="Open the series again.")


def serve(pipe: Pipe, opener: str, polite: bool) -> None:
    """Main loop of a worker that reads slices only. Imports the one reader it was named."""

    def prepare() -> Answering:
        desk = CtDesk(opener)
        desk.prepare()
        return desk.answer

    serve_requests(pipe, prepare, polite)


class CtDesk:
    """Answers requests about slices. The last file stays open: it may hold more of them."""

    def __init__(self, opener: str) -> None:
        self._target = opener
        self._opener: Callable[[Path], CtFile] | None = None
        self._path: Path | None = None
        self._state: FileState | None = None
        self._file: CtFile | None = None

    def prepare(self) -> Callable[[Path], CtFile]:
        """Import the reader, before memory is limited; else it is imported when it is first needed."""
        if self._opener is None:
            self._opener = load(self._target)
        return self._opener

    def answer(self, pipe: Pipe, request: object) -> None:
        """Answer `ToDescribe` or `ToReadSlice`, or raise before anything was sent."""
        if isinstance(request, ToDescribe):
            self._describe(pipe, request.path)
        elif isinstance(request, ToReadSlice):
            self._read(pipe, request)
        else:
            raise TypeError(type(request).__name__)

    def _read(self, pipe: Pipe, request: ToReadSlice) -> None:
        file, frame = self._open(request.path), request.frame
        there = frame < file.header.frames
        if not there or request.stated not in ("", stated(file.header, frame)):
            raise another_slice()
        values = np.ascontiguousarray(file.values(frame), "<i2")
        send_answer(pipe, height=values.shape[0], width=values.shape[1])
        send_bytes_of(pipe, values)

    def _describe(self, pipe: Pipe, path: Path) -> None:
        file = self._open(path)
        header = file.header
        send_answer(
            pipe,
            notes=file.notes,
            series=header.series,
            width=header.width,
            height=header.height,
            frames=header.frames,
            number=header.number,
            instance=header.instance,
            places=len(header.positions),
            row=header.row,
            column=header.column,
            spacing_mm=header.spacing_mm,
            thickness_mm=header.thickness_mm,
            packed=header.packed,
            windows=[(window.centre, window.width) for window in header.windows],
        )
        if header.positions:  # too many for an answer, where a file has thousands of frames
            send_bytes_of(pipe, np.array(header.positions, "<f8"))

    def _open(self, path: Path) -> CtFile:
        state = file_state(path)
        if self._file is None or path != self._path or state != self._state or state is None:
            self._file = None  # its memory is free before the next one is read
            file = self.prepare()(path)
            if state is None:
                raise FileVanished("The file is no longer there.")
            self._path, self._state, self._file = path, state, file
        return self._file

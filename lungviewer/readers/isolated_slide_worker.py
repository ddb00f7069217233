"""The worker process of isolated_slide.py: keeps one slide open and reads what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lungviewer.core.errors import FileChanged, FileEmpty, FileVanished
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB, SlideSource
from lungviewer.core.registry import load
from lungviewer.readers.file_state import FileState, file_state
from lungviewer.readers.files import read_head
from lungviewer.readers.worker_messages import Pipe, facts_of, send_answer, send_bytes_of
from lungviewer.readers.worker_side import Answering, serve_requests

Opener = Callable[[Path, float | None, bool], SlideSource]


class ToOpen(NamedTuple):
    """Which slide, and what its file was like when it was first opened (None: this is the first time)."""

    path: Path
    um_per_px: float | None
    colour_managed: bool
    state: FileState | None


class ToRead(NamedTuple):
    """Arguments of `SlideSource.read`."""

    l0_origin: tuple[int, int]
    level: int
    size: tuple[int, int]


class ToCut(NamedTuple):
    """Arguments of `SlideSource.read_fields`. Each field is an answer of its own, so that what is finished is
    kept when a later one ends the process; one more answer says that all are done."""

    rects: Sequence[Rect]
    level: int
    size: int


class ToShrink(NamedTuple):
    """The whole slide: as a thumbnail, or as an overview that says what could not be read."""

    max_side: int
    overview: bool


class ToShow(NamedTuple):
    """The name of a picture beside the tissue."""

    name: str


def serve(pipe: Pipe, opener: str, polite: bool) -> None:
    """Main loop of a worker. Imports the one reader it was named."""

    def prepare() -> Answering:
        return _Desk(load(opener)).answer

    serve_requests(pipe, prepare, polite)


class _Desk:
    """Answers requests about the slide that it was told to open."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._slide: SlideSource | None = None
        self._check: Callable[[], None] = lambda: None

    def answer(self, pipe: Pipe, request: object) -> None:
        if isinstance(request, ToOpen):
            self._open(pipe, request)
            return
        slide = self._slide
        if slide is None:
            raise FileVanished("The slide is not open.")
        if isinstance(request, ToCut):
            self._cut(pipe, slide, request)
            return
        readable = None
        if isinstance(request, ToRead):
            pixels = slide.read(*request)
        elif isinstance(request, ToShow):
            pixels = slide.associated_image(request.name)
        elif isinstance(request, ToShrink) and request.overview:
            pixels, readable = _overview(slide, request.max_side)
        elif isinstance(request, ToShrink):
            pixels = slide.thumbnail(request.max_side)
        else:
            raise TypeError(type(request).__name__)
        self._check()
        send_answer(pipe, height=pixels.shape[0], width=pixels.shape[1])
        send_bytes_of(pipe, np.ascontiguousarray(pixels))
        if readable is not None:
            send_bytes_of(pipe, readable)

    def _open(self, pipe: Pipe, request: ToOpen) -> None:
        if not read_head(request.path):  # nothing but a regular file is handed to any library
            raise FileEmpty("The file is empty.")
        state = request.state or file_state(request.path)
        if state is None:
            raise FileVanished("The file is no longer there.")
        self._check = partial(_require_same, request.path, state)
        slide = self._opener(request.path, request.um_per_px, request.colour_managed)
        self._check()
        self._slide = slide
        send_answer(pipe, info=facts_of(slide.info), associated=slide.associated, state=state)

    def _cut(self, pipe: Pipe, slide: SlideSource, request: ToCut) -> None:
        for rect in request.rects:
            fields, readable = slide.read_fields([rect], request.level, request.size)
            send_answer(pipe, readable=bool(readable[0]))
            if readable[0]:
                send_bytes_of(pipe, np.ascontiguousarray(fields[0]))
        self._check()
        send_answer(pipe, done=True)


def _overview(
    slide: SlideSource, max_side: int
) -> tuple[RGB, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    seen = slide.overview(max_side)
    return seen.pixels, np.ascontiguousarray(seen.readable, np.uint8)


def _require_same(path: Path, state: FileState) -> None:
    """Libraries open a file again whenever they like: another one's pixels must not pass for this one's."""
    now = file_state(path)
    if now is None:
        raise FileVanished("The file is no longer there.")
    if now != state:
        raise FileChanged("The file was changed while it was open.", hint="Open it again.")

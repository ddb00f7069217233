"""Mapping a slide, as a job: it runs in the thread that owns the mapper's engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import FileChanged
from lungviewer.core.job import JobContext
from lungviewer.services.file_state import FileState, file_state
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.slide_map import map_slide
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.ui.batch.work import reading_threads

_WAIT_S = 0.25
_LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Mapped:
    """A finished map, and what the engine has to say about it (a GPU that was lost on the way)."""

    map: SlideMap
    notes: tuple[str, ...]


class Courteous:
    """Passes on what a job says, and lets what a person waits for go first: `check` holds the caller while
    `yield_to` says so, a quarter of a second at most: a busy viewer slows a map and never stops it."""

    def __init__(self, ctx: JobContext, yield_to: Callable[[], bool]) -> None:
        self._ctx, self._yield_to = ctx, yield_to

    def progress(self, done: int, total: int, text: str = "") -> None:
        self._ctx.progress(done, total, text)

    def partial(self, value: object) -> None:
        self._ctx.partial(value)

    def check(self) -> None:
        self._ctx.check()
        end = time.monotonic() + _WAIT_S
        while self._yield_to() and time.monotonic() < end:
            time.sleep(_LOOK_EVERY_S)
            self._ctx.check()


def map_job(
    path: Path,
    options: MapOptions,
    state: FileState | None,
    keeper: EngineKeeper,
    choice: EngineChoice,
    yield_to: Callable[[], bool],
    ctx: JobContext,
) -> Mapped:
    """Map a slide. `state` of the file that was looked at: no map of another one is made.

    Raises:
        LungviewerError: as `open_engine` and `map_slide`; `FileChanged` also when another file lies there.
    """
    engine = keeper.get(choice)
    ctx.check()
    if file_state(path) != state:
        raise FileChanged("The slide has changed since it was looked at.")
    answer = map_slide(path, engine, options, Courteous(ctx, yield_to), readers=reading_threads())
    notes = tuple(engine.notes)
    engine.notes.clear()
    return Mapped(answer, notes)

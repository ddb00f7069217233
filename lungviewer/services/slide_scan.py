"""The slides of a folder scan: told apart from plain images, and mapped one by one after them.

A slide takes minutes where an image takes milliseconds, so the images come first. A map that is stopped keeps
what it has in a store of its own (services/slide_map.py): the next scan goes on inside the slide.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lungviewer.core.errors import ImageError, NotCt, OutputBusy, ReadFailed
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import SLIDE, Status
from lungviewer.readers import opening, slide_kinds
from lungviewer.readers.sniff import SUFFIXES_OF
from lungviewer.services import slide_map
from lungviewer.services.classify import error_record
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.find import FoundFiles
from lungviewer.services.pipeline import Finished, outcome_of, row_name
from lungviewer.services.prepare import THUMBNAIL_SIDE
from lungviewer.services.slide_result import MapOptions, SlideMap, as_image_result
from lungviewer.store.journal import FileIdentity

_NEVER_SLIDES = frozenset().union(
    *(SUFFIXES_OF[name] for name in ("jpeg", "png", "bmp", "webp", "gif", "jp2"))
)


@dataclass(frozen=True, slots=True)
class SlideAdvance:
    """How far a scan is inside a slide: `number` (from 1) of the `slides` that are left to do, called `name`
    in the report; `done` of its `wanted` tiles (0: not known yet)."""

    name: str
    number: int
    slides: int
    done: int
    wanted: int


def told_apart(
    found: FoundFiles, files: Iterable[FileIdentity], check: Callable[[], None] = lambda: None
) -> tuple[list[FileIdentity], list[FileIdentity]]:
    """(plain images, slides), each in the order given. Only files whose name does not rule out a slide are
    looked into."""
    plain: list[FileIdentity] = []
    slides: list[FileIdentity] = []
    for file in files:
        check()
        (slides if is_slide(found, file) else plain).append(file)
    return plain, slides


def is_slide(found: FoundFiles, file: FileIdentity, *, by_name: bool = True) -> bool:
    """Whether one of the files found is a slide; `by_name`: as far as its name lets it be one."""
    path = found.path(file)
    if file.size < 0 or (by_name and path.suffix.lower() in _NEVER_SLIDES):
        return False
    return slide_kinds.is_slide(path)


class SlideScan:
    """Maps slides for a scan, in the thread that owns the engine."""

    def __init__(
        self,
        found: FoundFiles,
        engine: InferenceEngine,
        *,
        options: MapOptions,
        readers: int,
        batch: int,
        fresh: bool,
        keep_thumbnails: bool,
        announce: Callable[[Sequence[bytes]], None],
        ctx: JobContext,
    ) -> None:
        """`announce` is told which slide is about to be read; the others as for `map_slide`, `Pipeline`."""
        self._found, self._engine, self._ctx, self._announce = found, engine, ctx, announce
        self._options, self._readers, self._batch, self._fresh = options, readers, batch, fresh
        self._keep_thumbnails = keep_thumbnails

    def run(self, slides: Sequence[FileIdentity]) -> Iterator[Finished]:
        """One outcome per slide; a slide that cannot be mapped is an error row.

        Raises:
            Cancelled: the context asked to stop.
            OutputError: what was found out cannot be kept.
        """
        for number, file in enumerate(slides, start=1):
            self._ctx.check()
            self._announce([file.path])
            advance = SlideAdvance(row_name(file), number, len(slides), 0, 0)
            yield self._finish(file, outcome_of(partial(self._map, file, advance)))

    def _map(self, file: FileIdentity, advance: SlideAdvance) -> SlideMap:
        context = _InSlide(self._ctx, advance)
        context.progress(0, 0)
        try:
            return slide_map.map_slide(
                self._found.path(file),
                self._engine,
                self._options,
                context,
                readers=self._readers,
                batch=self._batch,
                fresh=self._fresh,
                name=advance.name,
            )
        except OutputBusy as error:  # a window that maps it just now: another scan will find it done
            raise ReadFailed(error.message, hint=error.hint) from error

    def _finish(self, file: FileIdentity, outcome: SlideMap | ImageError) -> Finished:
        if isinstance(outcome, ImageError):
            record = error_record(row_name(file), outcome, self._engine.provenance, kind=SLIDE)
            if isinstance(outcome, NotCt):  # nothing is wrong with the file
                record = replace(record, status=Status.REFUSED, error="")
            return Finished(file, record, None, outcome.transient)
        picture = None
        if self._keep_thumbnails:  # one that cannot be made costs a note; the map stands
            picture = slide_picture(self._found.path(file), self._options.um_per_px)
        return Finished(file, outcome.record, as_image_result(outcome, picture), False)


def slide_picture(path: Path, um_per_px: float | None) -> RGB | None:
    """A small picture of a slide in true colours; None when it cannot be read."""
    try:
        with contextlib.closing(opening.open_slide(path, um_per_px, colour_managed=True)) as source:
            return source.overview(THUMBNAIL_SIDE).pixels
    except ImageError:
        return None


class _InSlide:
    """What a map is told, as a `JobContext`: its progress becomes `SlideAdvance`, its snapshots are for
    nobody."""

    def __init__(self, ctx: JobContext, advance: SlideAdvance) -> None:
        self._ctx, self._advance = ctx, advance

    def progress(self, done: int, total: int, text: str = "") -> None:
        at = self._advance
        self._ctx.partial(SlideAdvance(at.name, at.number, at.slides, done, total))

    def partial(self, value: object) -> None:
        pass

    def check(self) -> None:
        self._ctx.check()

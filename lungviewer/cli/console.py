"""Progress on a terminal, and Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from lungviewer.core.job import CancellableContext


class _Pipe(Console):
    """Rich ends the program with code 1 when the reader of its output goes away; main knows better."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def out() -> Console:
    """For results: standard output, no colour tricks in file names, no line breaks of its own."""
    return _Pipe(highlight=False, markup=False, emoji=False, soft_wrap=True)


def err() -> Console:
    """For progress and remarks: standard error, so that results can be piped."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def how_to_go_on(*, fresh: bool) -> str:
    """What to say of a run that was stopped; `fresh`: its command would start over once more."""
    return f"Stopped. Give the same command again{', without --fresh,' if fresh else ''} to go on."


class _TwoLines(Progress):
    """The bar with its numbers, and under it a line of words that may be long."""

    words = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        yield Text(self.words, overflow="ellipsis", no_wrap=True)


class ConsoleContext(CancellableContext):
    """A progress bar that a job can talk to; `describe` turns a partial result into a few words."""

    def __init__(self, bar: _TwoLines, describe: Callable[[object], str], unit: str) -> None:
        super().__init__()
        self._bar, self._unit = bar, unit
        self._task = bar.add_task("", total=None, rate="")
        self._describe = describe

    def progress(self, done: int, total: int, text: str = "") -> None:
        speed = self._bar.tasks[0].speed
        rate = f"{speed:.1f} {self._unit}/s" if speed else ""
        self._bar.update(self._task, completed=done, total=total or None, rate=rate)

    def partial(self, value: object) -> None:
        self._bar.words = self._describe(value)


@contextmanager
def console_context(
    describe: Callable[[object], str], *, quiet: bool = False, unit: str = "files"
) -> Iterator[ConsoleContext]:
    """A context that counts in `unit`, and whose Ctrl-C (on Linux, a polite kill too) cancels the job instead
    of tearing it down."""
    progress = _TwoLines(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err(),
        disable=quiet or not err().is_terminal,
        refresh_per_second=5,
        transient=True,
    )
    context = ConsoleContext(progress, describe, unit)

    def stop(_number: int, _frame: FrameType | None) -> None:
        if context.cancelled:
            # Something does not answer, a dead network drive say. Rows that were reported are safe.
            os._exit(130)
        context.cancel()
        with suppress(OSError):  # nobody may be listening
            os.write(2, b"\nStopping ... (Ctrl-C again to stop at once)\n")

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        with progress:
            yield context
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

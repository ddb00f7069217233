"""Progress on a terminal, and Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lungviewer.core.job import CancellableContext


def out() -> Console:
    """For results: standard output, no colour tricks in file names, no line breaks of its own."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def err() -> Console:
    """For progress and remarks: standard error, so that results can be piped."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


class ConsoleContext(CancellableContext):
    """A progress bar that a job can talk to; `describe` turns a partial result into a few words."""

    def __init__(self, progress: Progress, describe: Callable[[object], str]) -> None:
        super().__init__()
        self._bar = progress
        self._task = progress.add_task("", total=None, rate="", words="")
        self._describe = describe

    def progress(self, done: int, total: int, text: str = "") -> None:
        speed = self._bar.tasks[0].speed
        rate = f"{speed:.1f} files/s" if speed else ""
        self._bar.update(self._task, completed=done, total=total or None, rate=rate)

    def partial(self, value: object) -> None:
        self._bar.update(self._task, words=self._describe(value))


@contextmanager
def console_context(describe: Callable[[object], str], *, quiet: bool = False) -> Iterator[ConsoleContext]:
    """A context whose Ctrl-C (and, on Linux, a polite kill) cancels the job instead of tearing it down."""
    progress = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        console=err(),
        disable=quiet or not err().is_terminal,
        refresh_per_second=5,
        transient=True,
    )
    context = ConsoleContext(progress, describe)

    def stop(_number: int, _frame: FrameType | None) -> None:
        context.cancel()

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        with progress:
            yield context
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

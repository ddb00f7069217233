"""The scan itself, as a job: it runs in the thread that owns the scan's engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.services.engine import default_threads
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.scan import ScanOptions, ScanSummary, scan_folder


@dataclass(frozen=True, slots=True)
class EngineReady:
    """The scan's model is loaded."""

    spec: ModelSpec


@dataclass(frozen=True, slots=True)
class ScanEnd:
    """How a scan ended, and what the engine has to say about it (a GPU that was lost on the way)."""

    summary: ScanSummary
    notes: tuple[str, ...]


def reading_threads() -> int:
    """Threads that read files: as for the command line, less one for the window."""
    return max(1, min(4, os.cpu_count() or 2) - 1)


def gentle(choice: EngineChoice, precision: str) -> EngineChoice:
    """A choice for a scan beside a window in use: unless the person says how many threads, one less."""
    return replace(choice, precision=precision, threads=choice.threads or max(1, default_threads() - 1))


def scan_job(
    keeper: EngineKeeper,
    choice: EngineChoice,
    paths: Sequence[Path],
    output: Path,
    options: ScanOptions,
    ctx: JobContext,
) -> ScanEnd:
    """Open the engine, scan, give the engine back: its memory is not kept for the next scan.

    Raises:
        LungviewerError: see `open_engine` and `scan_folder`.
    """
    engine = keeper.get(choice)
    try:
        ctx.check()
        ctx.partial(EngineReady(engine.spec))
        summary = scan_folder(paths, engine, output, options, ctx)
        return ScanEnd(summary, tuple(engine.notes))
    finally:
        keeper.close()

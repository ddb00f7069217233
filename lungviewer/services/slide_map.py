"""A whole slide into a map of classes and of what speaks for them, tile by tile."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.job import JobContext
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.slide_result import MapOptions, SlideMap


def map_slide(
    path: Path,
    engine: InferenceEngine,
    options: MapOptions,
    ctx: JobContext,
    *,
    readers: int = 2,
    batch: int = 32,
    fresh: bool = False,
    name: str | None = None,
) -> SlideMap:
    """Look at every tile of a slide that holds tissue. Goes on where an earlier call was stopped or killed;
    a slide that was finished before is answered from what was kept.

    `ctx.partial` gets a `SlideProgress` at most ten times a second, `ctx.progress` tiles done and wanted.

    Args:
        readers: processes that read the slide side by side.
        batch: tiles per run of the model.
        fresh: forget what was kept.
        name: what the record's `path` says; default the display name of `path`.

    Raises:
        ImageError: the slide cannot be opened, or states no µm per pixel (`SpacingUnknown`), or changed
            meanwhile (`FileChanged`). Single unreadable tiles are refused tiles of the map, no error.
        Cancelled: `ctx` asked to stop; what was done is kept.
        OutputBusy: another process maps this slide just now.
    """
    raise NotImplementedError


def look_at_slide(
    path: Path, engine: InferenceEngine, options: MapOptions, name: str | None = None
) -> SlideMap:
    """What is known of a slide without running the model: its tissue, the plan, and what is kept of an
    earlier, perhaps unfinished, map by this model under these options. Raises ImageError as `map_slide`."""
    raise NotImplementedError

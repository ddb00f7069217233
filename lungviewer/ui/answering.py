"""The answer for one image, as a job of the thread that owns the engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import ImageError
from lungviewer.core.job import JobContext
from lungviewer.core.types import ImageRecord
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import ImageResult, classify_file, display_name, error_record
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.file_state import FileState, file_state


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known about one image: its row and, unless it failed, the maps. `assumed`: µm/px of the
    settings that it was judged by, because the file says none. `state` of the file before it was read."""

    record: ImageRecord
    result: ImageResult | None
    assumed: float | None = None
    state: FileState | None = None


def answer_for(
    path: Path,
    engine: InferenceEngine,
    given: float | None,
    usual: float | None,
    decoder: IsolatedDecoder,
    ctx: JobContext,
) -> tuple[Path, Outcome]:
    """Classify one image; a job. `given` µm/px wins over the file; `usual` counts where neither says any."""

    def judge(scale: float | None) -> ImageResult:
        return classify_file(path, engine, um_per_px=scale, keep_thumbnail=False, isolated=decoder, ctx=ctx)

    # Before it is read: a file that changes meanwhile is then known to have changed.
    state = file_state(path)
    try:
        result = judge(given)
        assumed = usual if result.record.um_per_px is None else None
        if assumed is not None:
            result = judge(assumed)
    except ImageError as error:
        return path, Outcome(error_record(display_name(path), error, engine.provenance), None, None, state)
    return path, Outcome(result.record, result, assumed, state)

"""The pictures that a scan draws beside its table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lungviewer.core.errors import OutputUnwritable
from lungviewer.core.types import ImageRecord, Status
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.overlay import overlay_path, write_overlay
from lungviewer.services.pipeline import Finished, row_name
from lungviewer.services.result_names import nothing_can_be_written
from lungviewer.store.journal import FileIdentity

_NO_OVERLAY = "overlay_not_written"


def draw_overlay(folder: Path, item: Finished, engine: InferenceEngine) -> Finished:
    """Draw one picture. One that cannot be written costs a note.

    Raises:
        OutputUnwritable: no other could be written either.
    """
    if item.result is None:
        return item
    if item.result.thumbnail is None:
        return _noted(item)
    try:
        write_overlay(overlay_path(folder, item.file.path), item.result, engine)
    except OutputUnwritable as error:
        if nothing_can_be_written(error):
            raise
        return _noted(item)
    return item


def without_overlay(
    folder: Path, files: Iterable[FileIdentity], records: Iterable[ImageRecord]
) -> list[bytes]:
    """Images whose picture an earlier run drew, as its `records` say, and somebody has removed since."""
    never_drawn = {
        record.path for record in records if record.status is Status.ERROR or _NO_OVERLAY in record.reason
    }
    return [
        file.path
        for file in files
        if not os.path.lexists(overlay_path(folder, file.path)) and row_name(file) not in never_drawn
    ]


def _noted(item: Finished) -> Finished:
    reason = "; ".join(filter(None, (item.record.reason, _NO_OVERLAY)))
    return replace(item, record=replace(item.record, reason=reason))

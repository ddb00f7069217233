"""The picture that shows where an answer comes from, for one image."""

from __future__ import annotations

import zlib
from pathlib import Path

from lungviewer.services.classify import ImageResult
from lungviewer.services.engine import InferenceEngine

_LONGEST_NAME = 200


def overlay_path(folder: Path, name: str) -> Path:
    """Where a scan puts the overlay of the image called `name` (the report's `path` column)."""
    parts = name.split("/")
    last = f"{parts[-1]}.overlay.png"
    if len(last.encode()) > _LONGEST_NAME:
        last = f"{parts[-1][:40]}-{zlib.crc32(name.encode()):08x}.overlay.png"
    return folder.joinpath(*parts[:-1], last)


def write_overlay(target: Path, result: ImageResult, engine: InferenceEngine) -> None:
    raise NotImplementedError

"""What is known of slides without opening them: the rows of finished maps."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import lungviewer
from lungviewer.core.paths import user_data_dir
from lungviewer.core.slide_summary import rule_sentence
from lungviewer.core.types import ImageRecord
from lungviewer.services.classify import display_name
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.file_state import FileState, file_state
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.store.slide_index import find_row, keep_row

MAPS_FOLDER = "slides"
"""In the user's data folder."""

_FORMAT = 1
"""Of what is kept. Another one is another map."""


def kept_row(path: Path, engine: InferenceEngine, options: MapOptions) -> ImageRecord | None:
    """The row of a slide that this model has mapped to the end under these options, at this place and in this
    state; None where there is none. Opens no slide, and never fails."""
    state = file_state(path)
    if state is None:
        return None
    row = find_row(user_data_dir() / MAPS_FOLDER, _row_key(path, state, engine, options))
    return None if row is None else replace(row, path=display_name(path))


def keep_finished(folder: Path, key: str, slide: SlideMap, state: FileState, engine: InferenceEngine) -> None:
    """Let `kept_row` find a map, if it is finished.

    Args:
        folder: of all kept maps.
        key: by which the map is kept.
        state: of the slide's file before it was opened.
    """
    if slide.complete:
        row_key = _row_key(slide.info.path, state, engine, slide.options)
        keep_row(folder, row_key, key, replace(slide.record, path=""))


def place_of(path: Path) -> str:
    """What stands for a slide that is not recognised by its content: where it lies."""
    return os.fsencode(path.absolute()).hex()


def _row_key(path: Path, state: FileState, engine: InferenceEngine, options: MapOptions) -> str:
    """A row holds what the rule made of the tiles: under another rule it is another row of the same map."""
    return kept_key(f"{place_of(path)} {rule_sentence(engine.spec)}", state, engine, options)


def kept_key(identity: str, state: FileState, engine: InferenceEngine, options: MapOptions) -> str:
    """A hash of everything that a map depends on. Not the device: the map says which took part."""
    parts = {
        "format": _FORMAT,
        "identity": identity,
        "state": state,
        "pack": engine.provenance.model_sha256,
        "precision": engine.precision,
        "version": lungviewer.__version__,
        "options": asdict(options),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

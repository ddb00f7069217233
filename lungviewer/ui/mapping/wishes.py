"""How people want single slides to be looked at: kept while the program runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lungviewer.services.file_state import FileState


@dataclass(frozen=True, slots=True)
class SlideWish:
    """`overlap` of neighbouring tiles as a share of their side; `tissue_threshold` None: chosen for the
    slide."""

    overlap: float = 0.0
    tissue_threshold: float | None = None


def slide_key(path: Path, state: FileState | None) -> str:
    """What a slide's scale is remembered by: a hash, so that settings name no slide. Another file in the
    same place has another one; "" for a file that cannot be looked at."""
    if state is None:
        return ""
    return hashlib.sha256(f"{path.name!r} {state.size} {state.mtime_ns}".encode()).hexdigest()[:32]

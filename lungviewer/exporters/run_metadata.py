"""What ran over which slides: one JSON file per run beside its results, as WSInfer keeps one.

It names no account: slides are named relative to what was mapped. It is also how a later run knows which
results in a folder belong to which slide.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungviewer.core.model import ModelSpec
from lungviewer.core.paths import atomic_write
from lungviewer.core.types import Provenance
from lungviewer.exporters.overlay_png import RESEARCH_ONLY

Option = str | int | float | bool | None

_HEAD = '{\n "software": "lungviewer"'
_LARGEST = 64 << 20

RUN_FILES = "run_metadata_*.json"
"""What such files are called."""


@dataclass(frozen=True, slots=True)
class SlideEntry:
    """One slide of a run. `name` as in the table of slides; `results`: the name that its files share;
    `analysed_at` as in its row, empty while it is being exported; `um_per_px_source`, `offset`, `identity` as
    in `ImageInfo`; `tile_px` and `step_px` in level-0 pixels; `tissue_threshold`: the one that was used;
    `tiles`: how many were looked at; `model_sha256` of the pack and `backend` as in the row;
    `files` relative to the folder."""

    name: str
    results: str
    identity: str
    analysed_at: str = ""
    status: str = ""
    reason: str = ""
    predicted_class: str = ""
    width_px: int | None = None
    height_px: int | None = None
    um_per_px: float | None = None
    um_per_px_source: str = ""
    offset: tuple[int, int] = (0, 0)
    tile_px: int | None = None
    step_px: int | None = None
    tissue_threshold: float | None = None
    complete: bool = False
    tiles: int | None = None
    model_sha256: str = ""
    backend: str = ""
    files: tuple[str, ...] = ()

    def is_same_map(self, other: SlideEntry) -> bool:
        """Whether both were written of one map of a slide, so that their files agree with each other."""
        return all(getattr(self, name) == getattr(other, name) for name in _TELLS_MAPS_APART)


_TELLS_MAPS_APART = (
    "model_sha256",
    "backend",
    "um_per_px",
    "um_per_px_source",
    "offset",
    "tile_px",
    "step_px",
    "tissue_threshold",
    "tiles",
)


@dataclass(frozen=True, slots=True)
class RunMetadata:
    """`started_at` ISO 8601 UTC; `options` by name, as a person gave them, without paths; `rule`: how a slide
    is called."""

    started_at: str
    spec: ModelSpec
    provenance: Provenance
    rule: str
    options: Mapping[str, Option] = field(default_factory=dict)
    slides: tuple[SlideEntry, ...] = ()


def write_run_metadata(target: Path, run: RunMetadata) -> None:
    """Write the file so that `target` is either the old file or the whole new one.

    Raises:
        OutputUnwritable: see `atomic_write`.
    """
    spec = run.spec
    said: dict[str, Any] = {
        "software": "lungviewer",
        "version": run.provenance.app_version,
        "use": RESEARCH_ONLY,
        "started_at": run.started_at,
        "model": {
            "id": run.provenance.model,
            "version": run.provenance.model_version,
            "sha256": run.provenance.model_sha256,
            "validated": spec.validated,
            "classes": [{"id": c.id, "label": c.label, "role": c.role.value} for c in spec.classes],
            "input": {
                "size_px": spec.input.size,
                "um_per_px": spec.input.um_per_px,
                "field_um": spec.input.field_um,
            },
            "backend": run.provenance.backend,
            "device": run.provenance.device,
        },
        "rule": run.rule,
        "options": dict(run.options),
        "slides": [dataclasses.asdict(slide) for slide in run.slides],
    }
    with atomic_write(target) as stream:
        stream.write(json.dumps(said, indent=1, ensure_ascii=False).encode())


def is_run_metadata(path: Path) -> bool:
    """Whether a file begins like one of `write_run_metadata`. Only an ordinary file is opened."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(_HEAD)) == _HEAD.encode()
    except OSError:
        return False


def read_entries(path: Path) -> tuple[SlideEntry, ...]:
    """The slides of a run, from a file written by `write_run_metadata`; none of any other file."""
    try:
        if not is_run_metadata(path) or path.stat().st_size > _LARGEST:
            return ()
        return tuple(_entry(slide) for slide in json.loads(path.read_text("utf-8"))["slides"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()


def _entry(said: Mapping[str, Any]) -> SlideEntry:
    texts = ("name", "results", "identity", "analysed_at")
    if not all(isinstance(text, str) for text in (*(said[name] for name in texts), *said.get("files", ()))):
        raise TypeError("a slide's names must be text")
    known = {f.name for f in dataclasses.fields(SlideEntry)}
    # Lists of a file are tuples here.
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return SlideEntry(**{name: value for name, value in {**said, **lists}.items() if name in known})

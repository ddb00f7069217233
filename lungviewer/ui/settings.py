"""What the window remembers, as one typed file.

JSON instead of QSettings, whose values come back as strings in the next process. A file that is damaged, or
a value that makes no sense, gives the default: settings never keep the program from starting.
"""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from filelock import FileLock, Timeout
from PySide6.QtCore import QObject, Signal

from lungviewer.core.colourmap import COLOUR_MAPS, DEFAULT_COLOUR_MAP
from lungviewer.core.errors import OutputUnwritable
from lungviewer.core.paths import atomic_write, user_settings_dir
from lungviewer.services.engine import desktop_threads
from lungviewer.services.opening import EngineChoice
from lungviewer.ui.ct.cine import FASTEST, SLOWEST, USUAL

MOST_RECENT = 10
MOST_SCALES = 200
_LOCK_WAIT_S = 0.5
SLIDE_LAYERS = ("calls", "probability", "activation")
"""What may be shown of a whole slide: what each tile was called; per tile how probable the chosen class is,
0 to 1; or the evidence for it inside the tiles, relative to the slide's strongest."""

THEMES = ("system", "light", "dark")
DEVICES = ("auto", "cuda", "directml", "cpu")
PRECISIONS = ("fp32", "int8")
THUMBNAIL_SIZES = ("list", "medium", "large")

MODALITIES = ("", "ct")
"""Whose default pack answers where no pack is chosen: that of what is open, or always that of CT."""

CT_WINDOWS = ("", "lung", "soft_tissue", "bone", "model", "file")
"""Ids of windows that a CT series may begin with; "": its file's own, or the lung's."""

_ALLOWED: dict[str, tuple[Any, ...]] = {
    "theme": THEMES,
    "device": DEVICES,
    "precision": PRECISIONS,
    "colour_map": COLOUR_MAPS,
    "thumbnail_size": THUMBNAIL_SIZES,
    "slide_layer": SLIDE_LAYERS,
    "modality": MODALITIES,
    "ct_window": CT_WINDOWS,
}
_SCALES = {"folder_scales", "slide_scales"}
_RANGES: dict[str, tuple[float, float]] = {
    "text_scale": (0.8, 2.0),
    "threads": (0, 64),
    "tile_cache_mb": (64, 4096),
    "thumbnail_cache_mb": (0, 4096),
    "opacity": (0, 1),
    "um_per_px": (0, 20),
    "classify_up_to": (0, 10_000),
    "cine_speed": (SLOWEST, FASTEST),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything with its default. `threads` 0: all processors but one. `um_per_px` counts for files that
    do not say; 0: nothing is assumed. `classify_up_to`: folders of at most so many images are classified
    when they are opened. `slide_scales`: µm/px by a hash that names no slide; `map_opened_slides`: a slide
    that is looked at is mapped unasked. `modality`: one of `MODALITIES`;
    `cine_speed` in slices per second;
    `packs_aside`: packs that were chosen, by modality, while a model of the other one is used.
    `review_in_doubt`: the last one may not be on the disk. `geometry`
    and `layout` are Qt's own bytes in base64."""

    theme: str = "system"
    text_scale: float = 1.0
    device: str = "auto"
    precision: str = "fp32"
    threads: int = 0
    pack: str = ""
    modality: str = ""
    packs_aside: dict[str, str] = field(default_factory=dict)
    tile_cache_mb: int = 256
    thumbnail_cache_mb: int = 256
    thumbnail_size: str = "medium"
    colour_map: str = DEFAULT_COLOUR_MAP
    opacity: float = 0.45
    slide_layer: str = SLIDE_LAYERS[0]
    um_per_px: float = 0.0
    classify_up_to: int = 200
    recursive: bool = False
    reviewer: str = ""
    blinded: bool = False
    review_in_doubt: bool = False
    notice_seen: bool = False
    last_folder: str = ""
    recent: list[str] = field(default_factory=list)
    folder_scales: dict[str, float] = field(default_factory=dict)
    slide_scales: dict[str, float] = field(default_factory=dict)
    map_opened_slides: bool = True
    ct_window: str = ""
    ct_inverted: bool = False
    cine_speed: int = USUAL
    geometry: str = ""
    layout: str = ""

    @property
    def engine_choice(self) -> EngineChoice:
        """`threads` 0 leaves a processor to the window."""
        choice = EngineChoice(
            self.pack or None, self.device, self.threads or desktop_threads(), self.precision
        )
        return for_modality(choice, self.modality) if self.modality else choice

    def usual_scale(self, folder: Path | None) -> float | None:
        """µm/px for images of a folder whose file says none; None: nothing is assumed."""
        return self.folder_scales.get(str(folder)) or self.um_per_px or None


def for_modality(choice: EngineChoice, modality: str) -> EngineChoice:
    """The same choice; where it names no pack, the default one of a modality. Only the histology pack is
    known to have an eight-bit form."""
    if choice.pack is not None or modality == choice.modality:
        return choice
    return replace(choice, modality=modality, precision="fp32")


class SettingsStore(QObject):
    """The settings in force. `changed` carries the new ones; every change is written at once."""

    changed = Signal(object)
    unwritable = Signal(object)  # OutputUnwritable: told, not fatal

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        """`folder`: instead of the person's own settings folder."""
        super().__init__(parent)
        self._path = (folder or user_settings_dir()) / "settings.json"
        self._current = _read(self._path)

    @property
    def current(self) -> Settings:
        return self._current

    def update(self, **values: Any) -> None:
        """Change some fields; values out of range are left as they were."""
        sound = _sound(values)
        new = replace(self._current, **sound)
        if new == self._current:
            return
        self._current = new
        self._write(sound)
        self.changed.emit(new)

    def remember_scale(self, folder: Path, um_per_px: float | None) -> None:
        """Keep the scale of a folder; None forgets it."""
        scales = {name: scale for name, scale in self._current.folder_scales.items() if name != str(folder)}
        self.update(folder_scales=scales if um_per_px is None else {**scales, str(folder): float(um_per_px)})

    def remember_slide_scale(self, key: str, um_per_px: float | None) -> None:
        """Keep the scale of a slide (`slide_key`); None forgets it."""
        scales = {name: scale for name, scale in self._current.slide_scales.items() if name != key}
        if key:
            self.update(slide_scales=scales if um_per_px is None else {**scales, key: float(um_per_px)})

    def remember(self, folder: Path) -> None:
        """Put a folder or file first in the list of recent ones."""
        text = str(folder)
        others = [name for name in self._current.recent if name != text]
        self.update(recent=[text, *others][:MOST_RECENT], last_folder=text)

    def _write(self, changed: dict[str, Any]) -> None:
        """Put these fields into the file; what another window has written there meanwhile stays."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self._path}.lock", timeout=_LOCK_WAIT_S):
                there = _values(self._path)
                # What a newer program wrote and this one does not know is for the newer one.
                merged = asdict(Settings()) | there | changed
                text = json.dumps(merged, indent=1, ensure_ascii=True)
                with atomic_write(self._path, durable=False) as stream:
                    stream.write(text.encode())
        except OutputUnwritable as error:
            self.unwritable.emit(error)
        except Timeout:
            self.unwritable.emit(
                OutputUnwritable("Settings could not be written: another window writes them.")
            )
        except OSError as error:
            self.unwritable.emit(OutputUnwritable(f"Settings could not be written ({error.strerror})."))


def _read(path: Path) -> Settings:
    return Settings(**_sound(_values(path)))


def _values(path: Path) -> dict[str, Any]:
    """What the file says, whether it makes sense or not; nothing where it is damaged."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


@functools.cache  # takes longer than all else when a setting changes
def _hints() -> dict[str, Any]:
    return get_type_hints(Settings)


def _sound(values: dict[str, Any]) -> dict[str, Any]:
    """The values that have the right name, type and range."""
    hints = _hints()
    known = {f.name for f in fields(Settings)}
    sound = {n: v for n, v in values.items() if n in known and _fits(n, v, hints[n])}
    for name in _SCALES & sound.keys():
        sound[name] = dict(list(sound[name].items())[-MOST_SCALES:])
    if "recent" in sound:
        sound["recent"] = sound["recent"][:MOST_RECENT]
    return sound


def _fits(name: str, value: Any, kind: Any) -> bool:
    if name in _SCALES:
        return isinstance(value, dict) and all(
            isinstance(k, str) and isinstance(v, float) and 0 < v <= 20 for k, v in value.items()
        )
    if name == "packs_aside":
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if name == "recent":
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if kind is float:
        right = isinstance(value, int | float) and not isinstance(value, bool)
    elif kind is int:
        right = isinstance(value, int) and not isinstance(value, bool)
    else:
        right = isinstance(value, kind)
    if right and name in _RANGES:
        low, high = _RANGES[name]
        right = low <= value <= high
    return right and value in _ALLOWED.get(name, (value,))

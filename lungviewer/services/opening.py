"""From a choice of pack and device to an engine: the same for the window and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import PackError, PackNotFound
from lungviewer.core.paths import pack_dirs, user_packs_dir
from lungviewer.packs.catalogue import find_packs
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.engine import InferenceEngine


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What a person chose. `pack` as for `resolve_pack` (None: the default one of `modality`, "histology" or
    "ct"), `threads` None: all that may be used, `device` and `precision` as for `InferenceEngine.open`."""

    pack: str | None = None
    device: str = "auto"
    threads: int | None = None
    precision: str = "fp32"
    modality: str = "histology"

    def same_pack(self, other: EngineChoice) -> bool:
        """Whether both mean one pack."""
        return (self.pack, self.modality) == (other.pack, other.modality)


def pack_of(choice: EngineChoice) -> Path:
    """Where the pack of a choice lies.

    Raises:
        PackNotFound: there is none.
    """
    return resolve_pack(choice.pack, pack_dirs(), modality=choice.modality)


def has_default(modality: str) -> bool:
    """Whether a pack of a modality ("histology", "ct") answers where nobody chose one."""
    return bool(default_id(modality))


def default_id(modality: str) -> str:
    """The id of the pack of a modality that answers where nobody chose one; "": there is none."""
    dirs = pack_dirs()
    try:
        path = resolve_pack(None, dirs, modality=modality)
    except PackNotFound:
        return ""
    return next((e.spec.id for e in find_packs(dirs) if e.spec is not None and e.path == path), "")


def open_engine(choice: EngineChoice) -> InferenceEngine:
    """Find, verify and load the chosen pack.

    Raises:
        PackError: there is no such pack, or it does not verify; a default one is named.
        BackendError: see `InferenceEngine.open`.
        UsageError: the pack has no model of this precision.
    """
    path = pack_of(choice)
    try:
        pack = load_pack(path)
    except PackError as error:
        if choice.pack:
            raise
        # Which of several packs it is, for a person who named none.
        where = "your own packs" if path.parent == user_packs_dir() else "the bundled packs"
        raise type(error)(f"{error.message} (This is {path.name} among {where}.)", hint=error.hint) from error
    return InferenceEngine.open(pack, choice.device, choice.threads, precision=choice.precision)


class EngineKeeper:
    """Keeps the engine of the last choice open. Belongs to one thread, as the engine does."""

    def __init__(self) -> None:
        self._choice: EngineChoice | None = None
        self._engine: InferenceEngine | None = None

    def get(self, choice: EngineChoice) -> InferenceEngine:
        """The engine for a choice, opened when it is another one than last time. Errors of `open_engine`."""
        if self._engine is None or choice != self._choice:
            self.close()
            self._engine = open_engine(choice)
            self._choice = choice
        return self._engine

    def close(self) -> None:
        """Give the engine back. Safe to call twice."""
        engine, self._engine, self._choice = self._engine, None, None
        if engine is not None:
            engine.close()

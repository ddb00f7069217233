"""Loading the model that was chosen, and what is known about it then."""

from __future__ import annotations

from dataclasses import dataclass, field

from lungviewer.core.errors import PackNotFound
from lungviewer.core.model import ModelSpec
from lungviewer.core.paths import bundled
from lungviewer.core.types import Provenance
from lungviewer.packs.store import find_packs, resolve_pack
from lungviewer.services.elsewhere import Standing, read_standing
from lungviewer.services.opening import EngineChoice, EngineKeeper, has_default, pack_of


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The model that answers: its spec, what it runs on, what was passed over on the way, and what its pack
    says of it beyond its home. `other`: the other modality, where there is a model for it."""

    spec: ModelSpec
    provenance: Provenance
    notes: tuple[str, ...]
    standing: Standing = field(default_factory=Standing)
    other: str = ""


@dataclass(frozen=True, slots=True)
class Instead:
    """The pack to take because the chosen one is not there, and why, as a sentence."""

    pack: str
    why: str


def load_engine(keeper: EngineKeeper, choice: EngineChoice) -> EngineInfo | Instead:
    """Open the chosen model; for the thread that owns the engine. When there is no such pack, the answer is
    the one that came with the program.

    Raises:
        LungviewerError: as `open_engine`.
    """
    try:
        engine = keeper.get(choice)
    except PackNotFound as error:
        if not choice.pack:
            raise
        # Removed since it was chosen.
        came_with = [bundled("models")]
        path = resolve_pack(None, came_with, modality=choice.modality)
        name = next(entry.name for entry in find_packs(came_with) if entry.path == path)
        if name == choice.pack:
            raise
        return Instead(name, f"{error.message} {name}, which came with the program, is used.")
    notes = tuple(engine.notes)
    engine.notes.clear()
    return EngineInfo(
        engine.spec, engine.provenance, notes, _standing(choice, engine.spec), _other(engine.spec)
    )


def _other(spec: ModelSpec) -> str:
    other = "ct" if spec.modality == "histology" else "histology"
    return other if has_default(other) else ""


def _standing(choice: EngineChoice, spec: ModelSpec) -> Standing:
    try:
        return read_standing(pack_of(choice), spec)
    except PackNotFound:
        return Standing(None)  # removed while its engine goes on

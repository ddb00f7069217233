"""What the settings dialog lets the file thread find out."""

from __future__ import annotations

from dataclasses import dataclass

from lungviewer.core import registry
from lungviewer.core.backend import DeviceReport
from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import pack_dirs
from lungviewer.packs.names import CARD, MODEL_INT8
from lungviewer.packs.store import find_packs, read_pack_file, resolve_pack
from lungviewer.services.thumbnails import Thumbnails

_EIGHT_BITS = "## In eight bits"
_USUAL_RUNTIME = "onnx"


@dataclass(frozen=True, slots=True)
class Machine:
    """What can run models here. `problem`: why nothing is known."""

    devices: tuple[DeviceReport, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class EightBits:
    """Whether the chosen pack has an eight-bit form, and what its card says about it."""

    there: bool
    words: str


def look_at_machine(_ctx: JobContext) -> Machine:
    """Which devices the runtime of ordinary packs knows, and why others cannot be used."""
    try:
        backend = registry.load(registry.BACKENDS[_USUAL_RUNTIME])()
        return Machine(tuple(backend.devices()))
    except LungviewerError as error:
        return Machine((), error.sentence)


def look_at_eight_bits(pack: str) -> EightBits:
    """What is known about the eight-bit form of a pack ("": the default one)."""
    try:
        path = resolve_pack(pack or None, pack_dirs())
        entry = next((e for e in find_packs([path.parent]) if e.path == path), None)
        if entry is None or entry.spec is None or MODEL_INT8 not in entry.spec.files:
            return EightBits(False, "")
        return EightBits(True, paragraph_after(read_pack_file(path, CARD).decode("utf-8", "replace")))
    except LungviewerError as error:
        return EightBits(False, error.sentence)


def paragraph_after(card: str, heading: str = _EIGHT_BITS) -> str:
    """The first paragraph under a heading of a card; "" when there is none."""
    _, _, rest = card.partition(f"{heading}\n")
    return rest.strip().partition("\n\n")[0].replace("\n", " ").partition(" ## ")[0]


def clear_thumbnails(_ctx: JobContext) -> None:
    """Empty the folder of small pictures; they are made again when they are looked at."""
    cache = Thumbnails(0)
    try:
        cache.prune()
    finally:
        cache.close()

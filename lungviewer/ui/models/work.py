"""What the window of models lets its file thread do: plain functions, frozen answers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QFile, QIODevice
from PySide6.QtGui import QImage, QImageReader

from lungviewer.core.errors import LungviewerError, OutputUnwritable, PackError, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.paths import pack_dirs, user_packs_dir
from lungviewer.packs.loading import PackReader
from lungviewer.packs.names import CARD, EVALUATION
from lungviewer.packs.simulator_catalogue import SimulatorEntry
from lungviewer.packs.store import PackEntry, export_zip, find_packs, install_pack, load_pack, verify_pack
from lungviewer.services.engine import check_golden
from lungviewer.services.gate import Gate, read_gate

_MOST_PLOT_PIXELS = 16_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a pack's every file verifies; `problem` is a sentence, "" when all is well."""

    path: Path
    problem: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pack that a person wants to use: whether it verifies, and what it says about the gate."""

    entry: PackEntry
    verdict: Verdict
    gate: Gate


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of evaluation/; `name` is the file's, without folder and suffix."""

    name: str
    image: QImage


@dataclass(frozen=True, slots=True)
class Pages:
    """What a pack says about itself. `problem`: why some of it could not be read."""

    path: Path
    sha256: str = ""
    card: str = ""
    plots: tuple[Plot, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """A pack among the person's own, of either kind. `new` is False when it was there already."""

    entry: PackEntry | SimulatorEntry
    new: bool


def list_packs(_ctx: JobContext) -> tuple[PackEntry, ...]:
    """Every pack that the program finds; files are not verified."""
    return tuple(find_packs(pack_dirs()))


def check_pack(path: Path) -> Verdict:
    """Verify every file of a pack."""
    try:
        failed = [result for result in verify_pack(path) if not result.passed]
    except PackError as error:
        return Verdict(path, error.sentence)
    return Verdict(path, failed[0].detail if failed else "")


def examine(entry: PackEntry) -> Candidate:
    """All that is asked before a pack is used."""
    verdict = check_pack(entry.path)
    if entry.spec is not None and not verdict.problem:
        verdict = Verdict(entry.path, _why_not_reproducible(entry.path))
    sound = entry.spec is not None and not verdict.problem
    return Candidate(entry, verdict, read_gate(entry.path, entry.spec) if sound else Gate())


def _why_not_reproducible(path: Path) -> str:
    """Files may be as listed and the model still not give what the pack states: "" when it does here."""
    try:
        check_golden(load_pack(path))
    except LungviewerError as error:
        return error.sentence
    return ""


def read_pages(path: Path, ctx: JobContext) -> Pages:
    """The card and the plots, as far as they verify."""
    card, sha256, plots = "", "", []
    try:
        with PackReader(path) as reader:
            reader.read_manifest()
            sha256 = reader.sha256
            reader.check_listing()
            if CARD in reader.spec.files:
                card = reader.file(CARD).decode("utf-8", "replace")
            for name in sorted(reader.spec.files):
                ctx.check()
                if name.startswith(f"{EVALUATION}/") and name.endswith(".png"):
                    plots += _plot(name, reader.file(name))
    except PackError as error:
        return Pages(path, sha256, card, tuple(plots), error.sentence)
    return Pages(path, sha256, card, tuple(plots))


def _plot(name: str, data: bytes) -> list[Plot]:
    """The picture, unless it is none or would take more memory than a plot does."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"png"))
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > _MOST_PLOT_PIXELS:
        return []
    image = reader.read()
    return [] if image.isNull() else [Plot(Path(name).stem, image)]


def install(source: Path, known: frozenset[str]) -> Installed:
    """Verify a zip and copy it among the person's packs; `known` names what was there."""
    entry = install_pack(source, user_packs_dir())
    return Installed(entry, entry.name not in known)


def export(path: Path, target: Path) -> Path:
    """Write a verified pack as a zip."""
    export_zip(path, target)
    return target


def is_own(path: Path) -> bool:
    """Whether this is one of the person's own packs and not one that came with the program."""
    return path.parent == user_packs_dir()


def move_to_trash(path: Path) -> bool:
    """Put one of the person's packs into the trash; False when this place has none.

    Raises:
        UsageError: it is not one of theirs.
    """
    _own_or_refuse(path)
    return bool(QFile.moveToTrash(str(path)))


def delete(path: Path) -> Path:
    """Delete one of the person's packs for good; of a link, the link.

    Raises:
        UsageError: it is not one of theirs.
        OutputUnwritable: it cannot be deleted.
    """
    _own_or_refuse(path)
    try:
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
    except OSError as error:
        raise OutputUnwritable(f"The pack could not be deleted ({error.strerror}).") from error
    return path


def _own_or_refuse(path: Path) -> None:
    if not is_own(path):
        raise UsageError("Only packs that you installed can be removed.")

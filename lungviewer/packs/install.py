"""Bring a pack into the person's folder, whole or not at all; and make the zip that travels."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
import zipfile
from pathlib import Path

from lungviewer.core.errors import OutputUnwritable, PackError, PackInvalid
from lungviewer.core.paths import atomic_write
from lungviewer.packs.catalogue import PackEntry
from lungviewer.packs.kinds import load_any, open_any
from lungviewer.packs.loading import LoadedPack
from lungviewer.packs.names import HIDDEN_PREFIX, MANIFEST
from lungviewer.packs.simulator_catalogue import SimulatorEntry
from lungviewer.packs.simulator_loading import LoadedSimulator
from lungviewer.packs.writer import publish, write_synced

_ABANDONED_AFTER_SECONDS = 24 * 3600
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the zip of a pack depends on the pack only
_UNIX = 3


def install_pack(zip_or_folder: Path, target_dir: Path) -> PackEntry | SimulatorEntry:
    """Verify a pack of either kind and copy it to `target_dir/<id>-<version>`.

    The files are written under a hidden name, synced and verified again before the folder gets its
    name in one step: an interrupted installation leaves nothing that `find_packs` sees. Installing the
    same pack twice changes nothing; one that does not verify any more is replaced.

    Args:
        zip_or_folder: what the person received.
        target_dir: the person's pack folder; made when it is missing.

    Raises:
        PackError: as `load_any`; PackInvalid also when another pack of this id and version is there.
        OutputUnwritable: the disk is full or the folder read-only.
    """
    pack = load_any(zip_or_folder)
    final = target_dir / f"{pack.spec.id}-{pack.spec.version}"
    if _is_there(pack, final):
        return _entry(final, pack)
    try:
        target_dir.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target_dir)
        hidden = Path(tempfile.mkdtemp(prefix=HIDDEN_PREFIX, dir=target_dir))
        try:
            _copy(pack, zip_or_folder, hidden)
            publish(hidden, final)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
    except OSError as error:
        if _is_there(pack, final):  # somebody else installed it meanwhile
            return _entry(final, pack)
        raise OutputUnwritable(f"The pack could not be installed ({error.strerror or error}).") from error
    return _entry(final, pack)


def _entry(final: Path, pack: LoadedPack | LoadedSimulator) -> PackEntry | SimulatorEntry:
    if isinstance(pack, LoadedSimulator):
        return SimulatorEntry(final, pack.spec, None)
    return PackEntry(final, pack.spec, None)


def _copy(pack: LoadedPack | LoadedSimulator, origin: Path, hidden: Path) -> None:
    with open_any(origin) as reader:
        reader.read_manifest()
        for name in reader.here:
            write_synced(hidden / name, reader.file(name))
        write_synced(hidden / MANIFEST, reader.manifest)
    if load_any(hidden).sha256 != pack.sha256:
        raise PackInvalid("The pack changed while it was being installed.", hint="Try again.")


def _is_there(pack: LoadedPack | LoadedSimulator, final: Path) -> bool:
    """Whether this very pack is installed already. What is damaged may be replaced, another pack may not."""
    try:
        there = load_any(final).sha256
    except PackError:
        return False
    if there != pack.sha256:
        raise PackInvalid(
            f"There is already another pack with the name {pack.name}.",
            hint="Remove it first, or ask for this one under a new version.",
        )
    return True


def _remove_abandoned(target_dir: Path) -> None:
    """Remove what installations that were killed have left, once they cannot be running any more."""
    limit = time.time() - _ABANDONED_AFTER_SECONDS
    for path in target_dir.glob(f"{HIDDEN_PREFIX}*"):
        with contextlib.suppress(OSError):
            if not path.is_symlink() and path.is_dir() and path.stat().st_mtime < limit:
                shutil.rmtree(path)


def export_zip(folder: Path, target: Path) -> None:
    """Write a verified pack as a zip with one folder in it; equal packs give equal bytes.

    Nothing is compressed: weights hardly shrink, and the plots and arrays are compressed already.

    Raises:
        PackError: as `load_any`.
        OutputUnwritable: the zip cannot be written.
    """
    load_any(folder)
    with open_any(folder) as reader, atomic_write(target) as stream:
        reader.read_manifest()
        top = f"{reader.spec.id}-{reader.spec.version}/"
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name in (MANIFEST, *sorted(reader.here)):
                member = zipfile.ZipInfo(top + name, _ZIP_DATE)
                member.create_system, member.external_attr = _UNIX, 0o100644 << 16
                archive.writestr(member, reader.manifest if name == MANIFEST else reader.file(name))

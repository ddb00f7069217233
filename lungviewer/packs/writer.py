"""Write a pack so that it is either whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lungviewer.core.errors import OutputUnwritable, PackInvalid
from lungviewer.core.model import FileStamp, ModelSpec
from lungviewer.core.paths import sync_folder
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.loading import load_pack
from lungviewer.packs.manifest import dump_manifest
from lungviewer.packs.names import HIDDEN_PREFIX, MANIFEST, byte_limit


def check_free(folder: Path) -> None:
    """Whether a pack can be written there, for whoever has long work to do first.

    Raises:
        PackInvalid: there is something already.
    """
    if folder.exists():
        raise PackInvalid("There is already a folder of this name.", hint="Choose another, or remove it.")


def replaceable(folder: Path) -> bool:
    """Whether nothing but an older pack is lost when a pack is put there."""
    if not folder.exists():
        return True
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))


def write_pack(
    folder: Path, spec: ModelSpec, files: Mapping[str, bytes], *, replace_existing: bool = False
) -> ModelSpec:
    """Write a pack folder: the files first, pack.json last, all under a hidden name until it verifies.

    Args:
        folder: the pack's folder; its parent must exist.
        spec: everything but `files`, which is ignored.
        files: name within the pack → content (see packs/names.py for the names).
        replace_existing: put the new pack in the place of a pack, or of an empty folder, that exists.

    Returns:
        `spec` with the stamps of `files`.

    Raises:
        PackInvalid: a rule of the schema is broken, or the folder exists.
        PackUnsafe: the model holds something that no pack may hold.
        OutputUnwritable: the disk is full or the place read-only.
    """
    return write_whole(
        folder, spec, files, byte_limit, dump_manifest, load_pack, replace_existing=replace_existing
    )


Spec = TypeVar("Spec", ModelSpec, SimulatorSpec)


def write_whole(
    folder: Path,
    spec: Spec,
    files: Mapping[str, bytes],
    limit: Callable[[str], int | None],
    dump: Callable[[Spec], bytes],
    load: Callable[[Path], object],
    *,
    replace_existing: bool = False,
) -> Spec:
    """Write a pack of any kind; `load` must accept it before it is published. Arguments as of `write_pack`.

    Args:
        limit: the most bytes that a file of this name may have; None: no such file may be in such a pack.
        dump: pack.json of a spec with its stamps.

    Raises:
        PackInvalid: one of the files may not be in such a pack, or the folder exists.
        PackError: as `load`.
        OutputUnwritable: the disk is full or the place read-only.
    """
    if any(limit(name) is None for name in files):
        raise PackInvalid("One of the files has a name that no pack may hold.")
    stamps = {
        name: FileStamp(hashlib.sha256(files[name]).hexdigest(), len(files[name])) for name in sorted(files)
    }
    stamped = replace(spec, files=stamps)
    manifest = dump(stamped)
    if not (replace_existing and replaceable(folder)):
        check_free(folder)
    try:
        hidden = Path(tempfile.mkdtemp(prefix=HIDDEN_PREFIX, dir=folder.parent))
        try:
            for name in sorted(files):
                write_synced(hidden / name, files[name])
            write_synced(hidden / MANIFEST, manifest)
            load(hidden)
            publish(hidden, folder)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
    except OSError as error:
        raise OutputUnwritable(f"The pack could not be written ({error.strerror or error}).") from error
    return stamped


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and wait until it is on the disk."""
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def publish(hidden: Path, final: Path) -> None:
    """Give a finished folder its name. An older one of that name is moved aside first, then removed."""
    # mkdtemp makes folders that only their owner can enter; packs on a shared drive are for everybody.
    umask = os.umask(0)
    os.umask(umask)
    hidden.chmod(0o777 & ~umask)
    for folder in {path.parent for path in hidden.rglob("*")}:
        sync_folder(folder)
    if not final.exists():
        hidden.rename(final)
    else:
        aside = Path(tempfile.mkdtemp(prefix=HIDDEN_PREFIX, dir=final.parent))
        final.rename(aside / "old")
        hidden.rename(final)
        shutil.rmtree(aside, ignore_errors=True)
    sync_folder(final.parent)

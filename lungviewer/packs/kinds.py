"""Packs of either kind, for whoever lists, verifies, installs or copies them without using them."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.errors import OtherKindOfPack, PackError, PackNotFound
from lungviewer.core.model import ModelSpec
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.loading import LoadedPack, load_pack, verify_pack
from lungviewer.packs.manifest import parse_manifest
from lungviewer.packs.reader import CheckResult, VerifiedFiles
from lungviewer.packs.simulator_loading import LoadedSimulator, load_simulator, verify_simulator
from lungviewer.packs.simulator_manifest import parse_simulator

AnySpec = ModelSpec | SimulatorSpec


def parse_any(data: bytes) -> AnySpec:
    """Read pack.json of either kind.

    Raises:
        PackInvalid: it is neither, or breaks a rule of its schema.
    """
    try:
        return parse_manifest(data)
    except OtherKindOfPack:
        return parse_simulator(data)


def load_any(folder_or_zip: Path) -> LoadedPack | LoadedSimulator:
    """`load_pack` or `load_simulator`, whichever fits."""
    return load_simulator(folder_or_zip) if is_simulator(folder_or_zip) else load_pack(folder_or_zip)


def verify_any(folder_or_zip: Path) -> list[CheckResult]:
    """`verify_pack` or `verify_simulator`, whichever fits."""
    return verify_simulator(folder_or_zip) if is_simulator(folder_or_zip) else verify_pack(folder_or_zip)


def is_simulator(folder_or_zip: Path) -> bool:
    """Whether pack.json, and nothing else was looked at, is a simulator's.

    Raises:
        PackNotFound: nothing lies there.
    """
    try:
        with VerifiedFiles(folder_or_zip, parse_manifest) as reader:
            reader.read_manifest()
    except PackNotFound:
        raise
    except OtherKindOfPack:
        return True
    except PackError:
        return False
    return False


def open_any(folder_or_zip: Path) -> VerifiedFiles[AnySpec]:
    """The files of a pack of either kind, verified as they are read."""
    return VerifiedFiles[AnySpec](folder_or_zip, parse_any)


def read_pack_file(folder_or_zip: Path, name: str) -> bytes:
    """The verified bytes of one listed file, such as card.md or a plot of evaluation/.

    Before model.keras is opened, its bytes must also pass `check_keras_archive`.

    Raises:
        PackNotFound: nothing lies there, or the pack does not hold this file.
        PackError: as `load_any`, for the listing and this file.
    """
    with open_any(folder_or_zip) as reader:
        reader.read_manifest()
        if name not in reader.here:
            raise PackNotFound("The pack holds no such file.", hint="")
        reader.check_listing()
        return reader.file(name)

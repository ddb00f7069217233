"""A simulator's pack, verified as a classifier's is: listing, hashes, then two graphs and golden arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.arrays import Arrays
from lungviewer.packs.graph import check_contract
from lungviewer.packs.graph_contract import encoder_contract, generator_contract
from lungviewer.packs.names import ENCODER, GENERATOR, GOLDEN
from lungviewer.packs.reader import CheckResult, VerifiedFiles, hashes_of, listing_of, run_checks
from lungviewer.packs.simulator_golden import check_golden
from lungviewer.packs.simulator_manifest import parse_simulator


@dataclass(frozen=True)
class LoadedSimulator:
    """A simulator whose every file has been verified.

    `sha256` is that of pack.json, which lists all other hashes. `generator` and `encoder` are the verified
    bytes of two ONNX models; `golden` are read-only arrays (packs/simulator_golden.py). `origin` is the
    folder or zip, for people.
    """

    spec: SimulatorSpec
    sha256: str
    generator: bytes = field(repr=False)
    encoder: bytes = field(repr=False)
    golden: Arrays = field(repr=False)
    origin: Path

    @property
    def name(self) -> str:
        """ "id@version"."""
        return f"{self.spec.id}@{self.spec.version}"


_Reader = VerifiedFiles[SimulatorSpec]


def load_simulator(folder_or_zip: Path) -> LoadedSimulator:
    """Read and verify a whole simulator pack. No runtime is imported; nothing outside the pack is read.

    Raises:
        PackNotFound: nothing lies there.
        OtherKindOfPack: it is a classifier.
        PackInvalid: pack.json, the set of files or golden.npz is not what the schema asks for.
        PackTampered: a file's size or SHA-256 is not the stated one.
        PackUnsafe: something could run code, exhaust memory or never end.
    """
    with _open(folder_or_zip) as reader:
        for step in _STEPS.values():
            step(reader)
        return LoadedSimulator(
            reader.spec,
            reader.sha256,
            reader.kept[GENERATOR],
            reader.kept[ENCODER],
            reader.arrays(GOLDEN),
            folder_or_zip,
        )


def verify_simulator(folder_or_zip: Path) -> list[CheckResult]:
    """The checks of `load_simulator`, one by one, for people; the list ends with the first that fails.

    Raises:
        PackNotFound: nothing lies there.
    """
    return run_checks(lambda: _open(folder_or_zip), _STEPS)


def _open(folder_or_zip: Path) -> _Reader:
    return VerifiedFiles(folder_or_zip, parse_simulator)


def _read_manifest(reader: _Reader) -> str:
    reader.read_manifest()
    return f"{reader.spec.id} {reader.spec.version}, a progression simulator"


def _read_files(reader: _Reader) -> str:
    reader.keep_files((GENERATOR, ENCODER, GOLDEN))
    return hashes_of(reader)


def _check_models(reader: _Reader) -> str:
    check_contract(reader.kept[GENERATOR], generator_contract(reader.spec))
    check_contract(reader.kept[ENCODER], encoder_contract(reader.spec))
    return "generator and encoder: known operators only, within limits"


def _check_golden(reader: _Reader) -> str:
    return f"{check_golden(reader.arrays(GOLDEN), reader.spec)} examples"


_STEPS: Mapping[str, Callable[[_Reader], str]] = MappingProxyType(
    {
        "pack.json": _read_manifest,
        "files": listing_of,
        "hashes": _read_files,
        "models": _check_models,
        "examples": _check_golden,
    }
)

"""A classifier's pack, verified: its files by their hashes, then those same bytes parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lungviewer.core.model import ModelSpec
from lungviewer.packs.arrays import Arrays
from lungviewer.packs.graph import check_graph
from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.manifest import parse_manifest
from lungviewer.packs.names import GOLDEN, MODEL_INT8, MODEL_KERAS, MODEL_ONNX, TRUST
from lungviewer.packs.reader import CheckResult, VerifiedFiles, hashes_of, listing_of, run_checks


@dataclass(frozen=True)
class LoadedPack:
    """A pack whose every file has been verified.

    `sha256` is that of pack.json, which lists all other hashes: it names the pack's whole content.
    `model` is the runtime model's verified bytes, `model_int8` those of its eight-bit twin or None; `trust`
    and `golden` are read-only arrays by name, empty when the pack has none. `origin` is the folder or zip,
    for people.
    """

    spec: ModelSpec
    sha256: str
    model: bytes = field(repr=False)
    trust: Arrays = field(repr=False)
    golden: Arrays = field(repr=False)
    origin: Path
    model_int8: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """ "id@version", as `resolve_pack` takes it."""
        return f"{self.spec.id}@{self.spec.version}"

    @property
    def precisions(self) -> tuple[str, ...]:
        """In which the model can be run: "fp32", and "int8" when the pack ships it."""
        return ("fp32",) if self.model_int8 is None else ("fp32", "int8")


class PackReader(VerifiedFiles[ModelSpec]):
    """`VerifiedFiles` of a classifier, and the checks of what only classifiers have."""

    def __init__(self, origin: Path) -> None:
        super().__init__(origin, parse_manifest)

    def read_files(self) -> None:
        """Read every file that is here once, compare its hash, look at plots; keep what will be parsed."""
        wanted = {MODEL_ONNX, MODEL_INT8, TRUST, GOLDEN}
        if self.spec.runtime == "keras":
            wanted.add(MODEL_KERAS)
        self.keep_files(wanted)

    def check_models(self) -> bytes:
        """Check every runtime model that the pack holds; the bytes of the one that `runtime` names."""
        for name in (MODEL_ONNX, MODEL_INT8):
            if name in self.kept:
                check_graph(self.kept[name], self.spec)
        if self.spec.runtime == "keras":
            check_keras_archive(self.kept[MODEL_KERAS])
            return self.kept[MODEL_KERAS]
        return self.kept[MODEL_ONNX]

    @property
    def model_int8(self) -> bytes | None:
        """The eight-bit twin of an ONNX model, when the pack has one; call `check_models` first."""
        return self.kept.get(MODEL_INT8) if self.spec.runtime == "onnx" else None


def load_pack(folder_or_zip: Path) -> LoadedPack:
    """Read and verify a whole pack. No runtime is imported; nothing outside the pack is read.

    Raises:
        PackNotFound: nothing lies there.
        PackInvalid: pack.json or the set of files is not what the schema asks for.
        PackTampered: a file's size or SHA-256 is not the stated one.
        PackUnsafe: something could run code, exhaust memory or never end.
        MissingDependency: a Keras model cannot be checked, because Keras is not installed.
    """
    with PackReader(folder_or_zip) as reader:
        reader.read_manifest()
        reader.check_listing()
        reader.read_files()
        model = reader.check_models()
        trust, golden = reader.arrays(TRUST), reader.arrays(GOLDEN)
        return LoadedPack(reader.spec, reader.sha256, model, trust, golden, folder_or_zip, reader.model_int8)


def verify_pack(folder_or_zip: Path) -> list[CheckResult]:
    """The checks of `load_pack`, one by one, for people; the list ends with the first that fails.

    Raises:
        PackNotFound: nothing lies there.
    """
    return run_checks(lambda: PackReader(folder_or_zip), _STEPS)


def _verify_manifest(reader: PackReader) -> str:
    reader.read_manifest()
    return f"{reader.spec.id} {reader.spec.version}, {len(reader.spec.classes)} classes"


def _verify_hashes(reader: PackReader) -> str:
    reader.read_files()
    return hashes_of(reader)


def _verify_models(reader: PackReader) -> str:
    reader.check_models()
    return f"{reader.spec.runtime}: known operators only, within limits"


def _verify_arrays(reader: PackReader) -> str:
    count = len(reader.arrays(TRUST)) + len(reader.arrays(GOLDEN))
    return f"{count} arrays of finite numbers" if count else "none"


_STEPS: Mapping[str, Callable[[PackReader], str]] = MappingProxyType(
    {
        "pack.json": _verify_manifest,
        "files": listing_of,
        "hashes": _verify_hashes,
        "model": _verify_models,
        "statistics": _verify_arrays,
    }
)

"""From a folder or zip to verified bytes: sizes, then one read, then hashes, then those same bytes parsed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType

from lungviewer.core.errors import MissingDependency, PackError, PackInvalid, PackNotFound, PackTampered
from lungviewer.core.model import ModelSpec
from lungviewer.packs.archive import ZipSource
from lungviewer.packs.arrays import Arrays, load_arrays
from lungviewer.packs.drawings import check_drawing
from lungviewer.packs.graph import check_graph
from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.manifest import parse_manifest
from lungviewer.packs.names import (
    GOLDEN,
    MANIFEST,
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    MAX_PACK_BYTES,
    MODEL_INT8,
    MODEL_KERAS,
    MODEL_ONNX,
    TRUST,
)
from lungviewer.packs.source import FolderSource, PackSource, describe_strangers

_NO_ARRAYS: Arrays = MappingProxyType({})


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


class PackReader:
    """The steps of reading one pack, in the order in which they are safe.

    Use as a context manager and call the steps in the order in which they stand here; each raises
    PackError. `spec`, `sha256` and `manifest` (the bytes of pack.json) are there after the first.
    """

    spec: ModelSpec
    sha256: str
    manifest: bytes

    def __init__(self, origin: Path) -> None:
        """Open the listing; no content is read yet.

        Raises:
            PackNotFound: there is no such folder or file.
            PackInvalid, PackUnsafe: it is not a pack, or holds links, pipes and the like.
        """
        self._source = _open_source(origin)
        self._kept: dict[str, bytes] = {}

    def __enter__(self) -> PackReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def read_manifest(self) -> None:
        """Read and validate pack.json."""
        if MANIFEST not in self._source.sizes:
            raise PackInvalid(f"There is no {MANIFEST}: this is not a model pack.")
        size = self._source.sizes[MANIFEST]
        if size > MAX_MANIFEST_BYTES:
            raise PackInvalid(f"{MANIFEST} has {size:,} bytes; at most {MAX_MANIFEST_BYTES:,} are read.")
        self.manifest = self._source.read(MANIFEST, MAX_MANIFEST_BYTES)
        self.spec = parse_manifest(self.manifest)
        self.sha256 = hashlib.sha256(self.manifest).hexdigest()

    def check_listing(self) -> None:
        """Exactly the listed files are there, with the stated sizes; nothing is read."""
        sizes = self._source.sizes
        strangers = sorted(set(sizes) - set(self.spec.files) - {MANIFEST})
        if strangers:
            raise PackInvalid(
                f"The pack holds {describe_strangers(strangers)}.",
                hint="Remove what does not belong to it, or install the pack again.",
            )
        for name, stamp in self.spec.files.items():
            if name not in sizes:
                raise PackTampered(f"The pack lists {name}, but it is missing.")
            if sizes[name] != stamp.bytes:
                raise PackTampered(f"{name} has {sizes[name]:,} bytes; {MANIFEST} states {stamp.bytes:,}.")

    def read_files(self) -> None:
        """Read every listed file once, compare its hash, look at plots; keep what will be parsed."""
        wanted = {MODEL_ONNX, MODEL_INT8, TRUST, GOLDEN}
        if self.spec.runtime == "keras":
            wanted.add(MODEL_KERAS)
        for name in self.spec.files:
            data = self.file(name)
            check_drawing(name, data)
            if name in wanted:
                self._kept[name] = data

    def check_models(self) -> bytes:
        """Check every runtime model that the pack holds; the bytes of the one that `runtime` names."""
        for name in (MODEL_ONNX, MODEL_INT8):
            if name in self._kept:
                check_graph(self._kept[name], self.spec)
        if self.spec.runtime == "keras":
            check_keras_archive(self._kept[MODEL_KERAS])
            return self._kept[MODEL_KERAS]
        return self._kept[MODEL_ONNX]

    @property
    def model_int8(self) -> bytes | None:
        """The eight-bit twin of an ONNX model, when the pack has one; call `check_models` first."""
        return self._kept.get(MODEL_INT8) if self.spec.runtime == "onnx" else None

    def arrays(self, name: str) -> Arrays:
        """The arrays of trust.npz or golden.npz; empty when the pack has none."""
        return load_arrays(self._kept[name], name) if name in self._kept else _NO_ARRAYS

    def file(self, name: str) -> bytes:
        """The verified bytes of one listed file, read now."""
        stamp = self.spec.files[name]
        data = self._source.read(name, stamp.bytes)
        if len(data) != stamp.bytes or hashlib.sha256(data).hexdigest() != stamp.sha256:
            raise PackTampered(f"{name} is not the file that {MANIFEST} lists: its SHA-256 differs.")
        return data


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


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of `verify_pack`: what was checked, whether it passed, and what was found or is wrong."""

    name: str
    passed: bool
    detail: str


def verify_pack(folder_or_zip: Path) -> list[CheckResult]:
    """The checks of `load_pack`, one by one, for people; the list ends with the first that fails.

    Raises:
        PackNotFound: nothing lies there.
    """
    results: list[CheckResult] = []
    try:
        with PackReader(folder_or_zip) as reader:
            for name, step in _STEPS.items():
                try:
                    results.append(CheckResult(name, True, step(reader)))
                except (PackError, MissingDependency) as error:
                    results.append(CheckResult(name, False, error.sentence))
                    break
    except PackNotFound:
        raise
    except PackError as error:
        results.append(CheckResult("folder or zip", False, error.sentence))
    return results


def _verify_manifest(reader: PackReader) -> str:
    reader.read_manifest()
    return f"{reader.spec.id} {reader.spec.version}, {len(reader.spec.classes)} classes"


def _verify_listing(reader: PackReader) -> str:
    reader.check_listing()
    return f"{len(reader.spec.files)} files, as listed"


def _verify_hashes(reader: PackReader) -> str:
    reader.read_files()
    return f"{sum(stamp.bytes for stamp in reader.spec.files.values()):,} bytes, all hashes right"


def _verify_models(reader: PackReader) -> str:
    reader.check_models()
    return f"{reader.spec.runtime}: known operators only, within limits"


def _verify_arrays(reader: PackReader) -> str:
    count = len(reader.arrays(TRUST)) + len(reader.arrays(GOLDEN))
    return f"{count} arrays of finite numbers" if count else "none"


_STEPS: Mapping[str, Callable[[PackReader], str]] = MappingProxyType(
    {
        "pack.json": _verify_manifest,
        "files": _verify_listing,
        "hashes": _verify_hashes,
        "model": _verify_models,
        "statistics": _verify_arrays,
    }
)


def read_pack_file(folder_or_zip: Path, name: str) -> bytes:
    """The verified bytes of one listed file, such as card.md or a plot of evaluation/.

    Before model.keras is opened, its bytes must also pass `check_keras_archive`.

    Raises:
        PackNotFound: nothing lies there, or the pack does not list this file.
        PackError: as `load_pack`, for the listing and this file.
    """
    with PackReader(folder_or_zip) as reader:
        reader.read_manifest()
        if name not in reader.spec.files:
            raise PackNotFound("The pack holds no such file.", hint="")
        reader.check_listing()
        return reader.file(name)


def _open_source(origin: Path) -> PackSource:
    # The path that a person names may be a link; what lies inside a pack may not.
    resolved = origin.resolve()
    if resolved.is_dir():
        return FolderSource(resolved)
    if not resolved.exists():
        raise PackNotFound("There is no pack at this path.")
    return ZipSource(resolved, MAX_FILES + 3, MAX_PACK_BYTES + MAX_MANIFEST_BYTES)

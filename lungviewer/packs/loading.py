"""From a folder or zip to verified bytes: sizes, then one read, then hashes, then those same bytes parsed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType

from lungviewer.core.errors import PackInvalid, PackNotFound, PackTampered
from lungviewer.core.model import FileStamp, ModelSpec
from lungviewer.packs.archive import ZipSource
from lungviewer.packs.arrays import Arrays, load_arrays
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
    `model` is the runtime model's verified bytes; `trust` and `golden` are read-only arrays by name,
    empty when the pack has none. `origin` is the folder or zip, for people.
    """

    spec: ModelSpec
    sha256: str
    model: bytes = field(repr=False)
    trust: Arrays = field(repr=False)
    golden: Arrays = field(repr=False)
    origin: Path

    @property
    def name(self) -> str:
        """ "id@version", as `resolve_pack` takes it."""
        return f"{self.spec.id}@{self.spec.version}"


class PackReader:
    """The steps of reading one pack, in the order in which they are safe.

    Use as a context manager. Each step raises PackError; a later step assumes the earlier ones passed.
    """

    def __init__(self, origin: Path) -> None:
        """Open the listing; no content is read yet.

        Raises:
            PackNotFound: there is no such folder or file.
            PackInvalid, PackUnsafe: it is not a pack, or holds links, pipes and the like.
        """
        self.origin = origin
        self._source = _open_source(origin)
        self._kept: dict[str, bytes] = {}

    def __enter__(self) -> PackReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def read_manifest(self) -> tuple[ModelSpec, str]:
        """pack.json, validated, and its SHA-256."""
        if MANIFEST not in self._source.sizes:
            raise PackInvalid(f"There is no {MANIFEST}: this is not a model pack.")
        data = self._source.read(MANIFEST, MAX_MANIFEST_BYTES)
        return parse_manifest(data), hashlib.sha256(data).hexdigest()

    def check_listing(self, spec: ModelSpec) -> None:
        """Exactly the listed files are there, with the stated sizes; nothing is read."""
        sizes = self._source.sizes
        strangers = sorted(set(sizes) - set(spec.files) - {MANIFEST})
        if strangers:
            raise PackInvalid(
                f"The pack holds {describe_strangers(strangers)}.",
                hint="Remove what does not belong to it, or install the pack again.",
            )
        for name, stamp in spec.files.items():
            if name not in sizes:
                raise PackTampered(f"The pack lists {name}, but it is missing.")
            if sizes[name] != stamp.bytes:
                raise PackTampered(f"{name} has {sizes[name]:,} bytes; {MANIFEST} states {stamp.bytes:,}.")

    def read_files(self, spec: ModelSpec) -> None:
        """Read every listed file once and compare its hash; keep those that will be parsed."""
        for name, stamp in spec.files.items():
            data = _verified(self._source, name, stamp)
            if name in (MODEL_ONNX, MODEL_INT8, TRUST, GOLDEN) or (
                name == MODEL_KERAS and spec.runtime == "keras"
            ):
                self._kept[name] = data

    def check_models(self, spec: ModelSpec) -> bytes:
        """Check every runtime model that the pack holds; the bytes of the one that `runtime` names."""
        for name in (MODEL_ONNX, MODEL_INT8):
            if name in self._kept:
                check_graph(self._kept[name], spec)
        if spec.runtime == "keras":
            check_keras_archive(self._kept[MODEL_KERAS])
            return self._kept[MODEL_KERAS]
        return self._kept[MODEL_ONNX]

    def read_arrays(self, name: str) -> Arrays:
        """The arrays of trust.npz or golden.npz; empty when the pack has none."""
        return load_arrays(self._kept[name], name) if name in self._kept else _NO_ARRAYS


def load_pack(folder_or_zip: Path) -> LoadedPack:
    """Read and verify a whole pack. No runtime is imported; nothing outside the pack is read.

    Raises:
        PackNotFound: nothing lies there.
        PackInvalid: pack.json or the set of files is not what the schema asks for.
        PackTampered: a file's size or SHA-256 is not the stated one.
        PackUnsafe: something could run code, exhaust memory or never end.
    """
    with PackReader(folder_or_zip) as reader:
        spec, sha256 = reader.read_manifest()
        reader.check_listing(spec)
        reader.read_files(spec)
        model = reader.check_models(spec)
        trust, golden = reader.read_arrays(TRUST), reader.read_arrays(GOLDEN)
    return LoadedPack(spec, sha256, model, trust, golden, folder_or_zip)


def read_pack_file(folder_or_zip: Path, name: str) -> bytes:
    """The verified bytes of one listed file, such as card.md or a plot of evaluation/.

    Before model.keras is opened, its bytes must also pass `check_keras_archive`.

    Raises:
        PackNotFound: nothing lies there, or the pack does not list this file.
        PackError: as `load_pack`, for the listing and this file.
    """
    with PackReader(folder_or_zip) as reader:
        spec, _ = reader.read_manifest()
        stamp = spec.files.get(name)
        if stamp is None:
            raise PackNotFound("The pack holds no such file.", hint="")
        reader.check_listing(spec)
        return _verified(reader._source, name, stamp)


def _open_source(origin: Path) -> PackSource:
    # The path that a person names may be a link; what lies inside a pack may not.
    resolved = origin.resolve()
    if resolved.is_dir():
        return FolderSource(resolved)
    if not resolved.exists():
        raise PackNotFound("There is no pack at this path.")
    return ZipSource(resolved, MAX_FILES + 3, MAX_PACK_BYTES + MAX_MANIFEST_BYTES)


def _verified(source: PackSource, name: str, stamp: FileStamp) -> bytes:
    data = source.read(name, stamp.bytes)
    if len(data) != stamp.bytes or hashlib.sha256(data).hexdigest() != stamp.sha256:
        raise PackTampered(f"{name} is not the file that {MANIFEST} lists: its SHA-256 differs.")
    return data


def stamps_of(files: Mapping[str, bytes]) -> dict[str, FileStamp]:
    """Size and hash of each file, as pack.json lists them."""
    return {name: FileStamp(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}

"""Any kind of pack from a folder or zip to verified bytes: sizes, then one read, then hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Generic, Protocol, Self, TypeVar

from lungviewer.core.errors import MissingDependency, PackError, PackInvalid, PackNotFound, PackTampered
from lungviewer.core.model import FileStamp
from lungviewer.packs.archive import ZipSource
from lungviewer.packs.arrays import Arrays, load_arrays
from lungviewer.packs.drawings import check_drawing
from lungviewer.packs.names import MANIFEST, MAX_FILES, MAX_MANIFEST_BYTES, MAX_PACK_BYTES, MODEL_KERAS
from lungviewer.packs.source import FolderSource, PackSource, describe_strangers

_NO_ARRAYS: Arrays = MappingProxyType({})


class Listed(Protocol):
    """What every pack.json states."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def files(self) -> Mapping[str, FileStamp]: ...


Spec = TypeVar("Spec", bound=Listed)


class VerifiedFiles(Generic[Spec]):
    """The steps of reading one pack, in the order in which they are safe.

    Use as a context manager and call the steps in the order in which they stand here; each raises
    PackError. `spec`, `sha256` and `manifest` (the bytes of pack.json) are there after the first.
    """

    spec: Spec
    sha256: str
    manifest: bytes

    def __init__(self, origin: Path, parse: Callable[[bytes], Spec]) -> None:
        """Open the listing; no content is read yet. `parse` reads pack.json.

        Raises:
            PackNotFound: there is no such folder or file.
            PackInvalid, PackUnsafe: it is not a pack, or holds links, pipes and the like.
        """
        self._source = _open_source(origin)
        self._parse = parse
        self.kept: dict[str, bytes] = {}

    def __enter__(self) -> Self:
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
        self.spec = self._parse(self.manifest)
        self.sha256 = hashlib.sha256(self.manifest).hexdigest()

    @property
    def may_lack(self) -> Collection[str]:
        """Listed files that may have been left out: the packaged viewer's packs come without the weights that
        only its training part reads. Simulators have none."""
        return (MODEL_KERAS,) if getattr(self.spec, "runtime", "") == "onnx" else ()

    @property
    def here(self) -> Mapping[str, FileStamp]:
        """The listed files without those that were left out."""
        return {name: stamp for name, stamp in self.spec.files.items() if name in self._source.sizes}

    def check_listing(self) -> None:
        """The listed files are there and no others, with the stated sizes; nothing is read."""
        sizes = self._source.sizes
        strangers = sorted(set(sizes) - set(self.spec.files) - {MANIFEST})
        if strangers:
            raise PackInvalid(
                f"The pack holds {describe_strangers(strangers)}.",
                hint="Remove what does not belong to it, or install the pack again.",
            )
        for name, stamp in self.spec.files.items():
            if name not in sizes and name in self.may_lack:
                continue
            if name not in sizes:
                raise PackTampered(f"The pack lists {name}, but it is missing.")
            if sizes[name] != stamp.bytes:
                raise PackTampered(f"{name} has {sizes[name]:,} bytes; {MANIFEST} states {stamp.bytes:,}.")

    def keep_files(self, wanted: Collection[str]) -> None:
        """Read every file that is here once, compare its hash, look at plots; `kept` gets what will be
        parsed."""
        for name in self.here:
            data = self.file(name)
            check_drawing(name, data)
            if name in wanted:
                self.kept[name] = data

    def arrays(self, name: str) -> Arrays:
        """The arrays of a kept .npz; empty when the pack has none."""
        return load_arrays(self.kept[name], name) if name in self.kept else _NO_ARRAYS

    def file(self, name: str) -> bytes:
        """The verified bytes of one listed file, read now."""
        stamp = self.spec.files[name]
        data = self._source.read(name, stamp.bytes)
        if len(data) != stamp.bytes or hashlib.sha256(data).hexdigest() != stamp.sha256:
            raise PackTampered(f"{name} is not the file that {MANIFEST} lists: its SHA-256 differs.")
        return data


def _open_source(origin: Path) -> PackSource:
    # The path that a person names may be a link; what lies inside a pack may not.
    resolved = origin.resolve()
    if resolved.is_dir():
        return FolderSource(resolved)
    if not resolved.exists():
        raise PackNotFound("There is no pack at this path.")
    return ZipSource(resolved, MAX_FILES + 3, MAX_PACK_BYTES + MAX_MANIFEST_BYTES)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of `verify_pack`: what was checked, whether it passed, and what was found or is wrong."""

    name: str
    passed: bool
    detail: str


Reader = TypeVar("Reader", bound=VerifiedFiles)  # type: ignore[type-arg]


def run_checks(
    open_reader: Callable[[], Reader], steps: Mapping[str, Callable[[Reader], str]]
) -> list[CheckResult]:
    """Named steps of reading a pack, one by one; the list ends with the first that fails.

    Raises:
        PackNotFound: nothing lies there.
    """
    results: list[CheckResult] = []
    try:
        with open_reader() as reader:
            for name, step in steps.items():
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


def listing_of(reader: VerifiedFiles[Spec]) -> str:
    """`check_listing`, told to people."""
    reader.check_listing()
    left_out = sorted(reader.spec.files.keys() - reader.here)
    without = f", without {', '.join(left_out)}, which only retraining needs" if left_out else ""
    return f"{len(reader.here)} files, as listed{without}"


def hashes_of(reader: VerifiedFiles[Spec]) -> str:
    """What was read, told to people."""
    return f"{sum(stamp.bytes for stamp in reader.here.values()):,} bytes, all hashes right"

"""One thing of others in a bundle, and what must hold of all of them together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from installers.archive import sha256_of
from installers.licence_rules import ALLOWED, Duty, Verdict
from installers.package_facts import Text


class HashOf(Enum):
    """What a SHA-256 was made of. Only of a file or an archive is it one that others can compare."""

    FILE = "file"
    ARCHIVE = "archive of its source"
    FILES = "lines that sha256sum prints of its files"
    RECORD = "lines of the wheel's RECORD"
    MANIFEST = "file pack.json"


@dataclass(frozen=True, slots=True)
class Component:
    """One thing in a bundle that has a licence."""

    name: str
    version: str
    """Empty when nothing tells it."""
    verdict: Verdict
    kind: str
    """CycloneDX's type: application, library, data or machine-learning-model."""
    source: str
    """Where it is at home, and where its source is had."""
    purl: str = ""
    within: str = ""
    """Name of the component that brings it."""
    files: tuple[str, ...] = ()
    modules: int = 0
    """Python modules of it that are packed into the programs."""
    sha256: str = ""
    hash_of: HashOf | None = None
    authors: str = ""
    """As whoever brings it names them, where no licence text of its own does."""
    told_by: str = ""
    """File of the wheel that says that this is in it, where no file of its own shows it."""
    texts: tuple[Text, ...] = ()
    needs: tuple[str, ...] = ()
    """Names of components of the bundle that it asks for."""

    @property
    def reference(self) -> str:
        """Unique in a bundle."""
        return f"{self.name}@{self.version or '-'}" + (f" in {self.within}" if self.within else "")


def not_replaceable(found: Sequence[Component]) -> Iterator[str]:
    """A sentence for each component that its licence wants replaceable, and that is not: its modules are
    inside the programs, or it is linked into something that is not under such a licence itself."""
    carriers = {one.name: one for one in found if not one.within}
    for one in found:
        if Duty.REPLACEABLE not in one.verdict.duties:
            continue
        asked = " and ".join(name for name in one.verdict.used if ALLOWED[name] is Duty.REPLACEABLE)
        if one.modules:
            yield (
                f"{one.name} is under {asked}, and modules of it are inside the programs, where nobody can "
                "replace them. Name it in module_collection_mode of build.spec."
            )
        carrier = carriers.get(one.within)
        if carrier is not None and not one.files and Duty.REPLACEABLE not in carrier.verdict.duties:
            yield (
                f"{one.name} is under {asked} and linked into {one.within}, where nobody can replace it. "
                "Leave it out of the bundle (installers/collecting.py)."
            )


def hash_of_files(paths: Iterable[str], bundle: Path | None) -> tuple[str, HashOf | None]:
    """Of one file; of several, of the lines that sha256sum prints of them; nothing without a bundle."""
    paths = sorted(paths)
    if bundle is None or not paths:
        return "", None
    if len(paths) == 1:
        return sha256_of(bundle / paths[0]), HashOf.FILE
    lines = "".join(f"{sha256_of(bundle / path)}  {path}\n" for path in paths)
    return hashlib.sha256(lines.encode()).hexdigest(), HashOf.FILES

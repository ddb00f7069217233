"""What an installed package brings: itself, the libraries of others that lie in its wheel, and what is linked
into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path

from installers.component import Component, HashOf, hash_of_files
from installers.contents import Contents, normalised
from installers.hollow import is_hollow
from installers.licence_rules import LicenceProblem, judge, told_by
from installers.licence_texts import general_texts, standard_texts, texts_of
from installers.linked import linked_into
from installers.package_facts import address, hash_of_record, licence_fields, package_texts, required
from installers.parts import Part, inside, is_library, part_of
from installers.stated import Stated, names_of, stated_in_bills, versions_told
from installers.static_parts import STATIC

_GRAFTED = re.compile(r"(^|/)[\w.-]+\.(libs|dylibs)/|(^|/)\.dylibs/")
_WITH_PARTS = {"pyside6-essentials", "shiboken6", "openslide-bin", "python-gdcm", "opencv-python-headless"}
"""Packages whose own shared libraries are those of others."""
_FFMPEG_TELLS = re.compile(rb"\x00lib\w+ license: ([\w .]+)\x00")
"""Each of its libraries has a function that says how it was built."""


def of_package(
    package: metadata.Distribution, held: Contents, bundle: Path | None, present: Iterable[str]
) -> Iterator[Component]:
    """An installed package, then what of others it brings. Files are hashed where a bundle is given."""
    name = normalised(package.metadata["Name"])
    verdict = judge(name, told_by(name, licence_fields(package)))
    texts = package_texts(package) or standard_texts(verdict)
    if not texts:
        raise LicenceProblem(
            f"{name} brings no text of its licence ({verdict.expression}). Put it into installers/licences."
        )
    files = tuple(held.files.get(name, ()))
    yield Component(
        name,
        package.version,
        verdict,
        "library",
        address(package),
        purl=f"pkg:pypi/{name}@{package.version}",
        files=files,
        modules=len(held.modules.get(name, ())),
        sha256=hash_of_record(package),
        hash_of=HashOf.RECORD,
        texts=texts,
        needs=tuple(sorted(set(required(package)) & set(present) - {name})),
    )
    told = versions_told(package)
    named: set[str] = set()
    for part, paths in _parts_by_name(name, files):
        version = package.version if part.of_wheel else _version_told(part, paths, told)
        named |= _names(part, paths)
        if bundle is not None:
            paths = tuple(path for path in paths if not _is_hollow(path, bundle))
            if not paths and part not in STATIC.get(name, ()):
                continue
        yield _part(part, version, package, paths, bundle)
    for work in chain(stated_in_bills(package), linked_into(name, package)):
        if named.isdisjoint(names_of(work.name)):
            yield _stated(work, name, verdict.used)


def _parts_by_name(package: str, files: Sequence[str]) -> list[tuple[Part, tuple[str, ...]]]:
    found: dict[Part, list[str]] = {part: [] for part in STATIC.get(package, ())}
    for path in files:
        part = inside(path.split("/", 1)[-1]) or inside(path)
        if part is None and is_library(path) and (package in _WITH_PARTS or _GRAFTED.search(path)):
            part = part_of(path)
            if part is None and _GRAFTED.search(path):
                raise unnamed(path)
        if part is not None:
            found.setdefault(part, []).append(path)
    return [(part, tuple(paths)) for part, paths in found.items()]


def unnamed(path: str) -> LicenceProblem:
    """That a library is in no table."""
    return LicenceProblem(
        f"{path.rsplit('/', 1)[-1]} is a library that nobody has named a licence of. "
        "Name it in installers/parts.py, or leave it out of the bundle (installers/collecting.py)."
    )


def _names(part: Part, paths: Iterable[str]) -> set[str]:
    """Lower-case names under which a bill of materials may state a part."""
    stems = {re.split(r"[-.]", path.rsplit("/", 1)[-1])[0].lower() for path in paths}
    return {part.name.lower(), *stems, *(f"{stem}-libs" for stem in stems)}


def _version_told(part: Part, paths: Iterable[str], told: Mapping[str, str]) -> str:
    """The version of a part where the wheel's own bill of materials states one; else empty."""
    return next((told[name] for name in sorted(_names(part, paths)) if name in told), "")


def _part(
    part: Part, version: str, package: metadata.Distribution, paths: tuple[str, ...], bundle: Path | None
) -> Component:
    verdict = judge(part.name, (_licence_inside(paths, bundle) if bundle else "") or part.licence)
    sha256, made_of = hash_of_files(paths, bundle)
    return Component(
        part.name,
        version,
        verdict,
        "library",
        part.source.format(version=package.version),
        within=normalised(package.metadata["Name"]),
        files=paths,
        sha256=sha256,
        hash_of=made_of,
        authors=part.authors,
        texts=texts_of(part) + (general_texts(verdict) if part.authors else standard_texts(verdict)),
    )


def _stated(work: Stated, package: str, of_the_wheel: Iterable[str]) -> Component:
    """A work that the wheel itself says is in it. Notices have its text; of a bill of materials, the text of
    the licence is given as it is whoever uses it."""
    verdict = judge(f"{work.name} (in {package})", work.licence)
    texts = standard_texts(verdict) if work.in_notices else general_texts(verdict, except_for=of_the_wheel)
    return Component(
        work.name,
        work.version,
        verdict,
        "library",
        work.source,
        purl=work.purl,
        within=package,
        sha256=work.sha256,
        hash_of=HashOf.ARCHIVE if work.sha256 else None,
        authors=work.authors,
        told_by=work.by,
        texts=texts,
    )


def _is_hollow(path: str, bundle: Path) -> bool:
    """Whether a library is ours in truth, with nothing in it, wherever PyInstaller's folder is."""
    return any(is_hollow(place, bundle / path) for place in (path, path.partition("/")[2]))


def _licence_inside(paths: Iterable[str], bundle: Path) -> str:
    """What FFmpeg's libraries say of themselves, as that depends on their build; "" for all others."""
    for path in paths:
        told = _FFMPEG_TELLS.search((bundle / path).read_bytes())
        if told is not None:
            words = told[1].decode()
            return (
                "LGPL-2.1-or-later"
                if words == "LGPL version 2.1 or later"
                else "LicenseRef-" + words.replace(" ", "-")
            )
    return ""

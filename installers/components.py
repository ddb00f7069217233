"""The components of a bundle: each with its version, licence, address, files and licence texts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from installers import contents as whose
from installers.contents import Contents, Environment
from installers.licence_rules import LicenceProblem, Verdict, judge, told_by
from installers.licence_texts import standard_texts, texts_of
from installers.package_facts import (
    Text,
    address,
    hash_of_wheel,
    licence_fields,
    package_texts,
    required,
    versions_told,
)
from installers.parts import BACKBONE, STATIC, Part, inside, is_library, part_of
from installers.system_libraries import SystemLibrary, libraries_of_the_system

_GRAFTED = re.compile(r"(^|/)[\w.-]+\.(libs|dylibs)/|(^|/)\.dylibs/")
_WITH_PARTS = {"pyside6-essentials", "shiboken6", "openslide-bin", "python-gdcm", "opencv-python-headless"}
"""Packages whose own shared libraries are those of others."""
_FFMPEG_TELLS = re.compile(rb"\x00lib\w+ license: ([\w .]+)\x00")
"""Each of its libraries has a function that says how it was built."""
_MANY = 12


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
    hash_of: str = ""
    texts: tuple[Text, ...] = ()
    needs: tuple[str, ...] = ()
    """Names of components of the bundle that it asks for."""

    @property
    def reference(self) -> str:
        """Unique in a bundle."""
        return f"{self.name}@{self.version or '-'}" + (f" in {self.within}" if self.within else "")


def components(bundle: Path, environment: Environment, modules: Iterable[str]) -> list[Component]:
    """Everything in a bundle, sorted by name, our own program left out.

    Raises:
        LicenceProblem: something in it has no owner, no licence, no licence text, or a licence that is not
            allowed; a line for each.
    """
    packages = environment.packages()
    held = whose.contents(bundle, packages, modules)
    present = (set(held.files) | set(held.modules)) & set(packages)
    from_system = held.files.get(whose.SYSTEM, ())
    known = libraries_of_the_system(bundle / path for path in from_system)
    makers: list[Callable[[], Iterable[Component]]] = [
        *(partial(of_package, packages[name], held, bundle, present) for name in sorted(present)),
        *(partial(_of_the_system, files, known, bundle) for files in _together(from_system, known)),
        partial(_python, environment, held, bundle),
        partial(_packs, held.files.get(whose.OWN, ()), bundle),
    ]
    found: list[Component] = []
    problems = _of_nobody(held.strangers)
    for make in makers:
        try:
            found += make()
        except LicenceProblem as problem:
            problems.append(str(problem))
    if problems:
        raise LicenceProblem("\n".join(problems))
    return sorted(found, key=lambda component: (component.name.lower(), component.reference))


def _of_nobody(strangers: Sequence[str]) -> list[str]:
    if not strangers:
        return []
    more = f" and {len(strangers) - _MANY} more" if len(strangers) > _MANY else ""
    return [
        f"Nobody knows where these of the bundle come from: {', '.join(strangers[:_MANY])}{more}. "
        "Leave them out (installers/collecting.py), or say whose they are (installers/contents.py)."
    ]


def of_package(
    package: metadata.Distribution, held: Contents, bundle: Path | None, present: Iterable[str]
) -> Iterator[Component]:
    """An installed package, then what of others it brings. Files are hashed where a bundle is given."""
    name = whose.normalised(package.metadata["Name"])
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
        sha256=hash_of_wheel(package),
        hash_of="wheel",
        texts=texts,
        needs=tuple(sorted(set(required(package)) & set(present) - {name})),
    )
    told = versions_told(package)
    for part, paths in _parts_by_name(name, files):
        real = (
            paths if bundle is None else tuple(path for path in paths if not _is_hollow(bundle / path, part))
        )
        if real or not paths:
            version = package.version if part.of_wheel else _version_told(part, real, told)
            yield _part(part, version, name, real, bundle)


def _parts_by_name(package: str, files: Sequence[str]) -> list[tuple[Part, tuple[str, ...]]]:
    found: dict[Part, list[str]] = {part: [] for part in STATIC.get(package, ())}
    for path in files:
        part = inside(path.split("/", 1)[-1]) or inside(path)
        if part is None and is_library(path) and (package in _WITH_PARTS or _GRAFTED.search(path)):
            part = part_of(path)
            if part is None and _GRAFTED.search(path):
                raise _unnamed(path)
        if part is not None:
            found.setdefault(part, []).append(path)
    return [(part, tuple(paths)) for part, paths in found.items()]


def _version_told(part: Part, paths: Sequence[str], told: Mapping[str, str]) -> str:
    """The version of a part where the wheel's own bill of materials states one; else empty."""
    stems = [re.split(r"[-.]", path.rsplit("/", 1)[-1])[0].lower() for path in paths]
    names = [part.name.lower(), *stems, *(f"{stem}-libs" for stem in stems)]
    return next((told[name] for name in names if name in told), "")


def _part(part: Part, version: str, package: str, paths: tuple[str, ...], bundle: Path | None) -> Component:
    verdict = judge(part.name, (_licence_inside(paths, bundle) if bundle else "") or part.licence)
    texts = texts_of(part) + standard_texts(verdict)
    return Component(
        part.name,
        version,
        verdict,
        "library",
        part.source,
        within=package,
        files=paths,
        sha256=_hash_of_files(paths, bundle),
        hash_of="files" if paths and bundle else "",
        texts=texts,
    )


def _is_hollow(library: Path, part: Part) -> bool:
    """Whether it is FFmpeg's by its name, but ours in truth, with nothing in it (installers/hollow.py)."""
    return part.name == "FFmpeg" and _FFMPEG_TELLS.search(library.read_bytes()) is None


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


def _python(environment: Environment, held: Contents, bundle: Path) -> Iterator[Component]:
    files = tuple(held.files.get(whose.PYTHON, ()))
    settings = {}
    for line in (environment.folder / "pyvenv.cfg").read_text("utf-8").splitlines():
        key, _, value = line.partition("=")
        settings[key.strip()] = value.strip()
    version = settings.get("version") or settings.get("version_info", "")
    short = ".".join(version.split(".")[:2])
    home = Path(settings["home"])
    texts = [home / "LICENSE.txt", home.parent / "lib" / f"python{short}" / "LICENSE.txt"]
    texts.append(Path(f"/usr/share/doc/python{short}/copyright"))
    text = next((path for path in texts if path.is_file()), None)
    if text is None:
        raise LicenceProblem(
            "The Python that the bundle is built with brings no licence text. Use another build of it."
        )
    yield Component(
        "Python",
        version,
        judge("Python", "PSF-2.0"),
        "library",
        "https://www.python.org/downloads/source/",
        purl=f"pkg:generic/python@{version}",
        files=files,
        modules=len(held.modules.get(whose.PYTHON, ())),
        sha256=_hash_of_files(files, bundle),
        hash_of="files",
        texts=((text.name, text.read_text("utf-8", errors="replace").strip()),),
    )


def _together(paths: Iterable[str], known: Mapping[str, SystemLibrary]) -> Iterator[tuple[str, ...]]:
    """Libraries of one package of the system together."""
    found: dict[tuple[Part | None, str], list[str]] = {}
    for path in paths:
        found.setdefault((part_of(path), known[Path(path).name].package), []).append(path)
    yield from map(tuple, found.values())


def _of_the_system(
    files: tuple[str, ...], known: Mapping[str, SystemLibrary], bundle: Path
) -> Iterator[Component]:
    part, library = part_of(files[0]), known[Path(files[0]).name]
    if part is None:
        raise _unnamed(files[0])
    verdict = judge(f"{part.name} ({files[0].rsplit('/', 1)[-1]})", part.licence)
    texts = library.texts + texts_of(part) + standard_texts(verdict)
    if not texts:
        raise LicenceProblem(
            f"{part.name} has no licence text on this system. Put it into installers/licences."
        )
    yield Component(
        library.package or part.name,
        library.version,
        verdict,
        "library",
        part.source,
        purl=library.purl,
        files=files,
        sha256=_hash_of_files(files, bundle),
        hash_of="files",
        texts=texts,
    )


def _packs(paths: Iterable[str], bundle: Path) -> Iterator[Component]:
    """Our models, and what their networks began as."""
    manifests = [path for path in paths if path.endswith("/pack.json")]
    for path in manifests:
        told = json.loads((bundle / path).read_text("utf-8"))
        folder = path.rsplit("/", 1)[0] + "/"
        yield Component(
            str(told["id"]),
            str(told["version"]),
            judge(str(told["id"]), "Apache-2.0"),
            "machine-learning-model",
            "its model card (card.md beside it)",
            files=tuple(name for name in paths if name.startswith(folder)),
            sha256=_hash(bundle / path),
            hash_of="pack.json",
            texts=standard_texts(judge("pack", "Apache-2.0")),
        )
    if manifests:
        yield Component(
            BACKBONE.name,
            "",
            judge(BACKBONE.name, BACKBONE.licence),
            "machine-learning-model",
            BACKBONE.source,
            within="the models",
            texts=texts_of(BACKBONE),
        )


def _unnamed(path: str) -> LicenceProblem:
    return LicenceProblem(
        f"{path.rsplit('/', 1)[-1]} is a library that nobody has named a licence of. "
        "Name it in installers/parts.py, or leave it out of the bundle (installers/collecting.py)."
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_of_files(paths: Iterable[str], bundle: Path | None) -> str:
    """Of one file; of several, of the lines that sha256sum would print of them."""
    paths = sorted(paths)
    if bundle is None or not paths:
        return ""
    if len(paths) == 1:
        return _hash(bundle / paths[0])
    lines = "".join(f"{_hash(bundle / path)}  {path}\n" for path in paths)
    return hashlib.sha256(lines.encode()).hexdigest()

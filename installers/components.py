"""The components of a bundle: each with its version, licence, address, files and licence texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from installers import contents as whose
from installers.archive import sha256_of
from installers.brought import of_package, unnamed
from installers.component import Component, HashOf, hash_of_files, not_replaceable
from installers.contents import Contents, Environment
from installers.licence_rules import LicenceProblem, judge
from installers.licence_texts import standard_texts, texts_of
from installers.parts import BACKBONE, Part, part_of
from installers.system_libraries import SystemLibrary, libraries_of_the_system

_MANY = 12


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
    problems += not_replaceable(found)
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
    sha256, made_of = hash_of_files(files, bundle)
    yield Component(
        "Python",
        version,
        judge("Python", "PSF-2.0"),
        "library",
        "https://www.python.org/downloads/source/",
        purl=f"pkg:generic/python@{version}",
        files=files,
        modules=len(held.modules.get(whose.PYTHON, ())),
        sha256=sha256,
        hash_of=made_of,
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
        raise unnamed(files[0])
    sha256, made_of = hash_of_files(files, bundle)
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
        sha256=sha256,
        hash_of=made_of,
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
            sha256=sha256_of(bundle / path),
            hash_of=HashOf.MANIFEST,
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

"""What goes into a bundle: build.spec's questions, answered from the code and its string tables."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Entry = tuple[str, str, str]
"""PyInstaller's: place in the bundle, where it comes from, kind."""

_LIBRARIES_WITHOUT_HOOK = ("openslide_bin",)
"""Python finds their shared library by its place beside the module, which PyInstaller cannot see."""

_SHARED = ["*.dll", "*.dylib", "lib*.so*"]  # PyInstaller looks for no libopenslide.so.1 unasked
_SHARED_PLACES = (".", "PySide6", "PySide6/Qt/lib")
_OTHER_QT = ("PyQt5", "PyQt6", "PySide2")
_TOOLS = (
    "IPython",
    "notebook",
    "pytest",
    "_pytest",
    "hypothesis",
    "setuptools",
    "pkg_resources",
    "pip",
    "tkinter",
)
_TRAINING_ONLY = (
    "training",
    "tensorflow",
    "keras",
    "tf2onnx",
    "sklearn",
    "scipy",
    "matplotlib",
    "threadpoolctl",
)
_HEAVY_PARTS = (
    "onnx.reference",  # an interpreter of graphs in Python
    "onnx.backend",
    "onnxruntime.transformers",
    "onnxruntime.tools",
)

# Files by their path in the bundle. Qt's plug-ins bring whole modules along that no window of ours uses: the
# virtual keyboard alone brings QML and Quick, and the theme of GTK brings all of GTK.
_UNUSED = re.compile(
    r"""(?x)
    /plugins/(
        platforminputcontexts/\w*virtualkeyboard | imageformats/\w*(qpdf|qicns|qtga|qwbmp)
        | networkinformation | tls | generic | egldeviceintegrations | sqldrivers | qmltooling
        | platformthemes/\w*qgtk3 | platforms/\w*(vnc|eglfs|linuxfb|minimal|vkkhr)
    )
    | (^|/)translations/qt
    | ^PySide6/Qt(Network|Qml|Quick)\w*\.
    | /(tests?|testing)/
    """
)
# Printing needs the library of the system's own printing service, which brings half a system along.
_OF_THE_SYSTEM = re.compile(r"^libcups\.so")
_STAYS = re.compile(r"(?i)^(lib)?python3")


@dataclass(frozen=True, slots=True)
class Program:
    """An executable of a bundle."""

    name: str
    console: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder with programs that share their libraries."""

    folder: str
    extras: tuple[str, ...]
    script: str
    programs: tuple[Program, ...]
    packages: tuple[str, ...]
    """Our own packages that go in, every module of them."""
    resources: tuple[str, ...]
    excluded: tuple[str, ...]


BUNDLES: dict[str, Bundle] = {
    "viewer": Bundle(
        "lungviewer",
        ("gui", "serve"),
        "lungviewer/__main__.py",
        (Program("lungviewer", console=False), Program("lungviewer-cli", console=True)),
        ("lungviewer",),
        ("models", "resources"),
        (*_OTHER_QT, *_TOOLS, *_TRAINING_ONLY, *_HEAVY_PARTS),
    ),
    "training": Bundle(
        "lungviewer-training",
        ("training",),
        "training/__main__.py",
        (Program("lungviewer-training", console=True),),
        ("training", "lungviewer.core", "lungviewer.packs"),
        (),
        (*_OTHER_QT, *_TOOLS, "PySide6", "fastapi", "uvicorn", "openslide", "gdcm", "reportlab"),
    ),
}


def hidden_imports(bundle: Bundle, home: Path) -> list[str]:
    """Every module of our packages: whatever a string table names is among them
    (tests/installers/test_build.py looks that each is)."""
    return sorted({name for package in bundle.packages for name in modules_of(package, home)})


def modules_of(package: str, home: Path) -> Iterable[str]:
    """Dotted names of a package of the checkout and everything in it."""
    for path in sorted((home / package.replace(".", "/")).rglob("*.py")):
        parts = path.relative_to(home).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def named_in_strings(package: str, home: Path) -> set[str]:
    """Modules of ours that the code names in strings, as "package.module:object" or "package.module"."""
    known = {name for top in ("lungviewer", "training") for name in modules_of(top, home)}
    found: set[str] = set()
    for path in (home / package.replace(".", "/")).rglob("*.py"):
        found |= set(
            re.findall(r"[\"']((?:lungviewer|training)(?:\.\w+)+)(?=[:\"'])", path.read_text("utf-8"))
        )
    return found & known


def libraries(bundle: Bundle) -> list[tuple[str, str]]:
    """Shared libraries that PyInstaller would not find by itself."""
    from PyInstaller.utils.hooks import collect_dynamic_libs

    if "openslide" in bundle.excluded:
        return []
    return [
        entry
        for name in _LIBRARIES_WITHOUT_HOOK
        for entry in collect_dynamic_libs(name, search_patterns=_SHARED)
    ]


def data(bundle: Bundle, home: Path, stamp: Path) -> list[tuple[str, str]]:
    """Files that are no code, by the places where `core.paths.bundled` looks for them."""
    from PyInstaller.utils.hooks import copy_metadata

    found = [(str(home / name), f"lungviewer/_bundled/{name}") for name in bundle.resources]
    for name in requirements(bundle.extras, home):
        found += copy_metadata(re.split(r"[^\w-]", name)[0])
    return [*found, (str(stamp), "lungviewer/_bundled"), (str(home / "LICENSE"), ".")]


def requirements(extras: Iterable[str], home: Path) -> list[str]:
    """What pyproject.toml asks for with these extras, with the extras that those name in turn."""
    project = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        for line in project["optional-dependencies"][extra]:
            inner = re.fullmatch(r"lungviewer\[([\w,]+)\]", line)
            wanted += requirements(inner[1].split(","), home) if inner else [line]
    return list(dict.fromkeys(wanted))


def without_unused(binaries: Iterable[Entry], datas: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Leave out what no window of ours uses, then the libraries that only this needed, then links to them."""
    kept = [entry for entry in binaries if _is_used(entry)]
    while True:
        needed = {name for entry in kept for name in _imports(entry[1])}
        still = [
            entry for entry in kept if not _is_dependency(entry) or Path(entry[0]).name.lower() in needed
        ]
        if len(still) == len(kept):
            break
        kept = still
    places = {entry[0] for entry in kept}
    return kept, [
        entry for entry in datas if _is_used(entry) and (entry[2] != "SYMLINK" or entry[1] in places)
    ]


def _is_used(entry: Entry) -> bool:
    place = entry[0].replace("\\", "/")
    return not _UNUSED.search(place) and not _OF_THE_SYSTEM.match(place)


def _is_dependency(entry: Entry) -> bool:
    """Whether it is here only because something else is linked to it."""
    place = Path(entry[0])
    shared = entry[2] == "BINARY" and re.search(r"\.(so[.\d]*|dll|dylib)$", place.name) is not None
    return shared and place.parent.as_posix() in _SHARED_PLACES and _STAYS.match(place.name) is None


@functools.cache
def _imports(library: str) -> frozenset[str]:
    """Lower-case names of what a library is linked to itself, not what those are linked to in turn."""
    if sys.platform.startswith("linux"):  # PyInstaller asks ldd, which tells of both
        told = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True).stdout
        return frozenset(name.lower() for name in re.findall(r"NEEDED\s+(\S+)", told))
    from PyInstaller.depend.bindepend import get_imports

    return frozenset(Path(name).name.lower() for name, _ in get_imports(library))


def executables(bundle: Bundle) -> tuple[Program, ...]:
    """What is made: where a program may print or not as it is started, one file under two names is enough
    (`build.py` links the others)."""
    return bundle.programs if sys.platform == "win32" else bundle.programs[:1]


def icon(home: Path, folder: Path) -> str | None:
    """The program's icon in Windows' format, drawn from the one that the window shows; None elsewhere."""
    return None


def version_resource(home: Path, folder: Path, name: str) -> str | None:
    """What Windows shows as a file's properties; None elsewhere."""
    return None

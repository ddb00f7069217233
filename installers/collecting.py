"""What goes into a bundle: build.spec's questions, answered from the code and its string tables."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installers import stamp

_LIBRARIES_WITHOUT_HOOK = ("openslide_bin",)
"""Python finds their shared library by its place beside the module, which PyInstaller cannot see."""

_SHARED = ["*.dll", "*.dylib", "lib*.so*"]  # PyInstaller looks for no libopenslide.so.1 unasked
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
    "pydoc_data",
    "readline",  # GPL
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
    "PIL._avif",
    "numpy.f2py",
    "numpy.testing",
    "anyio._backends._trio",
)


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
    without: tuple[str, ...]
    """Files of the resources that stay out, by name."""
    excluded: tuple[str, ...]
    lazy: tuple[str, ...] = ()
    """Packages of others that import their own modules by name, when they are used."""


BUNDLES: dict[str, Bundle] = {
    "viewer": Bundle(
        "lungviewer",
        ("gui", "serve"),
        "lungviewer/__main__.py",
        (Program("lungviewer", console=False), Program("lungviewer-cli", console=True)),
        ("lungviewer",),
        ("models", "resources"),
        ("model.keras",),  # 10 MB each, for retraining alone; packs/reader.py knows
        (*_OTHER_QT, *_TOOLS, *_TRAINING_ONLY, *_HEAVY_PARTS),
    ),
    "training": Bundle(
        "lungviewer-training",
        ("training",),
        "training/__main__.py",
        (Program("lungviewer-training", console=True),),
        ("training", "lungviewer.core", "lungviewer.packs"),
        ("models",),
        (),
        (*_OTHER_QT, *_TOOLS, "PySide6", "fastapi", "uvicorn", "openslide", "gdcm", "reportlab"),
        ("tf2onnx",),
    ),
}


def hidden_imports(bundle: Bundle, home: Path) -> list[str]:
    """Every module of our packages: whatever a string table names is among them
    (tests/installers/test_build.py looks that each is)."""
    found = {name for package in bundle.packages for name in modules_of(package, home)}
    for package in bundle.lazy:
        from PyInstaller.utils.hooks import collect_submodules

        found |= set(collect_submodules(package))
    return sorted(found)


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


def data(bundle: Bundle, home: Path, stamped: Path) -> list[tuple[str, str]]:
    """Files that are no code, by the places where `core.paths.bundled` looks for them."""
    from PyInstaller.utils.hooks import copy_metadata

    found = [
        (str(path), f"lungviewer/_bundled/{path.relative_to(home).parent.as_posix()}")
        for name in bundle.resources
        for path in sorted((home / name).rglob("*"))
        if path.is_file() and path.name not in bundle.without
    ]
    for name in requirements(bundle.extras, home):
        found += copy_metadata(re.split(r"[^\w-]", name)[0])
    return [*found, (str(stamped), "lungviewer/_bundled"), (str(home / "LICENSE"), ".")]


def requirements(extras: Iterable[str], home: Path, *, alone: bool = False) -> list[str]:
    """What pyproject.toml asks for with these extras, with the extras that those name in turn; `alone`:
    without what the program itself needs."""
    project = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [] if alone else list(project["dependencies"])
    for extra in extras:
        for line in project["optional-dependencies"][extra]:
            inner = re.fullmatch(r"lungviewer\[([\w,]+)\]", line)
            wanted += requirements(inner[1].split(","), home, alone=alone) if inner else [line]
    return list(dict.fromkeys(wanted))


def executables(bundle: Bundle) -> tuple[Program, ...]:
    """What is made: where a program may print or not as it is started, one file under two names is enough
    (`build.py` links the others)."""
    return bundle.programs if sys.platform == "win32" else bundle.programs[:1]


def icon(home: Path) -> str | None:
    """The program's icon in Windows' format; None elsewhere."""
    return str(home / "installers" / "windows" / "lungviewer.ico") if sys.platform == "win32" else None


def version_resource(home: Path, name: str) -> Any:
    """What Windows shows as a program's properties; None elsewhere."""
    if sys.platform != "win32":
        return None
    from PyInstaller.utils.win32 import versioninfo as info

    told = stamp.version_of(home)
    numbers = tuple([*map(int, re.findall(r"\d+", told)), 0, 0, 0, 0][:4])
    words = {
        "CompanyName": "The lungviewer authors",
        "FileDescription": "lungviewer: research use only, not for diagnosis",
        "FileVersion": told,
        "InternalName": name,
        "LegalCopyright": "Apache License 2.0",
        "OriginalFilename": f"{name}.exe",
        "ProductName": "lungviewer",
        "ProductVersion": told,
    }
    strings = [info.StringStruct(key, value) for key, value in words.items()]
    english = info.StringFileInfo([info.StringTable("040904B0", strings)])
    languages = info.VarFileInfo([info.VarStruct("Translation", [0x409, 1200])])
    return info.VSVersionInfo(info.FixedFileInfo(filevers=numbers, prodvers=numbers), [english, languages])

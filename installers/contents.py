"""Whose each file and module of a bundle is: an installed package's, Python's, the system's, or our own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from installers.licence_rules import LicenceProblem
from installers.parts import is_library

OWN = "lungviewer"
PYTHON = "python"
SYSTEM = "system"
PYINSTALLER = "pyinstaller"

OUR_PACKAGES = ("lungviewer", "training")
NOTICES_FOLDER = "licenses"
"""Beside the programs; what lies there is about the bundle and no part of it."""

_OF_PYTHON = re.compile(
    r"base_library\.zip|python3\.\d+/.*|lib-dynload/.*|libpython3.*|python3\d*\.dll"
    r"|_\w+\.pyd|(pyexpat|select|unicodedata)\.pyd|(libcrypto|libssl|libffi)-\d[\w.-]*\.dll|(sqlite3|zlib1?)\.dll"
)


@dataclass(frozen=True, slots=True)
class Environment:
    """The virtual environment that a bundle was built in."""

    folder: Path

    @property
    def site_packages(self) -> Path:
        """Raises LicenceProblem where the folder is no virtual environment."""
        for pattern in ("lib/python3*/site-packages", "Lib/site-packages"):
            for found in self.folder.glob(pattern):
                return found
        raise LicenceProblem(f"{self.folder.name} is no virtual environment: it has no site-packages.")

    @property
    def python(self) -> Path:
        windows = self.folder / "Scripts" / "python.exe"
        return windows if windows.exists() else self.folder / "bin" / "python"

    def packages(self) -> dict[str, metadata.Distribution]:
        """Installed packages by their normalised names."""
        found = metadata.distributions(path=[str(self.site_packages)])
        return {normalised(package.metadata["Name"]): package for package in found}


@dataclass(slots=True)
class Contents:
    """What a bundle holds, by owner: the normalised name of a package, or one of the names above."""

    files: dict[str, list[str]] = field(default_factory=dict)
    """Paths in the bundle, "/" between folders, sorted."""
    modules: dict[str, list[str]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    """Files and modules without an owner."""


def normalised(name: str) -> str:
    """A package's name as the Python Packaging Authority compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def contents(bundle: Path, packages: Mapping[str, metadata.Distribution], modules: Iterable[str]) -> Contents:
    """Sort the files of a bundle, and the modules that are packed into its programs, by owners."""
    index = {path: name for name, package in packages.items() for path in _recorded(package)}
    by_file_name: dict[str, set[str]] = {}
    for path, name in index.items():
        by_file_name.setdefault(path.rsplit("/", 1)[-1], set()).add(name)
    namespaces = {folder: name for path, name in index.items() for folder in _folders(path)}
    found = Contents()
    inner = _inner(bundle)
    for path in _files(bundle):
        owner = _owner_of_file(path, path.removeprefix(inner), index, by_file_name)
        (found.files.setdefault(owner, []) if owner else found.strangers).append(path)
    for module in sorted(set(modules)):
        owner = _owner_of_module(module, index, namespaces)
        (found.modules.setdefault(owner, []) if owner else found.strangers).append(module)
    return found


def modules_inside(bundle: Path, environment: Environment) -> list[str]:
    """Names of the modules that are packed into the programs of a bundle (PyInstaller's archives).

    Raises:
        LicenceProblem: there is no such bundle or environment, or PyInstaller cannot read the programs.
    """
    if not environment.python.exists():
        raise LicenceProblem(f"{environment.folder.name} is no virtual environment: it has no Python.")
    if not bundle.is_dir():
        raise LicenceProblem(f"There is no bundle {bundle.name}.")
    programs = [path for path in sorted(bundle.iterdir()) if path.is_file() and _is_program(path)]
    code = (
        "import json, sys\n"
        "from PyInstaller.archive.readers import CArchiveReader\n"
        "names = set()\n"
        "for program in sys.argv[1:]:\n"
        "    names |= set(CArchiveReader(program).open_embedded_archive('PYZ.pyz').toc)\n"
        "print(json.dumps(sorted(names)))\n"
    )
    command = [str(environment.python), "-c", code, *map(str, programs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LicenceProblem(
            "The programs of the bundle cannot be read with the PyInstaller of that environment."
        )
    names: list[str] = json.loads(done.stdout)
    return names


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4)[:2] in {b"\x7fE", b"MZ"} or path.suffix == ".exe"


def _files(bundle: Path) -> list[str]:
    """Regular files; a link is another name of one."""
    found = (path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink())
    names = sorted(path.relative_to(bundle).as_posix() for path in found)
    return [name for name in names if not name.startswith(f"{NOTICES_FOLDER}/")]


def _inner(bundle: Path) -> str:
    """The folder that PyInstaller puts everything but the programs in, with "/" behind it; "" for none."""
    for found in bundle.glob("*/base_library.zip"):
        return found.parent.name + "/"
    return ""


def _folders(path: str) -> Iterator[str]:
    """Folders without a module of their own belong to a package whose file lies below them."""
    parts = path.split("/")
    yield from ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _recorded(package: metadata.Distribution) -> Iterator[str]:
    for path in package.files or ():
        yield path.as_posix()


def _owner_of_file(
    whole: str, path: str, index: Mapping[str, str], by_file_name: Mapping[str, set[str]]
) -> str | None:
    if path in index:
        return index[path]
    if _OF_PYTHON.fullmatch(path):
        return PYTHON
    if path == "LICENSE" or path.startswith(tuple(f"{name}/" for name in OUR_PACKAGES)):
        return OWN
    if "/" not in whole:
        return PYINSTALLER
    same_name = by_file_name.get(path.rsplit("/", 1)[-1], set())
    if len(same_name) == 1:
        return next(iter(same_name))
    return SYSTEM if is_library(path) and "/" not in path else None


def _owner_of_module(module: str, index: Mapping[str, str], namespaces: Mapping[str, str]) -> str | None:
    top = module.split(".")[0]
    if top in OUR_PACKAGES:
        return OWN
    folder = module.replace(".", "/")
    for path in (f"{folder}.py", f"{folder}/__init__.py"):
        if path in index:
            return index[path]
    if folder in namespaces:
        return namespaces[folder]
    if top in sys.stdlib_module_names or top.startswith("_sysconfigdata"):
        return PYTHON
    if top.startswith(("pyi_", "pyimod", "_pyi_")):
        return PYINSTALLER
    return None

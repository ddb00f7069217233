"""Compile the Windows installer from built bundles: needs NSIS (Debian: `apt-get install nsis`).

    python installers/windows/build_installer.py dist/lungviewer --training dist/lungviewer-training

Runs on Windows and on Linux alike; the bundles must have been built on Windows, from the same commit.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from installers import stamp
from installers.archive import write_sha256
from installers.contents import NOTICES_FOLDER
from installers.errors import PackagingError
from installers.notices import FILE as NOTICES
from installers.windows.payload import commands, list_of_files, payload

TARGETS = ("amd64-unicode", "x86-unicode")
"""Of the installer itself, the better one first: NSIS as its authors give it out has only the second one."""

_RESEARCH_USE = "Research use only, not for diagnosis."


def build_installer(
    viewer: Path,
    output: Path,
    training: Path | None = None,
    *,
    version: str = "",
    target: str = "",
    sign: str = "",
) -> None:
    """Compile an installer, and write its SHA-256 beside it.

    Args:
        viewer: folder of the viewer's bundle, with lungviewer.exe and lungviewer-cli.exe.
        output: the installer, an .exe.
        training: folder of the training bundle; without one the installer does not offer training.
        version: as the program says it; "" takes it from the bundle, and both must then be of one build.
        target: one of TARGETS; "" takes the first one that this NSIS has.
        sign: command that signs the file whose name is put after it; run on the uninstaller and the
            installer. "" signs nothing.

    Raises:
        PackagingError: NSIS is missing or failed, a bundle is no bundle, holds what Windows cannot take,
            or is not of the other's build.
    """
    makensis = find_makensis()
    _require(viewer, "lungviewer.exe", "lungviewer-cli.exe")
    if not version:
        build = stamp.of_bundle(viewer)
        version = build.version
        if training is not None:
            stamp.require_same(training, build, viewer.name)
    with tempfile.TemporaryDirectory() as work:
        defines = {
            "VERSION": version,
            "NUMERIC": numeric(version),
            "WORK": work,
            "OUTPUT": str(output.resolve()),
            "ICON": str(HERE / "lungviewer.ico"),
            "CPU": target or next(each for each in TARGETS if each in targets_of(makensis)),
            "VIEWER_KB": _write_lists(Path(work), "viewer", viewer, ""),
        }
        if training is not None:
            _require(training, "lungviewer-training.exe")
            defines["TRAINING_KB"] = _write_lists(Path(work), "training", training, "training")
        notices = f"{NOTICES_FOLDER}\\{NOTICES}" if (viewer / NOTICES_FOLDER / NOTICES).is_file() else ""
        if notices:
            defines["NOTICES"] = notices
        if sign:
            defines["SIGN"] = sign
        _write_licence(Path(work) / "licence.txt", notices)
        output.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [
                makensis,
                "-V2",  # warnings and errors
                "-WX",  # and the former are the latter
                "-INPUTCHARSET",
                "UTF8",
                *(f"-D{name}={value}" for name, value in defines.items()),
                str(HERE / "lungviewer.nsi"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode != 0:
        output.unlink(missing_ok=True)
        raise PackagingError(f"NSIS failed:\n{done.stdout}")
    write_sha256(output)


def find_makensis() -> str:
    """NSIS's compiler, on the path or where NSIS installs itself on Windows, which does not change the path.

    Raises:
        PackagingError: it is in neither place.
    """
    usual = Path(r"C:\Program Files (x86)\NSIS\makensis.exe")
    found = shutil.which("makensis") or (str(usual) if usual.is_file() else None)
    if found is None:
        raise PackagingError("NSIS is not installed: apt-get install nsis, or choco install nsis on Windows.")
    return found


def targets_of(makensis: str) -> set[str]:
    """Which of TARGETS this NSIS can compile for."""
    told = subprocess.run([makensis, "-HDRINFO"], capture_output=True, text=True, check=False).stdout
    named = re.search(r"NSISDIR=([^,\n]+)", told)
    home = Path(named[1]) if named else Path(makensis).parent
    return {each for each in TARGETS if (home / "Stubs" / f"lzma_solid-{each}").is_file()} or {TARGETS[-1]}


def numeric(version: str) -> str:
    """The four numbers that Windows compares; what follows the numbers (rc1, .dev0) does not count.

    >>> numeric("0.7.0rc1")
    '0.7.0.0'
    """
    found = re.match(r"\d+(\.\d+){0,3}", version)
    if found is None:
        raise PackagingError(f"{version} does not begin with a number.")
    return ".".join([*found[0].split("."), "0", "0", "0"][:4])


def _write_lists(work: Path, name: str, bundle: Path, below: str) -> str:
    found = payload(bundle, below)
    (work / f"{name}-files.nsh").write_text(commands(found), "utf-8")
    (work / f"{name}-files.txt").write_bytes(list_of_files(found))
    return str(found.kilobytes)


def _write_licence(target: Path, notices: str) -> None:
    parts = f"The licences of the parts it is made of are in {notices} in its folder." if notices else ""
    licence = (ROOT / "LICENSE").read_text("utf-8")
    text = "\n\n".join(filter(None, (_RESEARCH_USE, parts, licence)))
    target.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))


def _require(bundle: Path, *programs: str) -> None:
    for name in programs:
        if not (bundle / name).is_file():
            raise PackagingError(f"{bundle} is no bundle: it has no {name}.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compile the Windows installer.")
    parser.add_argument("viewer", type=Path, help="folder of the viewer's bundle")
    parser.add_argument("--training", type=Path, help="folder of the training bundle")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the installer (dist)")
    parser.add_argument("--sign", default="", help="command that signs the file named after it")
    parser.add_argument("--target", choices=TARGETS, default="", help="of the installer itself")
    given = parser.parse_args(arguments)
    try:
        output = given.out / f"lungviewer-{stamp.of_bundle(given.viewer).version}-setup.exe"
        build_installer(given.viewer, output, given.training, target=given.target, sign=given.sign)
    except PackagingError as error:
        sys.stderr.write(f"build_installer.py: {error}\n")
        return 1
    sys.stdout.write(f"{output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

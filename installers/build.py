#!/usr/bin/env python3
"""Build the packaged program, and measure it.

    python installers/build.py viewer      dist/lungviewer: window, command line, web form
    python installers/build.py training    dist/lungviewer-training: what retraining needs beside it
    python installers/build.py deb         Debian package of the viewer's bundle, and of training's if there
    python installers/build.py portable    archives of both that run from any folder
    python installers/build.py windows     Windows installer and zips of bundles that were built on Windows;
                                           --sign COMMAND: signs the file that is named after it
    python installers/build.py sizes       measure what was built; fails when it is over budget.py

Nothing needs to be installed but Python 3.11 or newer: a virtual environment is made under build/ and kept
while pyproject.toml asks for the same. --fresh makes a new one. Bundles of another commit are not packed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(HOME))

from installers import budget, collecting, stamp
from installers.errors import PackagingError

BUILD, DIST = HOME / "build", HOME / "dist"


def build(name: str, *, fresh: bool = False) -> Path:
    """Make a bundle with its notices and list of parts. Returns its folder under dist/.

    Raises:
        subprocess.CalledProcessError: a step failed; its words are above.
    """
    bundle = collecting.BUNDLES[name]
    if "gui" in bundle.extras:  # Qt's plug-ins take the system's libraries along from here
        _run([sys.executable, HOME / "start.py", "libraries"])
    python = python_of(name, fresh=fresh)
    work = BUILD / name
    told = stamp.read(HOME)
    surroundings = {
        **os.environ,
        "LUNGVIEWER_BUNDLE": name,
        "LUNGVIEWER_STAMP": str(stamp.write(told, work)),
        "SOURCE_DATE_EPOCH": str(told.epoch),
        "PYTHONHASHSEED": "0",  # or the same source would give other bytes
        "QT_QPA_PLATFORM": "offscreen",
    }
    places = ["--distpath", str(DIST), "--workpath", str(work / "pyinstaller")]
    recipe = [str(HOME / "build.spec"), "--noconfirm", "--log-level", "WARN"]
    _tell(f"{name}: the bundle, by PyInstaller (minutes)")
    _run([python, "-m", "PyInstaller", *recipe, *places], surroundings)
    made, *others = bundle.programs
    for program in others:
        link = DIST / bundle.folder / program.name
        if program not in collecting.executables(bundle):
            link.symlink_to(made.name)
    about = ["--bundle", DIST / bundle.folder, "--environment", BUILD / f"environment-{name}"]
    writer = environment("bill", ("bill",), fresh=fresh)
    _tell(f"{name}: notices and the list of what it is made of")
    for script in ("notices.py", "sbom.py"):
        _run([writer, HOME / "installers" / script, *about], surroundings)
    return DIST / bundle.folder


def python_of(name: str, *, fresh: bool = False) -> Path:
    """The Python of a bundle's virtual environment."""
    return environment(name, (*collecting.BUNDLES[name].extras, "freeze"), fresh=fresh)


def environment(name: str, extras: Sequence[str], *, fresh: bool = False) -> Path:
    """The Python of a virtual environment with what these extras of ours need, and nothing else."""
    folder = BUILD / f"environment-{name}"
    wanted = "\n".join(collecting.requirements(extras, HOME, alone=name == "bill"))
    have = folder / "requirements.txt"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not fresh and python.exists() and have.is_file() and have.read_text("utf-8") == wanted:
        return python
    _tell(f"{name}: a virtual environment with the packages that it needs (minutes; pip downloads)")
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    asked = folder / "asked.txt"
    asked.write_text(wanted, encoding="utf-8")
    _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", asked])
    asked.replace(have)
    return python


def sizes() -> int:
    """Print what each bundle takes; 1 when one takes more than it may."""
    too_large: list[str] = []
    for name, bundle in collecting.BUNDLES.items():
        folder = DIST / bundle.folder
        if folder.is_dir():
            size = budget.size_of(folder)
            print(
                f"{name:10} {size.disk / budget.MB:8.1f} MB on disk {size.xz / budget.MB:8.1f} MB compressed"
            )
            too_large += budget.judge(name, size)
    print(*too_large, sep="\n", end="\n" if too_large else "", file=sys.stderr)
    return 1 if too_large else 0


def pack(what: str, *, sign: str = "") -> None:
    """Make packages of the viewer's bundle and of training's, if it is there: "deb", "portable" or "windows".

    Raises:
        PackagingError: a bundle is of another version or commit than this checkout.
        subprocess.CalledProcessError: a step failed; its words are above.
    """
    viewer, training = (DIST / collecting.BUNDLES[name].folder for name in ("viewer", "training"))
    bundles = [(viewer, []), *([(training, ["--training"])] if training.is_dir() else [])]
    for bundle, _ in bundles:
        stamp.require_same(bundle, stamp.read(HOME), "the checkout")
    if what == "windows":
        setup = [sys.executable, "installers/windows/build_installer.py", viewer, "--out", DIST]
        both = ["--training", training] if training.is_dir() else []
        _run([*setup, *both, *(["--sign", sign] if sign else [])])
        for bundle, which in bundles:
            _run([sys.executable, "installers/windows/portable_zip.py", bundle, "--out", DIST, *which])
        return
    python = python_of("viewer")  # the icons are drawn by Qt, which the viewer's environment has
    for bundle, which in bundles:
        _tell(f"{what} of {bundle.name}: xz packs it as small as it can (minutes; training takes many)")
        _run([python, f"installers/linux/{what}.py", "--out", DIST, "--bundle", bundle, *which])


def _tell(step: str) -> None:
    print(f"== {step}", flush=True)


def _run(command: list[str | Path], surroundings: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, cwd=HOME, env=surroundings)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=(*collecting.BUNDLES, "deb", "portable", "windows", "sizes"))
    parser.add_argument("--fresh", action="store_true", help="make a new virtual environment")
    parser.add_argument(
        "--sign", default="", metavar="COMMAND", help="windows: signs the file named after it"
    )
    asked = parser.parse_args()
    try:
        if asked.what == "sizes":
            return sizes()
        if asked.what in collecting.BUNDLES:
            print(build(asked.what, fresh=asked.fresh))
            return 0
        pack(asked.what, sign=asked.sign)
    except PackagingError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"build.py: {Path(str(error.cmd[0])).name} failed; its words are above.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

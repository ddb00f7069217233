"""A run folder: what was asked, with which versions, and every artefact on the way to a pack."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import lungviewer
from lungviewer.core.build import own_build
from lungviewer.core.errors import OutputUnwritable
from lungviewer.core.paths import atomic_write, checkout
from lungviewer.core.starter import environment_of_others
from training.errors import DataProblem

PACKAGES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "pillow", "scikit-learn")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Names within a run folder. `config.json` decides whether a run may be resumed."""

    path: Path

    def open(self, config: dict[str, Any]) -> None:
        """Make the folder, or check that it was made by the same request.

        Raises:
            DataProblem: it holds a run with other settings.
            OutputUnwritable: there can be no such folder.
        """
        _make(self.path)
        target = self.path / "config.json"
        if target.is_file() and json.loads(target.read_bytes()) != json.loads(json.dumps(config)):
            raise DataProblem(
                "The run folder holds a run with other settings.", hint="Choose a new folder with --out."
            )
        self.write_json("config.json", config)
        self.write_json("environment.json", environment())

    def claim(self, data: dict[str, str]) -> None:
        """Note what the run is made from, or check that it is still the same.

        Raises:
            DataProblem: images, labels or groups have changed since the run was begun.
        """
        target = self.path / "data.json"
        if target.is_file() and json.loads(target.read_bytes()) != data:
            raise DataProblem(
                "The images, their labels or their groups have changed since this run was begun: what it has "
                "learned is of the old ones.",
                hint="Choose a new folder with --out.",
            )
        self.write_json("data.json", data)

    def write_json(self, name: str, value: Any) -> bytes:
        """Save as indented JSON, atomically; returns the bytes."""
        content = json_bytes(value)
        self.write(name, content)
        return content

    def write(self, name: str, content: bytes) -> None:
        target = self.path / name
        _make(target.parent)
        with atomic_write(target) as stream:
            stream.write(content)

    def write_table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Save as CSV (UTF-8, one header line)."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        self.write(name, text.getvalue().encode())

    def write_list(self, name: str, lines: Sequence[str]) -> None:
        self.write(name, "".join(f"{line}\n" for line in lines).encode())


def json_bytes(value: Any) -> bytes:
    """Indented JSON in UTF-8, for people and programs alike."""
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"The output folder cannot be made ({error.strerror or error}).",
            hint="Choose another with --out.",
        ) from error


def environment() -> dict[str, str]:
    """Versions of what the result depends on; nothing that names the machine or its user."""
    versions = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def code_version() -> str:
    """The program's version, with the commit of the packaged program or checkout, "+" marking changes."""
    build = own_build()
    if build is not None:
        commit, changed, _ = build.commit.partition("+")
    else:
        commit, changed = _commit()
    return f"{lungviewer.__version__}-{commit}{'+' if changed else ''}" if commit else lungviewer.__version__


def _commit() -> tuple[str, str]:
    """Of this checkout, and what differs from it; empty where it is none, or there is no git."""
    home, git = Path(__file__).parent, _git()
    if git is None or checkout() is None:
        return "", ""
    told = []
    for asked in (("log", "-1", "--format=%h"), ("status", "--porcelain")):
        try:
            done = subprocess.run(
                [git, "-C", str(home), *asked, "--", str(home)],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                env=environment_of_others(),
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return "", ""
        told.append(done.stdout.strip())
    return told[0], told[1]


def _git() -> str | None:
    """By its whole path: Windows looks for a bare name in the current folder first."""
    folders = (Path(folder) for folder in os.get_exec_path())
    name = "git.exe" if os.name == "nt" else "git"
    return next((str(f / name) for f in folders if f.is_absolute() and os.access(f / name, os.X_OK)), None)

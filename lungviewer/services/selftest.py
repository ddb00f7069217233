"""What `lungviewer doctor --selftest` tries beside the packs: readers, backends, the window, other parts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import lungviewer
from lungviewer.core import registry
from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.core.no_network import EXIT_REACHED
from lungviewer.core.starter import own_environment
from lungviewer.services.selftest_files import read_back
from lungviewer.services.training_process import try_training

TRY_WINDOW = ("doctor", "--window")
"""What this program is called with to open a window and close it again, in a process of its own: a library
that Qt lacks ends the process."""

_WINDOW_S = 120.0
_WEB = ("fastapi", "uvicorn", "python_multipart")


def parts_of_the_program(ctx: JobContext) -> Iterator[tuple[str, str, bool | None]]:
    """What was tried, what came of it, and whether that is well; None: plain information."""
    with tempfile.TemporaryDirectory(prefix="lungviewer-") as folder:
        yield from read_back(Path(folder), ctx)
    yield from _backends()
    ctx.check()
    yield _window()
    missing = [name for name in _WEB if find_spec(name) is None]
    yield "web form", "not installed" if missing else "installed", None
    yield "training part", *try_training()


def _backends() -> Iterator[tuple[str, str, bool | None]]:
    for name, place in registry.BACKENDS.items():
        try:
            reports = registry.load(place)().devices()
        except LungviewerError as error:
            yield f"backend {name}", error.message, False
            continue
        usable = [report.name for report in reports if report.available]
        if usable:
            yield f"backend {name}", f"runs on {', '.join(usable)}", True
        else:
            # Packs that are shipped need ONNX Runtime alone.
            why = next((report.detail for report in reports), "no device")
            yield f"backend {name}", why, False if name == "onnx" else None


def _window() -> tuple[str, str, bool | None]:
    if find_spec("PySide6") is None:
        return "window", "not installed", None
    try:
        done = subprocess.run(
            _own_command(*TRY_WINDOW),
            env=_offscreen(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WINDOW_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "window", f"It did not open ({type(error).__name__}).", False
    if done.returncode == EXIT_REACHED:
        return "window", "It reached for a network, or could not be watched.", False
    if done.returncode != 0:
        return "window", f"It did not open and close (exit code {done.returncode}).", False
    return "window", "opened and closed, without a screen", True


def _own_command(*arguments: str) -> list[str]:
    """This very program, to be started once more."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-P", "-m", "lungviewer", *arguments]


def _offscreen() -> dict[str, str]:
    environment = own_environment() | {"QT_QPA_PLATFORM": "offscreen"}
    if not getattr(sys, "frozen", False):
        home = str(Path(lungviewer.__file__).parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (home, environment.get("PYTHONPATH"))))
    return environment

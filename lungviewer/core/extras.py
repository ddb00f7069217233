"""Libraries that not everybody installs, by the extra that brings them, and how to get them here."""

from __future__ import annotations

import importlib
import os
import shlex
import subprocess
import sys
from importlib.util import find_spec

import lungviewer
from lungviewer.core.paths import checkout

ADAPT, TRAINING = "adapt", "training"

ADAPT_LIBRARIES = {
    "sklearn": "scikit-learn",
    "scipy": "SciPy",
    "threadpoolctl": "threadpoolctl",
    "matplotlib": "Matplotlib",
}
"""Module → name, of the extra "adapt": enough to audit, to learn a new head, to measure and to calibrate."""

NETWORK_LIBRARIES = {"tensorflow": "TensorFlow", "keras": "Keras", "tf2onnx": "tf2onnx"}
"""What the extra "training" has beside those: to train networks, and to export them."""


_HOW_PACKAGED = {
    "windows": "To get it: run lungviewer's installer again and choose “Training”, or unpack the archive "
    "lungviewer-training of version {version} beside this program's folder.",
    "other": "To get it: install the package lungviewer-training of version {version}, or unpack the "
    "archive of that name beside this program's folder.",
}


def missing_for_adapting() -> list[str]:
    """Names of the libraries of "adapt" that are not there, also when they came or went since the start."""
    importlib.invalidate_caches()
    return [name for module, name in ADAPT_LIBRARIES.items() if find_spec(module) is None]


def how_to_run_keras() -> str:
    """A sentence: TensorFlow runs Keras' models, and no packaged viewer has it."""
    if getattr(sys, "frozen", False):
        return "The packaged program runs ONNX models only; for Keras' install lungviewer with Python."
    return how_to_install(TRAINING)


def how_to_install(extra: str) -> str:
    """A sentence with the command that brings an extra to this very installation, from whatever folder.

    A packaged program has no pip: everything that it may lack is in its training part.
    """
    if getattr(sys, "frozen", False):
        return _HOW_PACKAGED["windows" if os.name == "nt" else "other"].format(version=lungviewer.__version__)
    home = checkout()
    what = [f"lungviewer[{extra}]"] if home is None else ["-e", f"{home}[{extra}]"]
    command = [sys.executable, "-m", "pip", "install", *what]
    return f"To get it: {subprocess.list2cmdline(command) if os.name == 'nt' else shlex.join(command)}"

"""Training work runs in a process of its own: TensorFlow cannot slow or crash the program that asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from lungviewer.core.errors import MissingDependency


def run_training(arguments: Sequence[str]) -> int:
    """Run `python -m training ARGUMENTS`, its words going to this process's own output; its exit code.

    Raises:
        MissingDependency: the training module or TensorFlow is not installed.
    """
    if find_spec("training") is None or find_spec("tensorflow") is None:
        raise MissingDependency("This needs the training part of lungviewer, which is not installed.")
    return subprocess.run([sys.executable, "-m", "training", *arguments], check=False).returncode

"""Training work runs in a process of its own: TensorFlow cannot slow or crash the program that asks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from lungviewer.core.errors import MissingDependency

# TensorFlow's C++ start-up remarks about processors and missing GPUs; no setting silences them all.
_CHATTER = re.compile(r"[IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl")


def run_training(arguments: Sequence[str]) -> int:
    """Run `python -m training ARGUMENTS`, its words going to this process's own output; its exit code.

    Raises:
        MissingDependency: the training module or TensorFlow is not installed.
    """
    if find_spec("training") is None or find_spec("tensorflow") is None:
        raise MissingDependency("This needs the training part of lungviewer, which is not installed.")
    command = [sys.executable, "-m", "training", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr or ():
            if not _CHATTER.match(line):
                sys.stderr.write(line)
        return process.wait()

"""Training work runs in a process of its own: TensorFlow cannot slow or crash the program that asks."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lungviewer.core.errors import MissingDependency
from lungviewer.core.extras import ADAPT, TRAINING, how_to_install, missing_for_adapting
from lungviewer.core.starter import own_environment

TRAINING_PROGRAM = "lungviewer-training"
"""What training is called where it is packaged."""

_PLACES = ("training", ".", f"../{TRAINING_PROGRAM}")
"""Where it is looked for, from the folder of the packaged viewer."""

_NICE = 10
_BELOW_NORMAL, _SET_INFORMATION = 0x4000, 0x0200  # of the Windows API

# TensorFlow's C++ start-up remarks about processors and missing GPUs; no setting silences them all.
_CHATTER = re.compile(r"[IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl")


def training_command(arguments: Sequence[str]) -> list[str]:
    """The program and arguments that run `training ARGUMENTS`; give it `training_environment()`.

    Raises:
        MissingDependency: the training module is not installed.
    """
    if getattr(sys, "frozen", False):
        program = _packaged_training()
        if program is not None:
            return [str(program), *arguments]
    if getattr(sys, "frozen", False) or find_spec("training") is None:
        raise MissingDependency("This needs the training part of lungviewer.", hint=how_to_install(TRAINING))
    # -P: a file called numpy.py in the folder that happens to be current is not to be run.
    return [sys.executable, "-P", "-m", "training", *arguments]


def _packaged_training() -> Path | None:
    home = Path(sys.executable).resolve().parent
    name = TRAINING_PROGRAM + (".exe" if os.name == "nt" else "")
    return next((p for place in _PLACES if (p := home / place / name).is_file()), None)


def training_environment() -> dict[str, str]:
    """This process's environment, made fit for training: the package is found in a source checkout, and one
    processor core is left to the window."""
    environment = own_environment()
    spec = find_spec("training")
    if spec is not None and spec.origin:
        home = str(Path(spec.origin).parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (home, environment.get("PYTHONPATH"))))
    cores = str(max(1, (os.cpu_count() or 2) - 1))
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        environment.setdefault(name, cores)
    return environment | {"PYTHONUTF8": "1"}


def lower_priority(pid: int) -> None:
    """Let every other program go before this process and the threads that it will start. Best effort."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_SET_INFORMATION, False, pid)
        if handle:
            kernel.SetPriorityClass(handle, _BELOW_NORMAL)
            kernel.CloseHandle(handle)
        return
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)


def has_tensorflow() -> bool:
    """Whether the whole network can be trained. Training that lies beside a frozen program always can."""
    return getattr(sys, "frozen", False) or find_spec("tensorflow") is not None


def what_retraining_lacks() -> str:
    """Why no model can be retrained here, and how to change that; "" when it can. For a job: it looks for
    installed libraries, and finds what was installed meanwhile."""
    try:
        training_command(())
    except MissingDependency as error:
        return error.sentence
    missing = [] if getattr(sys, "frozen", False) else missing_for_adapting()
    if not missing:
        return ""
    named = f"{', '.join(missing[:-1])} and {missing[-1]}" if len(missing) > 1 else missing[0]
    return f"Retraining needs {named}, not installed here. {how_to_install(ADAPT)}"


def require_tensorflow() -> None:
    """For what needs TensorFlow, before a person is asked anything.

    Raises:
        MissingDependency: it is not installed.
    """
    if not has_tensorflow():
        raise MissingDependency(
            "This needs TensorFlow, which is not installed.", hint=how_to_install(TRAINING)
        )


def is_chatter(line: str) -> bool:
    """Whether a line of standard error is a remark of TensorFlow's own and no word of ours."""
    return _CHATTER.match(line) is not None


def run_training(arguments: Sequence[str]) -> int:
    """Run `training ARGUMENTS`, its words going to this process's own output; its exit code.

    Raises:
        MissingDependency: the training module or TensorFlow is not installed.
    """
    command = training_command(arguments)
    require_tensorflow()
    environment = training_environment()
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment
    ) as process:
        for line in process.stderr or ():
            if not is_chatter(line):
                sys.stderr.write(line)
        return process.wait()

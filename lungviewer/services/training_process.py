"""Training work runs in a process of its own: TensorFlow cannot slow or crash the program that asks."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from lungviewer.core.build import Build, build_in, own_build
from lungviewer.core.errors import MissingDependency
from lungviewer.core.extras import ADAPT, TRAINING, how_to_install, missing_for_adapting
from lungviewer.core.starter import own_environment

TRAINING_PROGRAM = "lungviewer-training"
"""What training is called where it is packaged."""

_PLACES = (
    "training",  # where installers put it
    f"{TRAINING_PROGRAM}*",
    f"../{TRAINING_PROGRAM}*",
    f"../../{TRAINING_PROGRAM}*/{TRAINING_PROGRAM}*",
)
"""Where it is looked for, from the packaged viewer's folder. People unpack archives into one another, side by
side or, as Windows proposes, each into a folder of its own name; that of the archive, with the version."""

_START_S = 120.0

_NICE = 10
_BELOW_NORMAL, _SET_INFORMATION = 0x4000, 0x0200  # of the Windows API

# TensorFlow's C++ start-up remarks about processors and missing GPUs; no setting silences them all.
_CHATTER = re.compile(r"[IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl")


def training_command(arguments: Sequence[str]) -> list[str]:
    """The program and arguments that run `training ARGUMENTS`; give it `training_environment()`.

    Raises:
        MissingDependency: the training module is not installed, or is not of this program's build.
    """
    if getattr(sys, "frozen", False):
        return [str(_packaged_training()), *arguments]
    if find_spec("training") is None:
        raise _not_there()
    # -P: a file called numpy.py in the folder that happens to be current is not to be run.
    return [sys.executable, "-P", "-m", "training", *arguments]


def try_training() -> tuple[str, bool | None]:
    """Start the training part as far as telling its version, for the self-test. It takes seconds.

    Returns:
        What came of it, in words, and whether that is well; None where no training part of this build lies,
        which the program itself does not need.
    """
    try:
        command = training_command(("--version",))
    except MissingDependency as error:
        return error.sentence, None
    try:
        done = subprocess.run(
            command,
            env=training_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_START_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"It did not start ({type(error).__name__}).", False
    if done.returncode != 0:
        return f"It did not start (exit code {done.returncode}).", False
    return " ".join(done.stdout.split()), True


def _packaged_training() -> Path:
    """The training program of the same build, wherever people put it.

    Raises:
        MissingDependency: there is none, or only of other builds.
    """
    viewer, own = Path(sys.executable).resolve(), own_build()
    others: list[Build | None] = []
    for program in _training_programs(viewer):
        build = build_in(program.parent)
        if build is not None and build.matches(own):
            return program
        others.append(build)
    if not others:
        raise _not_there()
    raise MissingDependency(
        f"The training part here is {_named(others[0])}; this program is {_named(own)}. Both must be of one "
        "build.",
        hint=how_to_install(TRAINING),
    )


def _training_programs(viewer: Path) -> Iterator[Path]:
    name = TRAINING_PROGRAM + (".exe" if os.name == "nt" else "")
    for place in _PLACES:
        for program in sorted(viewer.parent.glob(f"{place}/{name}")):
            # A folder beside may be anybody's, as in /tmp: nobody else's program is started.
            owners = {each.stat().st_uid for each in (program, program.parent) if program.is_file()}
            if owners and owners <= {0, viewer.stat().st_uid}:
                yield program.resolve()


def _named(build: Build | None) -> str:
    return str(build) if build else "of an unknown version"


def _not_there() -> MissingDependency:
    return MissingDependency("This needs the training part of lungviewer.", hint=how_to_install(TRAINING))


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

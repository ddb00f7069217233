"""What a process that this program starts finds in its environment: one of its own, or another program.

Nothing may be taken from the folder that happens to be current, which often holds files from elsewhere.
OpenCV, as it is imported, leaves an empty entry in the list of folders for shared libraries, and the system's
loader takes that for the current folder; Python, started with `-c`, as workers are, looks for modules there
first. The packaged program's starter, too, leaves what others must not see.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

_LIBRARIES, _BEFORE = "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"
_SAFE, _BY_US = "PYTHONSAFEPATH", "lungviewer"
"""Any text does. This one is taken away again, a person's own is not."""

_AFRESH = "PYINSTALLER_RESET_ENVIRONMENT"
"""Else the starter of a packaged program takes its child for a part of itself that has its libraries, and
leaves out the way to them."""

_OF_THE_STARTER = re.compile(rf"_PYI_\w+|{_AFRESH}|QT_PLUGIN_PATH|QML2_IMPORT_PATH")

_starting = threading.Lock()


def forget_own_libraries() -> None:
    """On Linux the starter points the loader at the program's own libraries, which it has read by now. What
    this program starts, such as the system's file manager, needs those of the system."""
    if not getattr(sys, "frozen", False):
        return
    before = os.environ.pop(_BEFORE, None)
    if before is not None:
        os.environ[_LIBRARIES] = before
    else:
        os.environ.pop(_LIBRARIES, None)


def own_environment() -> dict[str, str]:
    """For a process of this program."""
    environment = _with_real_folders(os.environ)
    if not getattr(sys, "frozen", False):
        environment[_SAFE] = environment.get(_SAFE) or _BY_US
    elif sys.platform == "linux":
        environment[_AFRESH] = "1"
    return environment


def environment_of_others() -> dict[str, str]:
    """For another program: as this one found it."""
    environment = _with_real_folders(os.environ)
    if environment.get(_SAFE) == _BY_US:
        del environment[_SAFE]
    if getattr(sys, "frozen", False):
        return {name: value for name, value in environment.items() if not _OF_THE_STARTER.fullmatch(name)}
    return environment


def prepare() -> None:
    """Make this process's environment fit for processes of its own. Early: no other thread reads it yet."""
    with starting_own():
        pass


@contextlib.contextmanager
def starting_own() -> Iterator[None]:
    """For what inherits the environment and cannot be given one: a process of this program starts inside."""
    with _starting:
        _become(own_environment())
        yield


@contextlib.contextmanager
def starting_others() -> Iterator[None]:
    """The same for another program."""
    with _starting:
        _become(environment_of_others())
        yield


def _with_real_folders(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy whose list of folders for shared libraries names folders that are there, by their whole path,
    and none of the packaged program's."""
    entries = re.split("[:;]", environment.get(_LIBRARIES, ""))
    ours = getattr(sys, "_MEIPASS", None)
    folders = [Path(entry) for entry in entries if entry != ours]
    real = [str(folder) for folder in folders if folder.is_absolute() and folder.is_dir()]
    without = {name: value for name, value in environment.items() if name != _LIBRARIES}
    return without | ({_LIBRARIES: ":".join(real)} if real else {})


def _become(environment: Mapping[str, str]) -> None:
    """Change what differs, and nothing else: threads of libraries may be reading."""
    for name in [name for name in os.environ if name not in environment]:
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value

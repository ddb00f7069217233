"""What a process that this program starts finds in its environment: one of its own, or another program.

Nothing may be taken from the folder that happens to be current, which often holds files from elsewhere.
OpenCV, as it is imported, leaves an empty entry in the list of folders for shared libraries, and the system's
loader takes that for the current folder; Python, started with `-c`, as workers are, looks for modules there
first. The packaged program's starter, too, leaves what others must not see.

Only the variables that are named here are ever touched: threads may be setting others.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping

_LIBRARIES, _BEFORE = "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"
_SAFE, _BY_US = "PYTHONSAFEPATH", "lungviewer"
"""Any text does. This one is taken away again, a person's own is not."""

_AFRESH = "PYINSTALLER_RESET_ENVIRONMENT"
"""Else the starter of a packaged program takes its child for a part of itself that has its libraries, and
leaves out the way to them."""

_OF_THE_STARTER = re.compile(rf"_PYI_\w+|{_AFRESH}")
_OF_QT = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH")
_SET_BY_US = ("OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY")
"""By cli/main.py and core/privacy.py, for this program alone."""

Changes = dict[str, str | None]
"""Values of variables by name; None: not set."""

_environment = threading.RLock()
_found: Changes = {}
_prepared = False


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


def prepare() -> None:
    """Make this process's environment fit for processes of its own, for good. Call it first, before anything
    of ours sets a variable: others are given back what is found now."""
    global _prepared
    with _environment:
        if not _prepared:
            _found.update({name: os.environ.get(name) for name in (_LIBRARIES, *_SET_BY_US)})
        _prepared = True
        _set(_for_own())


def own_environment() -> dict[str, str]:
    """For a process of this program."""
    with _environment:
        return _changed(_for_own())


def environment_of_others() -> dict[str, str]:
    """For another program: without what this one has added."""
    with _environment:
        return _changed(_for_others())


@contextlib.contextmanager
def starting_own() -> Iterator[None]:
    """For what inherits the environment and cannot be given one: a process of this program starts inside."""
    with _environment, _having(_for_own()):
        yield


@contextlib.contextmanager
def starting_others() -> Iterator[None]:
    """The same for another program."""
    with _environment, _having(_for_others()):
        yield


def _for_own() -> Changes:
    changes: Changes = {_LIBRARIES: _without_current_folder()}
    if not getattr(sys, "frozen", False):
        changes[_SAFE] = os.environ.get(_SAFE) or _BY_US
    elif sys.platform == "linux":
        changes[_AFRESH] = "1"
    return changes


def _for_others() -> Changes:
    changes: Changes = {_LIBRARIES: _without_current_folder(), **_found}
    if os.environ.get(_SAFE) == _BY_US:
        changes[_SAFE] = None
    ours = getattr(sys, "_MEIPASS", None)
    if ours is not None:
        changes |= dict.fromkeys(filter(_OF_THE_STARTER.fullmatch, list(os.environ)))
        changes |= {name: None for name in _OF_QT if os.environ.get(name, "").startswith(ours)}
    return changes


def _without_current_folder() -> str | None:
    """The list of folders for shared libraries, without those that depend on where one is, and without the
    packaged program's. `$LIB` and the like are the loader's own words and stay."""
    entries = re.split("[:;]", os.environ.get(_LIBRARIES, ""))
    ours = getattr(sys, "_MEIPASS", None)
    return ":".join(entry for entry in entries if entry.startswith(("/", "$")) and entry != ours) or None


def _changed(changes: Mapping[str, str | None]) -> dict[str, str]:
    environment = {**os.environ, **changes}
    return {name: value for name, value in environment.items() if value is not None}


@contextlib.contextmanager
def _having(changes: Changes) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        # Where the program has prepared itself OpenCV's entry does not come back, wherever it came between.
        _set(before | _for_own() if _prepared else before)


def _set(changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        elif os.environ.get(name) != value:
            os.environ[name] = value

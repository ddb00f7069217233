"""What is kept of a failure that nobody expected: where in the program, never about which file.

Messages of exceptions are left out, because they could name a file or a patient. `faulthandler` notes the
places where every thread was when the process is torn down from below (a decoder, a driver).
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import platform
import sys
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO

import lungviewer
from lungviewer.core.paths import user_log_dir

LOG_NAME = "lungviewer.log"
_CRASH_NAME = "last-crash.txt"
_FATAL_NAME = "last-fatal.txt"
_LOG_BYTES = 500_000

_log = logging.getLogger("lungviewer")


def describe_failure(error: BaseException) -> str:
    """The kind of error and the places it passed through, one per line; no message, no folder."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames]
    return "\n".join([type(error).__name__, *places])


def note_failure(error: BaseException) -> None:
    """Write an unexpected error into the log."""
    _log.error("unexpected %s", describe_failure(error))


class CrashReporter:
    """Keeps the log and the report of a crash in the person's log folder, while the window is open."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` is called with a sentence when a slot failed and the program goes on."""
        self._tell = tell
        self._folder = user_log_dir()
        self._fatal: IO[str] | None = None
        self._handler: logging.Handler | None = None
        self._previous = sys.excepthook

    def start(self) -> str:
        """Begin to listen. Returns the report of the last run's crash, "" when it ended well.

        A log folder that cannot be written costs the log, not the program.
        """
        report = ""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            report = self._take_old()
            self._handler = RotatingFileHandler(
                self._folder / LOG_NAME, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
            )
            self._fatal = (self._folder / _FATAL_NAME).open("w", encoding="utf-8")
            faulthandler.enable(self._fatal)
        except OSError as error:
            if sys.stderr is not None:  # a program without a console has none
                print(f"lungviewer: no log can be written ({error.strerror}).", file=sys.stderr)  # noqa: T201
        if self._handler is not None:
            self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            _log.addHandler(self._handler)
            _log.setLevel(logging.INFO)
        sys.excepthook = self._uncaught
        _log.info("started %s on %s", lungviewer.__version__, platform.system())
        return report

    def stop(self) -> None:
        """The program ends in an orderly way: nothing to report next time."""
        sys.excepthook = self._previous
        _log.info("ended")
        if self._handler is not None:
            _log.removeHandler(self._handler)
            self._handler.close()
        if self._fatal is not None:
            faulthandler.disable()
            self._fatal.close()
            with contextlib.suppress(OSError):
                (self._folder / _FATAL_NAME).unlink()

    def _take_old(self) -> str:
        """Read what an earlier run left, and put it away: it is shown once."""
        parts = []
        for name in (_CRASH_NAME, _FATAL_NAME):
            path = self._folder / name
            if path.is_file():
                parts.append(_without_folders(path.read_text("utf-8", "replace")))
                path.replace(path.with_suffix(".shown.txt"))
        return "\n".join(part for part in parts if part)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return self._previous(kind, error, trace)
        text = describe_failure(error.with_traceback(trace))
        note_failure(error)
        with contextlib.suppress(OSError):
            (self._folder / _CRASH_NAME).write_text(
                f"lungviewer {lungviewer.__version__}, Python {platform.python_version()}, "
                f"{platform.system()}\n{text}\n",
                encoding="utf-8",
            )
        self._tell("Something unexpected happened in the program; what you see may be incomplete.")


def _without_folders(text: str) -> str:
    """Faulthandler writes whole paths of source files; the home folder in them names an account."""
    lines = []
    for line in text.splitlines():
        before, quote, rest = line.partition('File "')
        path, closing, after = rest.partition('"')
        lines.append(f"{before}{quote}{Path(path).name}{closing}{after}" if quote else line)
    return "\n".join(lines).strip()

"""From nothing to the window, and back."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import lungviewer
from lungviewer.core.paths import bundled, user_log_dir
from lungviewer.ui.crash import CrashReporter
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.notice import Notice
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.theme import ThemeKeeper

_SWITCH_S = 0.001
_WELCOME = "synthetic_adenocarcinoma_2.jpg"
"""The sample that is shown first: one that gets a call, so that every part of the window has something."""


def make_application() -> QApplication:
    """The application object with its name and icon."""
    app = QApplication([sys.argv[0]])
    app.setApplicationName("lungviewer")
    app.setApplicationDisplayName("lungviewer")
    app.setApplicationVersion(lungviewer.__version__)
    app.setDesktopFileName("lungviewer")
    app.setWindowIcon(QIcon(str(bundled("resources") / "icons" / "lungviewer.svg")))
    return app


def first_places(paths: Sequence[Path], last_folder: str) -> list[Path]:
    """What to open: what was asked for, else what was open last, else the samples. Nothing is looked at: a
    drive that is gone must not keep the window from opening."""
    return list(paths) or ([Path(last_folder)] if last_folder else [samples()])


def samples() -> Path:
    """What is opened when there is nothing else."""
    return bundled("resources") / "samples" / _WELCOME


class Program:
    """Everything that lives as long as the window does."""

    def __init__(self, app: QApplication) -> None:
        self.store = SettingsStore()
        self._theme = ThemeKeeper(app, self.store)
        self.session = ViewerSession(self.store)
        self._reporter = CrashReporter(self._tell)
        report = self._reporter.start()
        self.window = MainWindow(self.session)
        self.window.show()
        if report:
            self.window.windows.show_crash_report(report, user_log_dir())

    def open(self, paths: Sequence[Path]) -> None:
        """Load the model and open what was asked for, once the window has been painted."""
        places = first_places(paths, self.store.current.last_folder)
        self._later = _Later(self.session, places, [] if paths else [samples()])
        QTimer.singleShot(0, self._later.go)

    def close(self) -> bool:
        """After the event loop has ended. False when a thread does not answer."""
        ended = all([self.session.close(), self.window.ended])
        self._reporter.stop()
        return ended

    def _tell(self, sentence: str) -> None:
        self.session.noticed.emit(Notice("error", sentence))


class _Later(QObject):
    """What begins when the event loop does."""

    def __init__(self, session: ViewerSession, places: Sequence[Path], otherwise: Sequence[Path]) -> None:
        super().__init__(session)
        self._session, self._places, self._otherwise = session, places, otherwise

    @Slot()
    def go(self) -> None:
        self._session.load_model()
        self._session.open_paths(self._places, self._otherwise)


def run(paths: Sequence[Path] = ()) -> int:
    """Show the window until it is closed; the exit code."""
    # Threads of ours that compute in Python hold the lock for this long; the default (5 ms) makes the window
    # late whenever a scan runs (benchmarks/window_heartbeat.py).
    sys.setswitchinterval(_SWITCH_S)
    app = make_application()
    program = Program(app)
    # What lives as long as the program is not looked through again: the maps of large slides hold so many
    # objects that a collection of all takes tens of milliseconds (benchmarks/viewer_map.py).
    gc.freeze()
    program.open(paths)
    code = app.exec()
    if not program.close():
        # A thread is stuck in a dead network drive, say. Everything that was reported is on the disk.
        os._exit(code)
    return code

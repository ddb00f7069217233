"""From nothing to the window, and back."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import lungviewer
from lungviewer.core.paths import bundled, user_log_dir
from lungviewer.ui.crash import CrashReporter
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.session import Notice, ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.theme import ThemeKeeper

_SWITCH_S = 0.001


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
    """What to open: what was asked for, else what was open last, else the samples."""
    if paths:
        return [path.absolute() for path in paths]
    last = Path(last_folder) if last_folder else None
    if last is not None and last.exists():
        return [last]
    return [bundled("resources") / "samples"]


def run(paths: Sequence[Path] = ()) -> int:
    """Show the window until it is closed; the exit code."""
    # Threads of ours that compute in Python hold the lock for this long; the default (5 ms) makes the window
    # late whenever a scan runs (benchmarks/window_heartbeat.py).
    sys.setswitchinterval(_SWITCH_S)
    app = make_application()
    store = SettingsStore()
    theme = ThemeKeeper(app, store)
    session = ViewerSession(store)

    def tell(sentence: str) -> None:
        session.noticed.emit(Notice("error", sentence))

    reporter = CrashReporter(tell)
    report = reporter.start()
    window = MainWindow(session, theme)
    window.show()
    if report:
        window.show_crash_report(report, user_log_dir())
    # After the first paint: the window can be used before the model is there.
    QTimer.singleShot(0, session.load_model)
    QTimer.singleShot(0, lambda: session.open_paths(first_places(paths, store.current.last_folder)))
    code = app.exec()
    ended = session.close()
    reporter.stop()
    if not ended:
        # A thread is stuck in a dead network drive, say. Everything that was reported is on the disk.
        os._exit(code)
    return code

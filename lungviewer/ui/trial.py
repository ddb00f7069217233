"""The window, opened and closed again, for the self-test: nothing of the person's is read or written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer

from lungviewer.ui.app import make_application
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore


def open_and_close(folder: Path) -> bool:
    """Show the main window, paint it, close it. `folder`: an empty one, for the settings that it will write.
    False when it was not painted, or a thread does not end."""
    app = make_application()
    session = ViewerSession(SettingsStore(folder))
    window = MainWindow(session)
    window.show()
    painted: list[bool] = []

    def look() -> None:
        painted.append(not window.grab().isNull())
        window.close()

    QTimer.singleShot(0, look)
    app.exec()
    return session.close() and window.ended and all(painted)

"""Files and folders handed to the other programs of the machine."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from lungviewer.core.starter import starting_others


def open_outside(path: Path) -> bool:
    """A file in the program that opens its kind, a folder in the file manager. False when there is no such
    file, or nothing that could show it."""
    if not path.exists():
        return False
    with starting_others():
        return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

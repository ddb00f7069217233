"""What can be done with one file of the list."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from lungviewer.services.classify import display_name
from lungviewer.ui.icons import icon
from lungviewer.ui.notice import Notice
from lungviewer.ui.outside import open_outside
from lungviewer.ui.session import ViewerSession


class FileMenu(QMenu):
    """The menu of one file. Goes when it is closed."""

    open_asked = Signal(object)  # Path
    again_asked = Signal(object)  # Path

    def __init__(self, session: ViewerSession, path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._path = session, path
        alone = session.series(path) is None
        for sign, text, slot in (
            ("image", self.tr("Open"), self._open),
            ("folder", self.tr("Show in file manager"), self._show_in_file_manager),
            ("copy", self.tr("Copy path") if alone else self.tr("Copy path of the folder"), self._copy),
            ("retrain", self.tr("Classify again"), self._again),
        ):
            self.addAction(icon(sign), text).triggered.connect(slot)
        self.aboutToHide.connect(self.deleteLater)

    @Slot()
    def _open(self) -> None:
        self.open_asked.emit(self._path)

    @Slot()
    def _again(self) -> None:
        self.again_asked.emit(self._path)

    @Slot()
    def _show_in_file_manager(self) -> None:
        if not open_outside(self._path.parent):
            text = self.tr("No file manager could be opened. Copy the path instead.")
            self._session.noticed.emit(Notice("warning", text))

    @Slot()
    def _copy(self) -> None:
        one_file = self._session.series(self._path) is None
        path = self._path if one_file else self._path.parent
        text = os.fspath(path)
        try:
            text.encode()
        except UnicodeEncodeError:  # no clipboard can hold a name that is no text
            text = display_name(path)
        QGuiApplication.clipboard().setText(text)

"""Rows of a scan on their way to the window's answers, whenever its folder is opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from lungviewer.core.types import ImageRecord
from lungviewer.ui.session import ViewerSession

_AT_ONCE = 400
"""Every row that is taken is told to browser and panels; a scan may have a hundred thousand."""

_EVERY_MS = 20


class RowOffer(QObject):
    """Offers the rows of the last scan to the session, portion by portion: as they come, and all of them
    again when a folder was listed or another model answers. What it takes is the session's affair."""

    def __init__(self, session: ViewerSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: list[ImageRecord] = []
        self._root: Path | None = None
        self._um_per_px: float | None = None
        self._next = 0
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.go_on)
        session.files_changed.connect(self._again)
        session.model_changed.connect(self._again)

    def begin(self, rows: list[ImageRecord], root: Path, um_per_px: float | None) -> None:
        """Another scan: of `root`, with this scale for every file. `rows` will grow."""
        self._rows, self._root, self._um_per_px, self._next = rows, root, um_per_px, 0

    @Slot()
    def go_on(self) -> None:
        """Offer the next portion, and the rest after it."""
        session = self._session
        if self._root is None or session.folder != self._root or session.listing:
            self._next = len(self._rows)
        rows = self._rows[self._next : self._next + _AT_ONCE]
        self._next += len(rows)
        if rows and self._root is not None:
            session.take_records(self._root, rows, self._um_per_px)
        if self._next < len(self._rows):
            self._timer.start()
        else:
            self._timer.stop()

    def stop(self) -> None:
        """For the end of the program."""
        self._timer.stop()
        self._rows, self._root = [], None

    @Slot()
    def _again(self) -> None:
        self._next = 0
        self.go_on()

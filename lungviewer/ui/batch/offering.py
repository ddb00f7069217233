"""Rows of a scan on their way to the window's answers, whenever its folder is opened."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from lungviewer.core.types import ImageRecord
from lungviewer.services.classify import display_name
from lungviewer.services.find import FoundFiles
from lungviewer.store.journal import FileIdentity
from lungviewer.ui.jobs import Job
from lungviewer.ui.session import ViewerSession

_AT_ONCE = 400
"""Every row that is taken is told to browser and panels; a scan may have a hundred thousand."""

_EVERY_MS = 20


class RowOffer(QObject):
    """Offers the rows of the last scan to the session, portion by portion: as they come, and all of them
    again when a folder was listed or another model answers. Rows of files that have changed between scan and
    list are left out; what else is taken is the session's affair."""

    def __init__(self, session: ViewerSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: list[ImageRecord] = []
        self._scanned: FoundFiles | None = None
        self._um_per_px: float | None = None
        self._changed: frozenset[str] | None = None
        self._comparing: Job | None = None
        self._next = 0
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.go_on)
        session.files_changed.connect(self._compare)
        session.model_changed.connect(self._again)

    def begin(self, rows: list[ImageRecord], scanned: FoundFiles, um_per_px: float | None) -> None:
        """Another scan: of these files, with this scale for all. `rows` will grow."""
        self._rows, self._scanned, self._um_per_px = rows, scanned, um_per_px
        self._compare()

    @Slot()
    def go_on(self) -> None:
        """Offer the next portion, and the rest after it."""
        session, scanned, changed = self._session, self._scanned, self._changed
        if scanned is None or changed is None or session.folder != scanned.root or session.opened.listing:
            return self._timer.stop()
        rows = self._rows[self._next : self._next + _AT_ONCE]
        self._next += len(rows)
        unchanged = [row for row in rows if row.path not in changed]
        if unchanged:
            session.take_records(scanned.root, unchanged, self._um_per_px)
        if self._next < len(self._rows):
            self._timer.start()
        else:
            self._timer.stop()

    def stop(self) -> None:
        """For the end of the program."""
        self._timer.stop()
        self._rows, self._scanned = [], None

    @Slot()
    def _again(self) -> None:
        self._next = 0
        self.go_on()

    @Slot()
    def _compare(self) -> None:
        """Find out which files have changed, when it is this folder that is open."""
        if self._comparing is not None:
            self._comparing.abandon()
        self._changed = self._comparing = None
        listed = self._session.opened.files_found
        if self._scanned is None or listed is None or self._scanned.root != listed.root:
            return
        then, now = self._scanned.files, listed.files
        self._comparing = self._session.file_jobs.submit(lambda _ctx: changed_names(then, now))
        self._comparing.finished.connect(self._compared)

    @Slot(object)
    def _compared(self, changed: frozenset[str]) -> None:
        self._comparing, self._changed = None, changed
        self._again()


def place_of(record: ImageRecord, found: FoundFiles) -> Path | None:
    """Where the image of a row lies, if it is one of these files."""
    # Files are in the order of their names; only names that are no text are written otherwise.
    near = bisect_left(found.files, record.path.encode(), key=lambda file: file.path)
    for file in chain(found.files[near : near + 1], found.files):
        if display_name(Path(os.fsdecode(file.path))) == record.path:
            return found.path(file)
    return None


def changed_names(then: Iterable[FileIdentity], now: Iterable[FileIdentity]) -> frozenset[str]:
    """The names, as rows have them, of files that are not there any more as they were."""
    there = frozenset(now)
    return frozenset(display_name(Path(os.fsdecode(file.path))) for file in then if file not in there)

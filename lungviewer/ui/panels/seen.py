"""Which answers were told while the program ran: a class given later is no blinded first read any more."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from lungviewer.ui.panels.blinding import Blinding
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import told


class Seen(QObject):
    """An answer that is not hidden is told: the browser names it under the thumbnail, looked at or not.
    Kept by reviewer; what somebody without a name was told counts for all."""

    def __init__(self, session: ViewerSession, blinding: Blinding, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._blinding = session, blinding
        self._told: set[tuple[str, Path]] = set()
        session.outcome_changed.connect(self._note)
        session.file_changed.connect(self._forget)
        blinding.changed.connect(self._note_all)
        self._note_all()

    def by_reviewer(self, path: Path) -> bool:
        """Whether the reviewer of the settings was told the answer for this file."""
        return not self._told.isdisjoint({(self._reviewer, path), ("", path)})

    @property
    def _reviewer(self) -> str:
        return self._session.settings.current.reviewer

    @Slot(object)
    def _note(self, path: Path) -> None:
        record = self._session.record(path)
        if record is None or told(record, hidden=True) == record:
            return
        if not self._blinding.hidden(path):
            self._told.add((self._reviewer, path))

    @Slot()
    def _note_all(self) -> None:
        for path in self._session.files:
            self._note(path)
        if self._session.current is not None:
            self._note(self._session.current)

    @Slot(object)
    def _forget(self, path: Path) -> None:
        """Another content lies there, with an answer of its own."""
        self._told = {(reviewer, kept) for reviewer, kept in self._told if kept != path}

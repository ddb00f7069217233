"""Which answers were told while the program ran: a class given later is no blinded first read any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from lungviewer.services.file_state import FileState
from lungviewer.ui.panels.blinding import Blinding
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import told


class Seen(QObject):
    """An answer that is not hidden is told: the browser names it under the thumbnail, looked at or not.
    Kept by reviewer, for the file and for its content: a file that was touched, renamed or copied is the same
    image. What somebody without a name was told counts for all. What was told before the program was started
    is not known."""

    def __init__(
        self,
        session: ViewerSession,
        blinding: Blinding,
        content: Callable[[Path], str],
        parent: QObject | None = None,
    ) -> None:
        """`content`: the SHA-256 of what the answer for a file is about, "" where nobody knows."""
        super().__init__(parent)
        self._session, self._blinding, self._content = session, blinding, content
        self._told: set[tuple[str, Path | str]] = set()
        self._unnamed: dict[tuple[str, Path], FileState] = {}
        session.outcome_changed.connect(self.note)
        session.file_changed.connect(self._forget)
        blinding.changed.connect(self._note_all)
        self._note_all()

    def by_reviewer(self, path: Path) -> bool:
        """Whether the reviewer of the settings was told the answer for this file."""
        reviewers = (self._reviewer, "")
        return any((name, image) in self._told for name in reviewers for image in self._images(path))

    def unnamed(self) -> tuple[tuple[tuple[Path, ...], FileState], ...]:
        """The files of images whose answers the reviewer of the settings was told and whose content nobody
        knows yet, as they were then: an image with one of these contents was told too."""
        reviewers = (self._reviewer, "")
        files_of = self._session.opened.files_of
        found = self._unnamed.items()
        return tuple((files_of(path), state) for (name, path), state in found if name in reviewers)

    def _images(self, path: Path) -> tuple[Path | str, ...]:
        content = self._content(path)
        return (path, content) if content else (path,)

    @property
    def _reviewer(self) -> str:
        return self._session.settings.current.reviewer

    @Slot(object)
    def note(self, path: Path) -> None:
        """More is known about a file, or more of it is told."""
        record = self._session.record(path)
        if record is None or told(record, hidden=True) == record:
            return
        if self._blinding.hidden(path):
            return
        images, state = self._images(path), self._session.state_of(path)
        self._told.update((self._reviewer, image) for image in images)
        if len(images) > 1:
            self._unnamed.pop((self._reviewer, path), None)
        elif state is not None:
            self._unnamed[self._reviewer, path] = state

    @Slot()
    def _note_all(self) -> None:
        for path in self._session.files:
            self.note(path)
        if self._session.current is not None:
            self.note(self._session.current)

    @Slot(object)
    def _forget(self, path: Path) -> None:
        """Another content may lie there, with an answer of its own."""
        self._told = {(reviewer, kept) for reviewer, kept in self._told if kept != path}

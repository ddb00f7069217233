"""Whether a file that was read still is the same one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.services.file_state import FileState, state_of
from lungviewer.ui.replaced import ReplacedRunner


class FileWatch(QObject):
    """Looks when it is asked to, off the GUI thread: drives may be slow, or gone."""

    changed = Signal(object, str)  # Path: another file lies there now, or none; what happened, as a sentence

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = ReplacedRunner("looks", self)

    def look(self, path: Path, state: FileState | None, files: Sequence[Path]) -> None:
        """Compare what lies at `path` with what it was like; `files` are all that it is made of."""
        job = self._runner.fresh().submit(lambda _ctx: (path, state, state_of(files)))
        job.finished.connect(self._looked)

    @Slot(object)
    def _looked(self, found: tuple[Path, FileState | None, FileState | None]) -> None:
        path, before, now = found
        if now != before:
            gone = self.tr("The file is gone: it was removed, renamed or moved.")
            changed = self.tr("The file has changed since it was read. It is read again.")
            self.changed.emit(path, gone if now is None else changed)

    def close(self) -> bool:
        """End the thread. False when it does not answer."""
        return self._runner.close()

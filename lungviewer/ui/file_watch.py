"""Whether a file that was read still is the same one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.services.file_state import FileState, file_state
from lungviewer.ui.replaced import ReplacedRunner


class FileWatch(QObject):
    """Looks when it is asked to, off the GUI thread: drives may be slow, or gone."""

    changed = Signal(object)  # Path: another file lies there now, or none

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = ReplacedRunner("looks", self)

    def look(self, path: Path, state: FileState | None) -> None:
        """Compare a file with what it was like."""
        job = self._runner.fresh().submit(lambda _ctx: path if file_state(path) != state else None)
        job.finished.connect(self._looked)

    @Slot(object)
    def _looked(self, path: Path | None) -> None:
        if path is not None:
            self.changed.emit(path)

    def close(self) -> bool:
        """End the thread. False when it does not answer."""
        return self._runner.close()

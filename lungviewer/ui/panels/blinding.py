"""Blinded first read: the program's answer is hidden until the reviewer has given a class of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.store.review_entry import ReviewEntry
from lungviewer.ui.settings import Settings, SettingsStore

Histories = Callable[[Path], Sequence[ReviewEntry] | None]


class Blinding(QObject):
    """Asked by whoever shows answers. `changed`: ask again."""

    changed = Signal()

    def __init__(self, settings: SettingsStore, histories: Histories, parent: QObject | None = None) -> None:
        """`histories`: what is on record for a file, None while nobody has looked."""
        super().__init__(parent)
        self._settings, self._histories = settings, histories
        self._state = self._wanted()
        settings.changed.connect(self._settings_changed)

    @property
    def on(self) -> bool:
        return self._settings.current.blinded

    def set_on(self, on: bool) -> None:
        """Remembered; `changed` follows."""
        self._settings.update(blinded=on)

    def hidden(self, path: Path | None) -> bool:
        """Whether this image's answer must not be told: the mode is on, and the reviewer who is named in the
        settings has given it no class yet, or nobody knows."""
        if not self.on or path is None:
            return False
        reviewer, history = self._settings.current.reviewer, self._histories(path)
        return not any(entry.chosen and entry.reviewer == reviewer for entry in history or ())

    def _wanted(self) -> tuple[bool, str]:
        return self._settings.current.blinded, self._settings.current.reviewer

    @Slot(object)
    def _settings_changed(self, _settings: Settings) -> None:
        if self._wanted() != self._state:
            self._state = self._wanted()
            self.changed.emit()

    @Slot()
    def look_again(self) -> None:
        """More is known about what is on record."""
        if self.on:
            self.changed.emit()

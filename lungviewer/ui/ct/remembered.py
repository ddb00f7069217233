"""What a person chose for looking at CT, kept from one start to the next."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from lungviewer.ui.ct.cine import Cine
from lungviewer.ui.ct.window_level import WindowLevel
from lungviewer.ui.settings import SettingsStore


class RememberedLooks(QObject):
    """Recalls the speed of the film, the preset and inverting, and keeps them when they change. A window that
    was dragged belongs to its series and is not kept."""

    def __init__(self, settings: SettingsStore, levels: WindowLevel, cine: Cine, parent: QObject) -> None:
        super().__init__(parent)
        self._settings, self._levels, self._cine = settings, levels, cine
        levels.recall(settings.current.ct_window, settings.current.ct_inverted)
        cine.set_speed(settings.current.cine_speed)
        levels.changed.connect(self._keep_levels)
        cine.changed.connect(self._keep_speed)

    @Slot()
    def _keep_levels(self) -> None:
        self._settings.update(ct_window=self._levels.preferred, ct_inverted=self._levels.inverted)

    @Slot()
    def _keep_speed(self) -> None:
        self._settings.update(cine_speed=self._cine.speed)

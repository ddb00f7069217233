"""Which entries of the menu mean something for the CT that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

if TYPE_CHECKING:
    from lungviewer.ui.viewer.ct_view import CtViewing

CT_WINDOW = "ct-"
"""Before the id of a preset: the action that chooses it."""

CT_WINDOWS = tuple(CT_WINDOW + name for name in ("lung", "soft_tissue", "bone", "model", "file"))


class CtActions(QObject):
    """Switches them on and off."""

    def __init__(self, actions: Mapping[str, QAction], ct: CtViewing, parent: QObject) -> None:
        super().__init__(parent)
        self._actions, self._ct = actions, ct
        ct.opened.connect(self._enable)
        ct.levels.changed.connect(self._enable)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        series, levels = self._ct.series, self._ct.levels
        known = {preset.id for preset in levels.presets} if series is not None else set()
        for name in CT_WINDOWS:
            self._actions[name].setEnabled(name.removeprefix(CT_WINDOW) in known)
        for name in ("ct-next-window", "ct-invert"):
            self._actions[name].setEnabled(series is not None)
        self._actions["ct-play"].setEnabled(series is not None and len(series.slices) > 1)
        self._actions["ct-invert"].setChecked(levels.inverted)

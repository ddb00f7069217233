"""Through which window CT is looked at. Changing it reads nothing: a slice is coloured by another table."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Signal, Slot

from lungviewer.core.ct import AIR_HU
from lungviewer.core.window import LUNG, Window
from lungviewer.ui.ct.presets import FILE, Preset

WIDTHS, CENTRES = (2, 8000), (AIR_HU, 6000)
"""Whole Hounsfield units that can be chosen."""

_DRAGS_FOR_WIDTH = 300.0
_LEAST_HU_PER_PX, _MOST_HU_PER_PX = 0.5, 10.0


class WindowLevel(QObject):
    """The window in force. A preset that a person chose, and inverting, stay for the next series; without a
    preset each begins with the file's own window, or the lung's."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._presets: tuple[Preset, ...] = ()
        self._window = LUNG
        self._inverted = False
        self._preferred: str | None = None
        self._dragged_from: Window | None = None

    @property
    def window(self) -> Window:
        return self._window

    @property
    def inverted(self) -> bool:
        return self._inverted

    @property
    def presets(self) -> tuple[Preset, ...]:
        return self._presets

    @property
    def preset(self) -> Preset | None:
        """The one that is in force; a person may have come to its numbers by dragging."""
        wanted = [p for p in self._presets if p.window == self._window]
        return next((p for p in wanted if p.id == self._preferred), next(iter(wanted), None))

    @property
    def preferred(self) -> str:
        """The id of the preset that a person chose; "": none was."""
        return self._preferred or ""

    def recall(self, preferred: str, inverted: bool) -> None:
        """What a person chose before, for the series that come."""
        self._preferred, self._inverted = preferred or None, inverted

    def begin(self, presets: tuple[Preset, ...]) -> None:
        """Another series, with these presets."""
        self._presets = presets
        self._dragged_from = None
        by_id = {preset.id: preset for preset in presets}
        first = by_id.get(self._preferred or FILE) or by_id.get(FILE) or by_id.get("lung")
        self._window = first.window if first is not None else LUNG
        self.changed.emit()

    def offer(self, presets: tuple[Preset, ...]) -> None:
        """Other presets for the same series: another model looks through another window."""
        if presets != self._presets:
            self._presets = presets
            self.changed.emit()

    @Slot(str)
    def choose(self, preset_id: str) -> None:
        """Take a preset; nothing happens when there is none of this id."""
        for preset in self._presets:
            if preset.id == preset_id:
                self._preferred = preset_id
                self._set(preset.window)

    @Slot()
    def choose_next(self) -> None:
        """The preset after the one in force, or the first."""
        if self._presets:
            now = self.preset
            after = 0 if now is None else self._presets.index(now) + 1
            self.choose(self._presets[after % len(self._presets)].id)

    def set_numbers(self, width: float, centre: float) -> None:
        """Hounsfield units; taken to the nearest that can be chosen."""
        self._set(Window(_within(centre, CENTRES), _within(width, WIDTHS)))

    @Slot(bool)
    def set_inverted(self, on: bool) -> None:
        """White for air."""
        if on != self._inverted:
            self._inverted = on
            self.changed.emit()

    def begin_drag(self) -> None:
        self._dragged_from = self._window

    def drag(self, moved: QPointF) -> None:
        """By so many pixels of the screen since `begin_drag`: to the right is wider, down is a higher centre,
        which is darker. The wider the window, the more a pixel counts."""
        start = self._dragged_from
        if start is not None:
            per_px = min(max(start.width / _DRAGS_FOR_WIDTH, _LEAST_HU_PER_PX), _MOST_HU_PER_PX)
            self.set_numbers(start.width + per_px * moved.x(), start.centre + per_px * moved.y())

    def end_drag(self) -> None:
        self._dragged_from = None

    @property
    def dragging(self) -> bool:
        return self._dragged_from is not None

    def _set(self, window: Window) -> None:
        if window != self._window:
            self._window = window
            self.changed.emit()


def _within(value: float, limits: tuple[int, int]) -> float:
    return float(min(max(round(value), limits[0]), limits[1]))

"""Which slice of the series that is open is looked at."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class CurrentSlice(QObject):
    """`index` from 0, of `count` slices; both 0 while no series is looked at.

    Set back before `session.current_changed` is emitted, so that whoever hears of another image finds its
    slice here."""

    changed = Signal(int)  # the index; also when the same number is of another series

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._index, self._count = 0, 0

    @property
    def index(self) -> int:
        return self._index

    @property
    def count(self) -> int:
        return self._count

    def reset(self, count: int, index: int | None = None) -> None:
        """Another series of `count` slices, looked at from `index` on (None: the middle). 0: no series."""
        self._count = max(0, count)
        self._index = self._within(count // 2 if index is None else index)
        self.changed.emit(self._index)

    def select(self, index: int) -> None:
        """Look at this slice, or at the last one on its side."""
        wanted = self._within(index)
        if wanted != self._index:
            self._index = wanted
            self.changed.emit(wanted)

    def step(self, delta: int) -> None:
        """Look so many slices further on, or back."""
        self.select(self._index + delta)

    def _within(self, index: int) -> int:
        return min(max(index, 0), max(0, self._count - 1))

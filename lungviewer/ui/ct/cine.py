"""Slices one after the other, as a film."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

SLOWEST, FASTEST, USUAL = 1, 30, 10
"""Slices per second."""


class Cine(QObject):
    """Asks for `forward` at its speed while it plays. A slice that is not there yet is waited for, so that
    none is left out."""

    changed = Signal()  # playing or speed

    def __init__(self, forward: Callable[[], None], is_there: Callable[[], bool], parent: QObject) -> None:
        """`forward`: show the next slice; `is_there`: whether the one that was asked for last is shown."""
        super().__init__(parent)
        self._forward, self._is_there = forward, is_there
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._speed = USUAL
        self.set_speed(USUAL)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    @property
    def speed(self) -> int:
        """Slices per second."""
        return self._speed

    @Slot(int)
    def set_speed(self, per_second: int) -> None:
        """Taken to the nearest that is possible."""
        self._speed = min(max(per_second, SLOWEST), FASTEST)
        self._timer.setInterval(round(1000 / self._speed))
        self.changed.emit()

    @Slot(bool)
    def play(self, on: bool) -> None:
        if on != self.playing:
            if on:
                self._timer.start()
            else:
                self._timer.stop()
            self.changed.emit()

    @Slot()
    def toggle(self) -> None:
        """Play, or pause."""
        self.play(not self.playing)

    @Slot()
    def _tick(self) -> None:
        if self._is_there():
            self._forward()

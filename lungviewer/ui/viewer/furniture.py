"""Where the plates over the picture stand: every one in a corner of its own, so that none covers another."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QWidget

from lungviewer.ui.viewer.legend import Legend
from lungviewer.ui.viewer.message import Message
from lungviewer.ui.viewer.minimap import Minimap
from lungviewer.ui.viewer.notes import Notes
from lungviewer.ui.viewer.scale_chip import ScaleChip
from lungviewer.ui.viewer.scale_popup import ScalePopup
from lungviewer.ui.viewer.tile_plate import TilePlate

_MINIMAP_SHARE = 0.3
_MINIMAP_LINES = 10  # at most so many lines of text high


@dataclass(frozen=True, slots=True)
class Furniture:
    """Everything that stands over the view."""

    legend: Legend
    scale: ScaleChip
    minimap: Minimap
    notes: Notes
    message: Message
    popup: ScalePopup
    tile: TilePlate

    def place(self, room: QRect, line_px: int) -> None:
        """Put each where it belongs. `line_px`: height of a line of text."""
        gap = line_px // 2
        inner = room.adjusted(gap, gap, -gap, -gap)
        map_size = QSize()
        if not self.minimap.isHidden():
            most = min(round(min(inner.width(), inner.height()) * _MINIMAP_SHARE), _MINIMAP_LINES * line_px)
            map_size = self.minimap.size_within(QSize(most, most))
            self.minimap.setGeometry(
                QRect(QPoint(inner.right() - map_size.width() + 1, inner.top()), map_size)
            )
        notes = self.notes.size_within(QSize(inner.width() - map_size.width() - gap, inner.height()))
        self.notes.setGeometry(QRect(inner.topLeft(), notes))
        scale = self.scale.sizeHint()
        self.scale.setGeometry(
            QRect(inner.bottomRight() - QPoint(scale.width() - 1, scale.height() - 1), scale)
        )
        self._place_tile(inner, map_size.height() + gap if map_size.height() else 0, gap)
        legend = self.legend.size_within(QSize(inner.width() - scale.width() - gap, inner.height()))
        self.legend.setGeometry(QRect(inner.bottomLeft() - QPoint(0, legend.height() - 1), legend))
        _centre(self.message, self.message.size_within(inner.size()), inner)
        popup = self.popup.size_within(inner.size())
        top = max(inner.top(), self.scale.y() - gap // 2 - popup.height())
        self.popup.setGeometry(QRect(QPoint(inner.right() - popup.width() + 1, top), popup))

    def _place_tile(self, inner: QRect, below: int, gap: int) -> None:
        """At the right edge between minimap and scale; without enough room it stays away."""
        room = QRect(
            inner.left(), inner.top() + below, inner.width(), self.scale.y() - gap - inner.top() - below
        )
        size = self.tile.size_within(room.size())
        self.tile.setGeometry(QRect(QPoint(inner.right() - size.width() + 1, room.top()), size))
        self.tile.setVisible(self.tile.wanted and size.height() <= room.height())


def furniture_of(parent: QWidget) -> Furniture:
    """One of each."""
    return Furniture(
        Legend(parent),
        ScaleChip(parent),
        Minimap(parent),
        Notes(parent),
        Message(parent),
        ScalePopup(parent),
        TilePlate(parent),
    )


def _centre(message: Message, size: QSize, room: QRect) -> None:
    rect = QRect(QPoint(), size)
    rect.moveCenter(room.center())
    message.setGeometry(rect)

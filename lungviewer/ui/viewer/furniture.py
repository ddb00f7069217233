"""Where the plates over the picture stand: every one in a corner of its own, so that none covers another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QWidget

from lungviewer.ui.viewer.legend import Legend
from lungviewer.ui.viewer.message import Message
from lungviewer.ui.viewer.minimap import Minimap
from lungviewer.ui.viewer.notes import Notes
from lungviewer.ui.viewer.scale_chip import ScaleChip
from lungviewer.ui.viewer.scale_popup import ScalePopup
from lungviewer.ui.viewer.slice_plate import SlicePlate
from lungviewer.ui.viewer.tile_plate import TilePlate

_MINIMAP_SHARE = 0.3
_MINIMAP_LINES = 10  # at most so many lines of text high


@dataclass(slots=True)
class Furniture:
    """Everything that stands over the view. `keep_clear`: what is painted there and may not be covered by
    the plate of a tile."""

    legend: Legend
    scale: ScaleChip
    minimap: Minimap
    notes: Notes
    message: Message
    popup: ScalePopup
    tile: TilePlate
    slice: SlicePlate
    keep_clear: Callable[[], tuple[QRect, ...]] = tuple
    _inner: QRect = field(default_factory=QRect, init=False)
    _gap: int = field(default=0, init=False)

    def place(self, room: QRect, line_px: int) -> None:
        """Put each where it belongs. `line_px`: height of a line of text."""
        gap = line_px // 2
        inner = room.adjusted(gap, gap, -gap, -gap)
        self._inner, self._gap = inner, gap
        map_size = QSize()
        if not self.minimap.isHidden():
            most = min(round(min(inner.width(), inner.height()) * _MINIMAP_SHARE), _MINIMAP_LINES * line_px)
            map_size = self.minimap.size_within(QSize(most, most))
            self.minimap.setGeometry(
                QRect(QPoint(inner.right() - map_size.width() + 1, inner.top()), map_size)
            )
        notes = self.notes.size_within(QSize(inner.width() - map_size.width() - gap, inner.height()))
        self.notes.setGeometry(QRect(inner.topLeft(), notes))
        below = inner.top() if self.notes.isHidden() else self.notes.geometry().bottom() + 1 + gap
        self.slice.setGeometry(QRect(QPoint(inner.left(), below), self.slice.size_within()))
        scale = self.scale.sizeHint()
        self.scale.setGeometry(
            QRect(inner.bottomRight() - QPoint(scale.width() - 1, scale.height() - 1), scale)
        )
        legend = self.legend.size_within(QSize(inner.width() - scale.width() - gap, inner.height()))
        self.legend.setGeometry(QRect(inner.bottomLeft() - QPoint(0, legend.height() - 1), legend))
        self.place_tile()
        _centre(self.message, self.message.size_within(inner.size()), inner)
        popup = self.popup.size_within(inner.size())
        top = max(inner.top(), self.scale.y() - gap // 2 - popup.height())
        self.popup.setGeometry(QRect(QPoint(inner.right() - popup.width() + 1, top), popup))

    def covered(self) -> tuple[QRect, ...]:
        """Where plates stand that do not give way."""
        plates = (self.legend, self.scale, self.minimap, self.notes, self.slice)
        return tuple(plate.geometry() for plate in plates if not plate.isHidden())

    def place_tile(self) -> None:
        """Put the plate of a tile where it covers neither that tile nor the cursor, if there is such a place,
        and best at the bottom; without enough room it stays away."""
        inner, gap = self._inner, self._gap
        size = self.tile.size_within(inner.size())
        taken = (*self.keep_clear(), *self.covered())
        wide = size + QSize(gap, gap)
        free = [
            place
            for place in (QRect(corner, size) for corner in self._corners(wide))
            if inner.contains(place) and not any(place.intersects(other) for other in taken)
        ]
        self.tile.setVisible(self.tile.wanted and bool(free))
        if free:
            self.tile.setGeometry(min(free, key=self.tile.in_the_way))

    def _corners(self, wide: QSize) -> Iterator[QPoint]:
        """Top left corners of the places for the plate of a tile, the best first; `wide`: plate and gap."""
        inner, gap = self._inner, self._gap
        left = inner.left() if self.legend.isHidden() else self.legend.geometry().right() + 1 + gap
        right = inner.right() + 1 if self.scale.isHidden() else self.scale.x()
        top = inner.bottom() + 1 + gap - wide.height()
        yield QPoint((left + right - wide.width()) // 2, top)
        above = [part.geometry().bottom() for part in (self.notes, self.slice) if not part.isHidden()]
        yield QPoint(inner.left(), max(above) + gap if above else inner.top())
        at_right = inner.right() + 1 + gap - wide.width()
        below = inner.top() if self.minimap.isHidden() else self.minimap.geometry().bottom() + 1 + gap
        yield QPoint(at_right, below)
        yield QPoint(
            inner.left(), inner.bottom() + 1 if self.legend.isHidden() else self.legend.y() - wide.height()
        )
        yield QPoint(at_right, self.scale.y() - wide.height())


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
        SlicePlate(parent),
    )


def _centre(message: Message, size: QSize, room: QRect) -> None:
    rect = QRect(QPoint(), size)
    rect.moveCenter(room.center())
    message.setGeometry(rect)

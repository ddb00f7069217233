"""What was found out about the tile that is pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.viewer.chip import Chip

_LINE_CHARS = 44
_MOST_SHARE = 1 / 3
"""Of the height: with more, remarks are left out."""


@dataclass(frozen=True, slots=True)
class TileWords:
    """A tile in words: what it was called or why it was not, a share per class, and remarks."""

    head: str
    shares: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()


class TilePlate(Chip):
    """`wanted`: there is something to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wanted = False
        self._tile, self._cursor = QRect(), QPoint()
        self._words = TileWords("")
        self._head = Prose(bold=True)
        self._shares = QWidget()
        self._grid = QGridLayout(self._shares)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(0)
        self._grid.setHorizontalSpacing(3 * self.pad)
        self._grid.setColumnStretch(0, 1)
        self._remarks = Prose()
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        column.setSpacing(2)
        for part in (self._head, self._shares, self._remarks):
            column.addWidget(part)
        self.hide()

    def say(self, words: TileWords | None) -> bool:
        """Say this of a tile, or nothing. True when it is something else than before."""
        words = words or TileWords("")
        if words == self._words:
            return False
        self._words, self.wanted = words, bool(words.head)
        self._head.setText(words.head)
        self._show_shares(words.shares)
        self._remarks.setText("\n".join(words.remarks))
        self.setAccessibleName(self.text)
        return True

    def keep_clear(self, tile: QRect, cursor: QPoint) -> bool:
        """Where on the screen the tile and the cursor are. True when that is elsewhere than before."""
        moved = (tile, cursor) != (self._tile, self._cursor)
        self._tile, self._cursor = tile, cursor
        return moved

    def in_the_way(self, place: QRect) -> tuple[bool, int]:
        """How bad a place is for the plate: whether it covers the cursor, and how much of the tile."""
        covered = place.intersected(self._tile)
        return place.contains(self._cursor), covered.width() * covered.height()

    @property
    def text(self) -> str:
        """Everything that it says; "" when there is nothing to say."""
        shares = (f"{label} {number}" for label, number in self._words.shares)
        return "\n".join(filter(None, (self._words.head, *shares, *self._words.remarks)))

    def size_within(self, most: QSize) -> QSize:
        """As large as its words, with lines of a pleasant length; remarks only where there is room."""
        metrics = self.fontMetrics()
        head = QFontMetrics(self._head.font()).horizontalAdvance(self._words.head)
        shares = self._shares.sizeHint().width() if self._words.shares else 0
        remarks = max((metrics.horizontalAdvance(line) for line in self._words.remarks), default=0)
        remarks = min(remarks, metrics.averageCharWidth() * _LINE_CHARS)
        width = min(max(head, shares, remarks) + 2 * self.pad + 4, most.width())
        inner, gap = width - 2 * self.pad, self.layout().spacing()
        parts = [self._head.heightForWidth(inner)]
        if self._words.shares:
            parts.append(self._shares.sizeHint().height())
        said = self._remarks.heightForWidth(inner) if self._words.remarks else 0
        room = most.height() * _MOST_SHARE - 2 * self.pad
        told = bool(said) and sum(parts) + said + gap * len(parts) <= room
        self._remarks.setVisible(told)
        if told:
            parts.append(said)
        return QSize(width, sum(parts) + gap * (len(parts) - 1) + 2 * self.pad)

    def _show_shares(self, shares: Sequence[tuple[str, str]]) -> None:
        """Labels are kept from tile to tile: new ones at every step of the mouse would take a while."""
        while self._grid.count() < 2 * len(shares):
            row = self._grid.count() // 2
            number = Plain()
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(Plain(), row, 0)
            self._grid.addWidget(number, row, 1)
        for row in range(self._grid.count() // 2):
            pair = shares[row] if row < len(shares) else ("", "")
            for column, text in enumerate(pair):
                label = self._grid.itemAtPosition(row, column).widget()
                label.setText(text)
                label.setVisible(row < len(shares))
        self._shares.setVisible(bool(shares))

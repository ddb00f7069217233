"""What was found out about the tile that is pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.viewer.chip import Chip

_LINE_CHARS = 30


@dataclass(frozen=True, slots=True)
class TileWords:
    """A tile in words: what it was called or why it was not, a share per class, and remarks."""

    head: str
    shares: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()


class TilePlate(Chip):
    """Stands in one place, whatever is pointed at. `wanted`: there is something to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wanted = False
        self._words = TileWords("")
        self._head = Prose(bold=True)
        self._shares = QWidget()
        self._grid = QGridLayout(self._shares)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(0)
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
        self._remarks.say("\n".join(words.remarks))
        self.setAccessibleName(self.text)
        return True

    @property
    def text(self) -> str:
        """Everything that it says; "" when there is nothing to say."""
        shares = (f"{label} {number}" for label, number in self._words.shares)
        return "\n".join(filter(None, (self._words.head, *shares, *self._words.remarks)))

    def size_within(self, most: QSize) -> QSize:
        """As wide for one tile as for another, as far as class names allow."""
        metrics = self.fontMetrics()
        row = max(
            (metrics.horizontalAdvance(f"{label}    {n}") for label, n in self._words.shares), default=0
        )
        head = QFontMetrics(self._head.font()).horizontalAdvance(self._words.head)
        width = max(metrics.averageCharWidth() * _LINE_CHARS, row, head) + 2 * self.pad + 4
        width = min(width, most.width())
        return QSize(width, self.layout().heightForWidth(width))

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

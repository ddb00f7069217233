"""What has to be said about the picture: refusals, parts that cannot be read, what the mouse does now."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lungviewer.ui.prose import Prose
from lungviewer.ui.symbol import Symbol
from lungviewer.ui.viewer.chip import Chip


class Notes(Chip):
    """One line per kind, each with an icon; hidden when there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = {
            "refused": _Line("refused"),
            "unreadable": _Line("error"),
            "ruler": _Line("ruler"),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        column.setSpacing(2)
        for line in self._lines.values():
            column.addWidget(line)
            line.hide()
        self.hide()

    def say(self, kind: str, text: str) -> None:
        """`kind` "refused", "unreadable" or "ruler"; an empty text takes the line away."""
        line = self._lines[kind]
        line.words.setText(text)
        line.setVisible(bool(text))
        self.setVisible(any(not each.isHidden() for each in self._lines.values()))
        self.setAccessibleName(self.text)

    @property
    def text(self) -> str:
        """Everything that is said."""
        return "\n".join(line.words.text() for line in self._lines.values() if not line.isHidden())

    def size_within(self, most: QSize) -> QSize:
        """As wide as the words, if there is room."""
        advance = self.fontMetrics().horizontalAdvance
        longest = max((advance(line.words.text()) for line in self._lines.values()), default=0)
        side = self._lines["ruler"].sizeHint().height()
        width = min(most.width(), longest + 2 * self.pad + 2 * side)
        return QSize(width, self.layout().heightForWidth(width))


class _Line(QWidget):
    def __init__(self, symbol: str) -> None:
        super().__init__()
        self.words = Prose()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(Symbol(symbol), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)

"""What stands in the middle of the view when there is no picture."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.prose import Prose
from lungviewer.ui.symbol import Symbol
from lungviewer.ui.viewer.chip import Chip

_LINE_CHARS = 56


class Message(Chip):
    """A quiet line, or what went wrong with an icon and a sentence that can be selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, passes_mouse=False)
        self._icon = Symbol("error")
        self._head = ElidedLabel()
        self._sentence = Prose(selectable=True)
        top = QHBoxLayout()
        top.addWidget(self._icon)
        top.addWidget(self._head, 1)
        column = QVBoxLayout(self)
        margin = 2 * self.pad
        column.setContentsMargins(margin, margin, margin, margin)
        column.addLayout(top)
        column.addWidget(self._sentence)
        self.hide()

    @property
    def text(self) -> str:
        """Everything that it says; "" when it is hidden."""
        return "" if self.isHidden() else f"{self._head.whole_text()} {self._sentence.text()}".strip()

    def say(self, words: str) -> None:
        """One quiet line, such as that an image is being opened."""
        self._show(words, "", failed=False)

    def say_failed(self, head: str, sentence: str) -> None:
        """What could not be shown, and why and what to do."""
        self._show(head, sentence, failed=True)

    def _show(self, head: str, sentence: str, failed: bool) -> None:
        self._icon.setVisible(failed)
        self._head.setText(head)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self.setAccessibleName(f"{head} {sentence}".strip())
        self.updateGeometry()
        self.show()

    def size_within(self, most: QSize) -> QSize:
        """As wide as the words, up to a line that is pleasant to read."""
        metrics = self.fontMetrics()
        longest = max(
            self._head.sizeHint().width() + 2 * metrics.height(),
            metrics.horizontalAdvance(self._sentence.text()) if self._sentence.text() else 0,
        )
        width = min(longest + 4 * self.pad + 8, metrics.averageCharWidth() * _LINE_CHARS, most.width())
        layout = self.layout()
        height = layout.heightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return QSize(width, height)

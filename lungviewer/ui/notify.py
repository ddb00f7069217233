"""One quiet line for what a person should know: a word, a sentence, and a way to put it away."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from lungviewer.ui.icons import icon
from lungviewer.ui.notice import Notice
from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.symbol import Symbol

_MOST = 50


class NoticeBar(QFrame):
    """Shows the newest notice and how many more there are; the same sentence is not told twice, and one of a
    topic takes the place of the one before."""

    action_taken = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._waiting: list[tuple[Notice, str, str]] = []
        self._symbol = Symbol("info")
        self._text = Prose(selectable=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._more = Plain()
        self._action = QPushButton()
        self._action.clicked.connect(self._act)
        self._close = QToolButton()
        self._close.setIcon(icon("close"))
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Put this message away"))
        self._close.setAccessibleName(self.tr("Put this message away"))
        self._close.clicked.connect(self._next)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 4, 4)
        for widget in (self._symbol, self._text, self._more, self._action, self._close):
            row.addWidget(widget)
        row.setStretchFactor(self._text, 1)
        self.hide()

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Tell a sentence. It stays until it is put away."""
        self.offer(notice, "", "")

    def offer(self, notice: Notice, action: str, words: str) -> None:
        """Tell a sentence with a button; `action_taken` carries `action` when it is pressed."""
        if any(notice == known for known, _, _ in self._waiting):
            return
        others = [one for one in self._waiting if not notice.topic or one[0].topic != notice.topic]
        new = [(notice, action, words)] if notice.text else []
        self._waiting = [*others, *new][-_MOST:]
        self._show()

    def texts(self) -> list[str]:
        """What is waiting to be read, oldest first."""
        return [notice.text for notice, _, _ in self._waiting]

    @Slot()
    def _next(self) -> None:
        if self._waiting:
            self._waiting.pop()
        self._show()

    @Slot()
    def _act(self) -> None:
        _, action, _ = self._waiting[-1]
        self._next()
        self.action_taken.emit(action)

    def _show(self) -> None:
        self.setVisible(bool(self._waiting))
        if not self._waiting:
            return
        notice, action, words = self._waiting[-1]
        self._symbol.show_icon(notice.kind)
        word = {"warning": self.tr("Warning"), "error": self.tr("Problem")}.get(notice.kind, "")
        self._text.setText(
            self.tr("{word}: {text}").format(word=word, text=notice.text) if word else notice.text
        )
        self._text.setAccessibleName(self._text.text())
        others = len(self._waiting) - 1
        self._more.setText(self.tr("and {n} more").format(n=others) if others else "")
        self._action.setVisible(bool(action))
        self._action.setText(words)

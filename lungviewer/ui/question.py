"""A question that stands where the answer matters: no window of its own, and nothing else has to wait."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from lungviewer.ui.prose import Sentence


class Question(QFrame):
    """A sentence and two answers; hidden while nothing is asked."""

    agreed = Signal()

    def __init__(self, yes: str, no: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.sentence = Sentence()
        self.yes, self.no = QPushButton(yes), QPushButton(no)
        self.yes.clicked.connect(self._agree)
        self.no.clicked.connect(self.take_back)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.yes, self.no):
            button.setAutoDefault(False)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.sentence)
        column.addLayout(row)
        self.hide()

    def ask(self, text: str) -> None:
        """Show it; the keyboard is at the answer that changes nothing. `agreed` follows on yes."""
        self.sentence.say("warning", text)
        self.show()
        self.no.setFocus()

    @Slot()
    def take_back(self) -> None:
        """It is no longer asked."""
        self.hide()

    @Slot()
    def _agree(self) -> None:
        self.hide()
        self.agreed.emit()

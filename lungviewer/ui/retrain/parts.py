"""Small pieces that the pages of the retraining window are made of."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.retrain.controller import RetrainController


class Page(QScrollArea):
    """One page: its title, what it shows, and what its forward button does."""

    buttons_changed = Signal()
    next_asked = Signal()  # the page after this one is wanted

    def __init__(self, controller: RetrainController, title: str) -> None:
        super().__init__()
        self.controller = controller
        self.title = title
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(16, 12, 16, 12)
        self.column.setSpacing(10)
        self.setWidget(inside)

    def forward_text(self) -> str:
        """What the forward button says; "" when there is none."""
        return ""

    def can_go_forward(self) -> bool:
        return False

    def go_forward(self) -> None:
        """Do what the forward button says."""

    def entered(self) -> None:
        """The page is shown."""


def add_sentence(layout: QVBoxLayout, symbol: str, text: str) -> None:
    """Put a sentence at the end of a layout."""
    line = Sentence()
    layout.addWidget(line)  # first: what has no parent yet would be shown as a window of its own
    line.say(symbol, text)


def cells(grid: QGridLayout, row: int, texts: list[str], *, bold: bool = False) -> None:
    """A row of words: the first to the left, which wraps, the others, which are numbers, to the right."""
    for column, text in enumerate(texts):
        label = Prose(text, bold=bold)
        label.setWordWrap(column == 0)
        if column == 0:
            grid.addWidget(label, row, column)
            continue
        grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def empty_layout(layout: QVBoxLayout | QGridLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()

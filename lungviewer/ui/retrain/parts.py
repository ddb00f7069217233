"""Small pieces that the pages of the retraining window are made of."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from lungviewer.ui.icons import icon
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


def prose(text: str = "", *, selectable: bool = False) -> QLabel:
    """Plain text that wraps."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if selectable:
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return label


def heading(text: str = "") -> QLabel:
    """A line in bold, in whatever size the window has."""
    label = prose(text)
    label.setFont(bold_font())
    return label


def bold_font(bold: bool = True) -> QFont:
    """Says nothing but the weight: size and family stay those of the window, also when they change."""
    font = QFont()
    font.setBold(bold)
    return font


def fixed_font() -> QFont:
    """A typewriter's letters, in the size of the window."""
    font = QFont()
    font.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
    return font


class Sentence(QWidget):
    """A symbol and a sentence beside it, whose first word says the same as the symbol."""

    def __init__(self) -> None:
        super().__init__()
        self._symbol = QLabel()
        self._text = prose(selectable=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._symbol, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self.hide()

    def say(self, symbol: str, text: str) -> None:
        """Show a sentence; "" hides it."""
        side = self.fontMetrics().height()
        self._symbol.setPixmap(icon(symbol).pixmap(QSize(side, side)))
        self._text.setText(text)
        self.setVisible(bool(text))

    def text(self) -> str:
        return self._text.text()


def add_sentence(layout: QVBoxLayout, symbol: str, text: str) -> None:
    """Put a sentence at the end of a layout."""
    line = Sentence()
    layout.addWidget(line)  # first: what has no parent yet would be shown as a window of its own
    line.say(symbol, text)


def cells(grid: QGridLayout, row: int, texts: list[str], *, bold: bool = False) -> None:
    """A row of words: the first to the left, which wraps, the others, which are numbers, to the right."""
    for column, text in enumerate(texts):
        label = heading(text) if bold else prose(text)
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

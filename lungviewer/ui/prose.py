"""Words in a window: paragraphs, headings, and sentences with a symbol, which follow font and colours."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QSizePolicy, QWidget

from lungviewer.ui.icons import icon


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


def fixed_text(text: str, name: str) -> QPlainTextEdit:
    """Text of equally wide letters, to read and to copy; `name` is for screen readers."""
    box = QPlainTextEdit(text)
    box.setReadOnly(True)
    box.setTabChangesFocus(True)
    box.setAccessibleName(name)
    box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    # The family alone, so that the size stays the program's.
    font = QFont()
    font.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
    font.setStyleHint(QFont.StyleHint.Monospace)
    box.setFont(font)
    return box


class Heading(QWidget):
    """Bold plain text that wraps, `larger` than the text around it whatever size that gets."""

    def __init__(self, text: str = "", larger: float = 1.0) -> None:
        super().__init__()
        self._larger = larger
        self.label = prose(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label)
        self._enlarge()

    def setText(self, text: str) -> None:
        """Another heading."""
        self.label.setText(text)

    def text(self) -> str:
        """The words."""
        return self.label.text()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The label has a size of its own and hears of no new one; this widget has none and does.
        if event.type() == QEvent.Type.FontChange:
            self._enlarge()

    def _enlarge(self) -> None:
        font = QFont(self.font())
        font.setBold(True)
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * self._larger)
        self.label.setFont(font)


class Symbol(QWidget):
    """An icon as high as the text beside it. It says nothing that words do not say."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._name = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_icon(name)

    @property
    def name(self) -> str:
        return self._name

    def show_icon(self, name: str) -> None:
        """The icon of this name; "" for none."""
        self._name = name
        self.update()

    def sizeHint(self) -> QSize:
        side = round(self.fontMetrics().height() * 1.1)
        return QSize(side, side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._name:
            side = min(self.width(), self.height())
            icon(self._name).paint(QPainter(self), QRect(0, 0, side, side))


class Sentence(QWidget):
    """A symbol and a sentence beside it, whose first word says the same as the symbol."""

    def __init__(self) -> None:
        super().__init__()
        self.symbol = Symbol()
        self.label = prose(selectable=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.symbol, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.label, 1)
        self.hide()

    def say(self, symbol: str, text: str) -> None:
        """Show a sentence; nothing is shown for an empty one."""
        self.symbol.show_icon(symbol)
        self.label.setText(text)
        self.setVisible(bool(text))

    def text(self) -> str:
        """What is said."""
        return self.label.text()

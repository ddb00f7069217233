"""Words in a window: plain, of another size, or with a symbol; they follow font and colours."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QWidget

from lungviewer.ui.symbol import Symbol


class Plain(QLabel):
    """Words on one line. Never a bare `QLabel` for what is not written in the program: it would take names
    such as "<b>" for formatting, and open the pictures they ask for."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class Prose(Plain):
    """Plain text over as many lines as it needs. `faint`: greyed; `selectable`: to be copied."""

    def __init__(
        self, text: str = "", *, bold: bool = False, faint: bool = False, selectable: bool = False
    ) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        if faint:
            self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        if bold:
            self.setFont(bold_font())

    def say(self, text: str) -> None:
        """Show a text; nothing, and no room for it, when it is empty."""
        self.setText(text)
        self.setVisible(bool(text))


class Sized(QWidget):
    """`Prose` in another size than the text around it, whatever that gets: 1.5 is half as large again."""

    def __init__(self, text: str = "", size: float = 1.0, *, bold: bool = False, faint: bool = False) -> None:
        super().__init__()
        self._size, self._bold = size, bold
        self.label = Prose(text, faint=faint, selectable=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label)
        self._fit()

    def say(self, text: str) -> None:
        """Show a text; nothing when it is empty."""
        self.setText(text)
        self.setVisible(bool(text))

    def setText(self, text: str) -> None:
        self.label.setText(text)

    def text(self) -> str:
        return self.label.text()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The label has a size of its own and hears of no new one; this widget has none and does.
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        font = QFont(self.font())
        font.setBold(self._bold)
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * self._size)
        else:
            font.setPixelSize(round(font.pixelSize() * self._size))
        self.label.setFont(font)


class Sentence(QFrame):
    """A symbol and a sentence beside it, which says the same; hidden while there is nothing to say."""

    def __init__(self, *, framed: bool = False) -> None:
        super().__init__()
        self.symbol = Symbol()
        self.label = Prose(selectable=True)
        row = QHBoxLayout(self)
        if framed:
            self.setFrameShape(QFrame.Shape.StyledPanel)
        else:
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


def fixed_text(text: str, name: str) -> QPlainTextEdit:
    """Text of equally wide letters, to read and to copy; `name` is for screen readers."""
    box = QPlainTextEdit(text)
    box.setReadOnly(True)
    box.setTabChangesFocus(True)
    box.setAccessibleName(name)
    box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    box.setFont(fixed_font())
    return box


def bold_font(bold: bool = True) -> QFont:
    """States nothing but the weight: size and family stay the program's, also when they change."""
    font = QFont()
    font.setBold(bold)
    return font


def fixed_font() -> QFont:
    """Equally wide letters, in the program's size."""
    font = QFont()
    font.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font

"""The few kinds of text and symbol that the sections are made of."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QSizePolicy, QWidget

from lungviewer.ui.icons import icon


class WrapLabel(QLabel):
    """Plain text over as many lines as it needs; hidden while it is empty. `size` is relative to the
    program's font; `fit_font` follows it."""

    def __init__(
        self, parent: QWidget | None = None, *, size: float = 1.0, bold: bool = False, faint: bool = False
    ) -> None:
        super().__init__(parent)
        self._size, self._bold = size, bold
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        if faint:
            self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.fit_font()

    def say(self, text: str) -> None:
        """Show a text; nothing when it is empty."""
        self.setText(text)
        self.setVisible(bool(text))

    def fit_font(self) -> None:
        """Take the program's font anew: Qt tells a label that has its own font of no change."""
        if self._size == 1.0 and not self._bold:
            return
        font = QFont(QApplication.font())
        font.setBold(self._bold)
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * self._size)
        else:
            font.setPixelSize(round(font.pixelSize() * self._size))
        self.setFont(font)


class Symbol(QWidget):
    """An icon as large as the text beside it. The word beside it says the same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_icon(self, name: str) -> None:
        self._name = name
        self.setVisible(bool(name))
        self.update()

    def sizeHint(self) -> QSize:
        side = round(self.fontMetrics().height() * 1.2)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._name:
            icon(self._name).paint(QPainter(self), self.rect())

"""A line for a path with a button beside it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from lungviewer.ui.names import tooltip


class PathLine(QWidget):
    """`given` tells what a person typed, when they are done, `typing` that they are not yet; what the program
    sets is not told. The button's clicks are `asked`: who owns the line knows which dialog it is."""

    given = Signal(object)  # Path
    typing = Signal()
    asked = Signal()

    def __init__(self, name: str, button: str, parent: QWidget | None = None) -> None:
        """`name`: what a screen reader calls the line."""
        super().__init__(parent)
        self.line = QLineEdit()
        self.line.setAccessibleName(name)
        self.button = QPushButton(button)
        self.button.setAccessibleName(f"{name}: {button}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        self.setFocusProxy(self.line)
        self._edited = False
        self._last = ""
        self.line.textEdited.connect(self._typing)
        self.line.editingFinished.connect(self.finish)
        self.button.clicked.connect(self.asked)

    def text(self) -> str:
        return self.line.text()

    def show_text(self, text: str) -> None:
        """Set by the program; what is being typed is not taken away."""
        self._last = text
        if not self._edited and text != self.line.text():
            self.line.setText(text)
            self.line.setToolTip(tooltip(text))

    def take(self, path: Path) -> None:
        """As if it had been typed."""
        self.line.setText(str(path))
        self._edited = True
        self.finish()

    @property
    def is_being_typed(self) -> bool:
        """Whether there is something that was not told yet."""
        return self._edited and bool(self.line.text().strip())

    @Slot()
    def _typing(self) -> None:
        self._edited = True
        self.typing.emit()

    @Slot()
    def finish(self) -> None:
        """Tell what was typed, if anything was."""
        text = self.line.text().strip()
        if self._edited:
            self._edited = False
            if text:
                self.given.emit(Path(text).expanduser())
            else:  # what counts is shown again
                self.line.setText(self._last)

"""The buttons of a review: which are there, which can be pressed, and why the others cannot."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from lungviewer.ui.flow import FlowLayout
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose
from lungviewer.ui.shortcuts import shortcut


class ReviewButtons(QWidget):
    """What they do is up to whoever connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tips: dict[QPushButton, str] = {}
        self.first = self._button("review", self.tr("Record my call"), "accept")
        self.accept = self._button("ok", self.tr("Accept"), "accept")
        self.override = self._button("review", self.tr("Override"), "override")
        self.comment = self._button("copy", self.tr("Comment only"))
        self.why = Prose(faint=True)
        line = FlowLayout(across=6)
        for button in self._tips:
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.why)

    def _button(self, symbol: str, text: str, action: str = "") -> QPushButton:
        button = QPushButton(icon(symbol), text)
        button.setAutoDefault(False)
        tip = self.tr("{text} ({key})").format(text=text, key=shortcut(action).key_text) if action else ""
        self._tips[button] = tip
        return button

    def show_state(self, *, free: bool, hidden: bool, answered: bool, unread: str, unacceptable: str) -> None:
        """`free`: something can be recorded about the image; `hidden`: a class is given before the answer is
        told; `answered`: the model has spoken; `unread`, `unacceptable`: why there can be no class, or no
        acceptance."""
        for button, wanted, why in (
            (self.first, hidden, unread),
            (self.accept, not hidden, unacceptable),
            (self.override, not hidden, unread),
        ):
            button.setVisible(wanted)
            button.setEnabled(free and not why)
            button.setToolTip(why or self._tips[button])
        self.why.say(unread or unacceptable if free and answered else "")

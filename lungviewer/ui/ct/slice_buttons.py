"""Runs of slices as small buttons: press one to go there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from lungviewer.services.ct_words import ranges
from lungviewer.ui.enter_button import EnterButton
from lungviewer.ui.flow import FlowLayout
from lungviewer.ui.prose import Plain

_MOST = 12


class SliceButton(EnterButton):
    """One run."""

    asked = Signal(int)  # the first slice, from 0

    def __init__(self) -> None:
        super().__init__()
        self._index = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(self._clicked)

    def show_run(self, index: int, text: str, about: str) -> None:
        """Leads to slice `index`; `about`: what these slices are, for tooltip and screen reader."""
        self._index = index
        self.setText(text)
        told = self.tr("{about}: slices {text}") if "–" in text else self.tr("{about}: slice {text}")
        told = told.format(about=about, text=text)
        self.setAccessibleName(told)
        self.setToolTip(told)

    @Slot()
    def _clicked(self) -> None:
        self.asked.emit(self._index)


class SliceButtons(QWidget):
    """The runs among some slices, the first dozen of them. Buttons stay while a series is looked at: nobody
    loses the one that the keyboard is on."""

    asked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[SliceButton] = []
        self._more = Plain()
        self._row = FlowLayout(self, across=4, down=2)
        self._row.addWidget(self._more)

    def show_slices(self, indices: Sequence[int], about: str) -> None:
        """Show these, ascending; nothing, and no room for it, when there are none."""
        found = ranges(indices)
        while len(self.buttons) < min(len(found), _MOST):
            self._add()
        for button, (index, text) in zip(self.buttons, found, strict=False):
            button.show_run(index, text, about)
        for number, button in enumerate(self.buttons):
            button.setVisible(number < len(found))
        rest = len(found) - _MOST
        self._more.setText(self.tr("and {n} more runs").format(n=rest) if rest > 0 else "")
        self._more.setVisible(rest > 0)
        self.setVisible(bool(found))

    def _add(self) -> None:
        button = SliceButton()
        button.asked.connect(self.asked)
        self._row.removeWidget(self._more)
        self._row.addWidget(button)
        self._row.addWidget(self._more)
        self.buttons.append(button)

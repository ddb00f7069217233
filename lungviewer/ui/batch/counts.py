"""How many of each: a sign, a word and a number for every status and every class."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from lungviewer.core.model import ModelSpec
from lungviewer.core.types import Status
from lungviewer.ui.flow import FlowLayout
from lungviewer.ui.prose import Plain
from lungviewer.ui.symbol import Swatch, Symbol
from lungviewer.ui.words import class_label, count, status_word

_CLASS = "class:"
_CALLS = (Status.OK, Status.REVIEW)


class Counts(QWidget):
    """Two lines, more when there is no room: statuses, and the classes of the pack."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._statuses = FlowLayout()
        self._calls = FlowLayout()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (title, flow) in enumerate(
            ((self.tr("Status"), self._statuses), (self.tr("Calls"), self._calls))
        ):
            grid.addWidget(QLabel(title), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addLayout(flow, row, 1)
        self._spec: ModelSpec | None = None
        self._blinded = False
        self._hidden = QLabel(self.tr("hidden until the first read is done"))
        self._hidden.hide()
        self._calls.addWidget(self._hidden)
        self._items: dict[str, _Item] = {}
        for status in Status:
            self._add(self._statuses, status.value, Symbol(status.value), status_word(status))

    def show_numbers(
        self, by_status: Mapping[str, int], by_class: Mapping[str, int], spec: ModelSpec | None
    ) -> None:
        if spec != self._spec:
            self._take_spec(spec)
        numbers = {**by_status, **{_CLASS + class_id: number for class_id, number in by_class.items()}}
        for key, item in self._items.items():
            item.show_number(numbers.get(key, 0))

    def hide_calls(self, on: bool) -> None:
        """Say that they are hidden instead of how many there are."""
        self._hidden.setVisible(on)
        self._blinded = on
        for key, item in self._items.items():
            item.setVisible(not self._is_hidden(key))

    def texts(self) -> list[str]:
        """What it says, in order."""
        return [item.text() for key, item in self._items.items() if not self._is_hidden(key)]

    def _is_hidden(self, key: str) -> bool:
        return self._blinded and (key in _CALLS or key.startswith(_CLASS))

    def _take_spec(self, spec: ModelSpec | None) -> None:
        self._spec = spec
        for key in [key for key in self._items if key.startswith(_CLASS)]:
            item = self._items.pop(key)
            self._calls.removeWidget(item)
            item.hide()
            item.deleteLater()
        for known in () if spec is None else spec.classes:
            self._add(self._calls, _CLASS + known.id, Swatch(known.colour), class_label(known.id, spec))

    def _add(self, flow: FlowLayout, key: str, sign: QWidget, word: str) -> None:
        item = self._items[key] = _Item(sign, word, self)
        flow.addWidget(item)
        item.setVisible(not self._is_hidden(key))


class _Item(QWidget):
    def __init__(self, sign: QWidget, word: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._word = word
        self._label = Plain()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(sign)
        row.addWidget(self._label)
        self.show_number(0)

    def show_number(self, number: int) -> None:
        self._label.setText(self.tr("{word} {number}").format(word=self._word, number=count(number)))

    def text(self) -> str:
        return self._label.text()

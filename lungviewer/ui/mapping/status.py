"""A map that is being made, in the status bar: how far it is, and stop."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from lungviewer.ui.icons import icon
from lungviewer.ui.mapping import words
from lungviewer.ui.mapping.slides import SlideMapping
from lungviewer.ui.prose import Plain

_BAR_LETTERS = 12


class MappingStatus(QWidget):
    """Hidden while no slide is mapped. Says nothing of what is found."""

    def __init__(self, mapping: SlideMapping, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mapping = mapping
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the map"))
        self.bar.setFixedWidth(self.fontMetrics().averageCharWidth() * _BAR_LETTERS)
        self.bar.setMaximumHeight(round(self.fontMetrics().height() * 0.8))
        self.text = Plain()
        self.stop = QToolButton()
        self.stop.setAutoRaise(True)
        self.stop.setIcon(icon("stop"))
        self.stop.setToolTip(self.tr("Stop mapping; what is done is kept"))
        self.stop.setAccessibleName(self.tr("Stop mapping"))
        self.stop.clicked.connect(mapping.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.bar, self.text, self.stop):
            row.addWidget(widget)
        mapping.changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        mapper = self._mapping.mapper
        self.setVisible(mapper.path is not None)
        if mapper.path is None:
            return
        self.bar.setMaximum(max(1, mapper.numbers.wanted))
        self.bar.setValue(mapper.numbers.done)
        self.text.setText(words.how_far(mapper.numbers, mapper.stopping, long=False))
        self.stop.setEnabled(not mapper.stopping)

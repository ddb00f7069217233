"""A scan in the status bar: how far it is, pause and stop."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from lungviewer.ui.batch import words
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.state import STEPS, ScanState
from lungviewer.ui.icons import icon

_BAR_LETTERS = 16


class ScanStatus(QWidget):
    """Hidden while no scan runs. Its text opens the window of the scan."""

    open_asked = Signal()

    def __init__(self, controller: ScanController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the scan"))
        self._bar.setFixedWidth(self.fontMetrics().averageCharWidth() * _BAR_LETTERS)
        self._bar.setMaximumHeight(round(self.fontMetrics().height() * 0.8))
        self._text = QToolButton()
        self._text.setAutoRaise(True)
        self._text.setToolTip(self.tr("Show the scan"))
        self._text.clicked.connect(self.open_asked)
        self._pause = QToolButton()
        self._pause.setAutoRaise(True)
        self._pause.clicked.connect(self._toggle)
        self._stop = QToolButton()
        self._stop.setAutoRaise(True)
        self._stop.setIcon(icon("stop"))
        self._stop.setToolTip(self.tr("Stop the scan; what is done is kept"))
        self._stop.setAccessibleName(self.tr("Stop the scan"))
        self._stop.clicked.connect(controller.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self._bar, self._text, self._pause, self._stop):
            row.addWidget(widget)
        controller.changed.connect(self._show)
        self._show()

    @Slot()
    def _toggle(self) -> None:
        self._controller.pause(self._controller.state is not ScanState.PAUSED)

    @Slot()
    def _show(self) -> None:
        state, numbers = self._controller.state, self._controller.numbers
        self.setVisible(state.busy)
        if not state.busy:
            return
        paused = state is ScanState.PAUSED
        said = words.how_far(state, numbers, long=False)
        self._bar.setMaximum(max(1, numbers.found * STEPS))
        self._bar.setValue(numbers.steps)
        self._text.setText(said)
        self._text.setAccessibleName(self.tr("Show the scan: {words}").format(words=said))
        name = self.tr("Go on with the scan") if paused else self.tr("Pause the scan")
        self._pause.setIcon(icon("resume" if paused else "pause"))
        self._pause.setToolTip(name)
        self._pause.setAccessibleName(name)
        for button in (self._pause, self._stop):
            button.setEnabled(state is not ScanState.STOPPING)

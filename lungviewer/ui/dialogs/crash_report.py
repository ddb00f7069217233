"""What the last run of the program left behind when it did not end well."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QVBoxLayout, QWidget

from lungviewer.ui.icons import icon
from lungviewer.ui.outside import open_outside
from lungviewer.ui.prose import Prose, Sentence, fixed_text


class CrashReport(QWidget):
    """Shown once, beside the window, which can be used meanwhile. `text` holds places in the program only."""

    def __init__(self, text: str, log_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("The last run ended unexpectedly"))
        self._folder = log_folder
        happened = Sentence()
        self.text = fixed_text(text, self.tr("Where in the program it happened"))
        self.place = Prose(selectable=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.copy = self.buttons.addButton(self.tr("Copy"), role)
        self.copy.setIcon(icon("copy"))
        self.open = self.buttons.addButton(self.tr("Open log folder"), role)
        self.open.setIcon(icon("folder"))
        self.copy.clicked.connect(self._copy)
        self.open.clicked.connect(self._open)
        self.buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(happened)
        column.addWidget(
            Prose(
                self.tr(
                    "This is where in the program it happened. It holds no name of a file or patient and was "
                    "sent nowhere: copy it into a report of the problem if you want to make one. A scan that "
                    "was interrupted goes on where it was when it is started again."
                )
            )
        )
        column.addWidget(self.text, 1)
        column.addWidget(self.place)
        column.addWidget(self.buttons)
        self.place.hide()
        happened.say("warning", self.tr("The program ended unexpectedly the last time."))

    def sizeHint(self) -> QSize:
        return QSize(max(560, 80 * self.fontMetrics().averageCharWidth()), 26 * self.fontMetrics().height())

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    @Slot()
    def _open(self) -> None:
        if not open_outside(self._folder):
            self.place.setText(self.tr("Logs are kept in {folder}.").format(folder=self._folder))
            self.place.show()

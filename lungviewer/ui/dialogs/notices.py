"""The licences of what is packaged with the program."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from lungviewer.ui.prose import fixed_text

_COLUMNS = 114


class NoticesDialog(QDialog):
    """A long text to read; deleted when it is closed."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Licences"))
        self.text = fixed_text(text, self.tr("Licences"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)

    def sizeHint(self) -> QSize:
        letters = self.text.fontMetrics()
        return QSize(_COLUMNS * letters.averageCharWidth(), 36 * letters.height())

"""What is said when the window is closed while a review is on its way to the disk."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from lungviewer.ui.panels.review_desk import ReviewDesk


class ReviewWait(QMessageBox):
    """Goes by itself when everything is written. A drive may be slow: a person can leave anyway."""

    def __init__(self, desk: ReviewDesk, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk = desk
        self._lost = False
        self.setIcon(QMessageBox.Icon.Information)
        self.setWindowTitle("lungviewer")
        self.setText(
            self.tr("A review is still being written down. The window closes when it is on the disk.")
        )
        self.stay_button = self.addButton(self.tr("Stay"), QMessageBox.ButtonRole.RejectRole)
        self.quit_button = self.addButton(self.tr("Quit without it"), QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.stay_button)
        desk.failed.connect(self._failed)
        desk.idle.connect(self._idle)

    def may_close(self) -> bool:
        """Wait for what is being written. False when the person stays, or when it was not written:
        that is said where the review was given."""
        self.exec()
        self.deleteLater()
        if self.clickedButton() is self.quit_button:
            self._desk.give_up()
            return True
        return self.clickedButton() is None and not self._lost

    @Slot()
    def _failed(self) -> None:
        self._lost = True

    @Slot()
    def _idle(self) -> None:
        self.accept()

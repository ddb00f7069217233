"""Who gets the keys when a CT series is opened: the picture, so that its keys go through the slices."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from lungviewer.ui.session import ViewerSession

_WRITTEN_IN = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)


class PictureKeys(QObject):
    """The picture gets the keys with the first image of what was opened, if that is a series, and when a
    series is chosen with the mouse or with Enter. Whoever goes through a list with its keys keeps them there,
    and so does whoever is writing."""

    def __init__(self, session: ViewerSession, picture: QWidget) -> None:
        super().__init__(picture)
        self._session, self._picture = session, picture
        self._first = True
        session.folder_changed.connect(self._opened_anew)

    @Slot()
    def _opened_anew(self) -> None:
        self._first = True

    def image_shown(self, series: bool) -> None:
        """An image is shown; `series`: it is a series of CT."""
        if series and self._first:
            now = self._picture.window().focusWidget()
            if not isinstance(now, _WRITTEN_IN):
                self._picture.setFocus()
        self._first = False

    @Slot()
    def take(self) -> None:
        """The person chose what is looked at."""
        if self._session.series() is not None:
            self._picture.setFocus()

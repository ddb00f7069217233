"""What stands where the list would be when there is nothing to list."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from lungviewer.ui import words
from lungviewer.ui.jobs import Progress
from lungviewer.ui.prose import Prose
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.symbol import Symbol

_SIGN_LINES = 2.5


class Empty(Enum):
    """Why nothing is listed."""

    NO_FOLDER = auto()
    LISTING = auto()
    NO_IMAGES = auto()
    FILTERED = auto()


class EmptyPage(QWidget):
    """A sentence, what is known about it, and a button for what to do."""

    open_asked = Signal()
    subfolders_asked = Signal()
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = Empty.NO_FOLDER
        self._sign = Symbol("folder", lines=_SIGN_LINES)
        self._title, self._detail = Prose(), Prose(faint=True)
        for label in (self._title, self._detail):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._button = QPushButton()
        self._button.clicked.connect(self._pressed)
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addWidget(self._detail)
        column.addSpacing(6)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    @property
    def state(self) -> Empty:
        return self._state

    @property
    def text(self) -> str:
        """Everything that is said."""
        return "\n".join(filter(None, (self._title.text(), self._detail.text())))

    @property
    def button(self) -> QPushButton:
        return self._button

    def say(self, state: Empty, detail: str = "", subfolders: bool = False) -> None:
        """`subfolders`: a folder without images has some, and they were not looked into."""
        self._state = state
        title, sign, button = {
            Empty.NO_FOLDER: (
                self.tr("Open a folder, or drop images here"),
                "open-folder",
                self.tr("Open a folder…"),
            ),
            Empty.LISTING: (self.tr("Looking for images…"), "folder", ""),
            Empty.NO_IMAGES: (
                self.tr("There are no images in this folder"),
                "image",
                self.tr("Look into its sub-folders") if subfolders else "",
            ),
            Empty.FILTERED: (self.tr("The filter hides every image"), "filter", self.tr("Clear filter")),
        }[state]
        self._sign.show_icon(sign)
        self._title.setText(title)
        self._detail.say(detail)
        self._button.setText(button)
        self._button.setVisible(bool(button))

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
        """How far the listing is, while nothing is listed."""
        if self._state is Empty.LISTING and progress.total:
            text = self.tr("{n} of {all} files looked into")
            self._detail.say(text.format(n=words.count(progress.done), all=words.count(progress.total)))

    def explain(self, session: ViewerSession, hidden: int, subfolders: int) -> None:
        """Say why nothing is listed: `hidden` files are filtered away, `subfolders` lie in the folder."""
        if hidden:
            self.say(Empty.FILTERED)
        elif session.opened.listing:
            self.say(Empty.LISTING)
        elif session.folder is None:
            self.say(Empty.NO_FOLDER)
        else:
            looked_into = session.settings.current.recursive
            detail = self._found_instead(session.opened.ignored, subfolders)
            self.say(Empty.NO_IMAGES, detail, subfolders > 0 and not looked_into)

    def _found_instead(self, others: int, subfolders: int) -> str:
        found = []
        if others:
            text = self.tr("1 other file") if others == 1 else self.tr("{n} other files")
            found.append(text.format(n=others))
        if subfolders:
            text = self.tr("1 sub-folder") if subfolders == 1 else self.tr("{n} sub-folders")
            found.append(text.format(n=subfolders))
        held = self.tr("It is empty.")
        if found:
            held = self.tr("It holds {what}.").format(what=self.tr(" and ").join(found))
        return "\n".join((held, self.tr("JPEG, PNG, TIFF, BMP, WebP, whole slides and CT (DICOM) are read.")))

    @Slot()
    def _pressed(self) -> None:
        if self._state is Empty.NO_FOLDER:
            self.open_asked.emit()
        elif self._state is Empty.NO_IMAGES:
            self.subfolders_asked.emit()
        elif self._state is Empty.FILTERED:
            self.clear_asked.emit()

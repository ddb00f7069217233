"""The photographs of label and glass that a slide may bring, on request only."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QImage, QPixmap, QTransform
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.errors import ImageError, LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.readers import opening
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.ui.jobs import Job
from lungviewer.ui.prose import Prose
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.session import ViewerSession

_WIDTH_PX = 560


@dataclass(frozen=True, slots=True)
class Picture:
    """One of them by its name in the file; `problem` in place of what cannot be read."""

    name: str
    image: QImage | None
    problem: str = ""


def read_pictures(path: Path, decoder: IsolatedDecoder, ctx: JobContext) -> tuple[Picture, ...]:
    """All pictures beside the tissue; a job. Reading ends when `decoder` is closed.

    Raises:
        ImageError: the slide cannot be opened any more.
    """
    pictures = []
    with contextlib.closing(opening.open_slide(path, decoder=decoder)) as source:
        for name in source.associated:
            ctx.check()
            try:
                pictures.append(Picture(name, rgb_image(source.associated_image(name))))
            except ImageError as error:
                pictures.append(Picture(name, None, error.sentence))
    return tuple(pictures)


class Photograph(QWidget):
    """One picture, and a button that turns it: labels often lie on their side."""

    def __init__(self, name: str, image: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = image
        self.label = QLabel()
        self.label.setAccessibleName(self.tr("Picture: {name}").format(name=name))
        self.turn = QPushButton(self.tr("Turn by 90°"))
        self.turn.setAccessibleName(self.tr("Turn {name} by 90°").format(name=name))
        self.turn.setAutoDefault(False)
        self.turn.clicked.connect(self._turn)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.turn, 0, Qt.AlignmentFlag.AlignLeft)  # stays when the picture turns
        column.addWidget(self.label)
        self._show()

    @Slot()
    def _turn(self) -> None:
        self._image = self._image.transformed(QTransform().rotate(90))
        self._show()

    def _show(self) -> None:
        self.label.setPixmap(_fitting(self._image, self.devicePixelRatioF()))


class PicturesDialog(QDialog):
    """Asks first. What is shown is never written anywhere, and goes with the dialog or with the slide."""

    def __init__(self, session: ViewerSession, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Label and macro"))
        self._session, self._path = session, path
        self._job: Job | None = None
        self.words = Prose(
            self.tr(
                "The file may hold photographs of the slide's label and of the whole glass. A label may name "
                "the patient. They are shown in this window only, and never saved."
            ),
            selectable=True,
        )
        self.show_button = QPushButton(self.tr("Show them"))
        self.show_button.clicked.connect(self._read)
        self.pictures = QVBoxLayout()
        inside = QWidget()
        inside.setLayout(self.pictures)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.addButton(self.show_button, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addWidget(area, 1)
        column.addWidget(buttons)
        session.current_changed.connect(self.close)
        session.file_changed.connect(self.close)
        self.resize(_WIDTH_PX + 60, 9 * self.fontMetrics().height())

    @Slot()
    def _read(self) -> None:
        self.show_button.setEnabled(False)
        path, decoder = self._path, self._session.decoder
        self._job = self._session.mapping.jobs.submit(lambda ctx: read_pictures(path, decoder, ctx))
        self._job.finished.connect(self._show)
        self._job.failed.connect(self._failed)

    @Slot(object)
    def _show(self, pictures: tuple[Picture, ...]) -> None:
        self._job = None
        if not pictures:
            self.words.setText(self.tr("This slide has no label or macro picture."))
        for picture in pictures:
            self.pictures.addWidget(Prose(picture.name, bold=True))
            if picture.image is None:
                self.pictures.addWidget(Prose(picture.problem, selectable=True))
                continue
            self.pictures.addWidget(Photograph(picture.name, picture.image))
        self.pictures.addStretch(1)
        if pictures:
            self._grow()

    def _grow(self) -> None:
        """Room for the pictures, as far as the screen has it; the rest is scrolled to."""
        most = self.screen().availableGeometry().height() * 4 // 5
        self.resize(self.width(), min(most, 34 * self.fontMetrics().height()))

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._job = None
        self.words.setText(error.sentence)

    def done(self, result: int) -> None:
        """Nothing of the pictures stays behind."""
        if self._job is not None:
            self._job.abandon()
        for label in self.findChildren(QLabel):
            label.clear()
        super().done(result)


def _fitting(image: QImage, ratio: float) -> QPixmap:
    """As wide as the dialog at most, as fine as the screen."""
    most = round(_WIDTH_PX * ratio)
    if image.width() > most:
        image = image.scaledToWidth(most, Qt.TransformationMode.SmoothTransformation)
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio if image.width() >= most else 1.0)
    return pixmap

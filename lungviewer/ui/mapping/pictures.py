"""The photographs of label and glass that a slide may bring, on request only."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QImage, QPixmap
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
            self.words.setText(self.tr("The file holds no picture of its label or glass."))
        for picture in pictures:
            self.pictures.addWidget(Prose(picture.name, bold=True))
            if picture.image is None:
                self.pictures.addWidget(Prose(picture.problem, selectable=True))
                continue
            label = QLabel()
            label.setPixmap(_fitting(picture.image, self.devicePixelRatioF()))
            label.setAccessibleName(self.tr("Picture: {name}").format(name=picture.name))
            self.pictures.addWidget(label)
        self.pictures.addStretch(1)
        if pictures:
            self.resize(self.width(), 34 * self.fontMetrics().height())

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

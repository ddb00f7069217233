"""Which program, which libraries, which model; and what it is not for."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Slot, qVersion
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

import lungviewer
from lungviewer.core.paths import third_party_notices
from lungviewer.services.doctor import library_versions
from lungviewer.ui.dialogs.notices import NoticesDialog
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose, Sized, fixed_text
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.symbol import Symbol

_PICTURE_LINES = 4.5


@dataclass(frozen=True, slots=True)
class Versions:
    """Libraries by name, as they are installed."""

    libraries: tuple[tuple[str, str], ...]


class AboutDialog(QDialog):
    """Everything that a report of a problem should hold; a button copies it."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About lungviewer"))
        self._session = session
        self._libraries: tuple[tuple[str, str], ...] = ()
        self.text = fixed_text("", self.tr("Versions"))
        self._arrange()
        session.model_changed.connect(self._write)
        self._write()

    def _arrange(self) -> None:
        picture = Symbol("lungviewer", lines=_PICTURE_LINES)
        words = QVBoxLayout()
        words.addWidget(Sized(f"lungviewer {lungviewer.__version__}", 1.5, bold=True))
        words.addWidget(Prose(self.tr("Research use only, not for diagnosis."), bold=True))
        sentence = self.tr(
            "A viewer for lung histology and chest CT that says what class it sees, how sure it is, where "
            "the answer comes from and whether to trust it. It works on this computer alone: nothing is sent "
            "anywhere."
        )
        words.addWidget(Prose(sentence))
        licence = self.tr(
            "Licence: Apache-2.0. Qt for Python is used under the LGPL-3.0; other libraries have licences of "
            "their own. The model's data and sources are on its card."
        )
        words.addWidget(Prose(licence))
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.copy = self.buttons.addButton(self.tr("Copy"), role)
        self.copy.setIcon(icon("copy"))
        self.copy.clicked.connect(self._copy)
        self.licences = self.buttons.addButton(self.tr("Licences"), role)
        self.licences.setToolTip(self.tr("Licences of the libraries that are packaged with the program"))
        self.licences.setVisible(third_party_notices() is not None)
        self.licences.clicked.connect(self._show_licences)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.text, 1)
        column.addWidget(self.buttons)

    def sizeHint(self) -> QSize:
        letter = self.fontMetrics().averageCharWidth()
        return QSize(max(520, 80 * letter), max(430, 30 * self.fontMetrics().height()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._libraries:
            job = self._session.file_jobs.submit(lambda _ctx: Versions(tuple(library_versions())))
            job.finished.connect(self._versions_known)

    @Slot(object)
    def _versions_known(self, versions: Versions) -> None:
        self._libraries = versions.libraries
        self._write()

    @Slot()
    def _write(self) -> None:
        """Plain lines, not translated: they are for reports."""
        system = f"{platform.system()} {platform.release()} {platform.machine()}"
        lines = [("lungviewer", lungviewer.__version__), ("Python", platform.python_version())]
        lines += [("Qt", qVersion()), ("system", system), *self._libraries, *self._model()]
        width = max(len(name) for name, _ in lines) + 2
        self.text.setPlainText("\n".join(f"{name:{width}}{value}" for name, value in lines))

    def _model(self) -> list[tuple[str, str]]:
        info = self._session.engine_info
        if info is None:
            return [("model", "none is loaded")]
        made = info.provenance
        return [
            ("model", f"{made.model}@{made.model_version}"),
            ("model sha256", made.model_sha256),
            ("run by", f"{made.backend} on {made.device}"),
        ]

    @Slot()
    def _show_licences(self) -> None:
        path = third_party_notices()
        if path is not None:
            NoticesDialog(path.read_text("utf-8"), self).open()

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

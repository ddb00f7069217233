"""Files of a slide's map for other programs: which kinds, where to, how far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.errors import LungviewerError
from lungviewer.services.classify import display_name
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind
from lungviewer.services.slide_export import export_map
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.icons import icon
from lungviewer.ui.jobs import Job, Progress
from lungviewer.ui.mapping import words
from lungviewer.ui.names import shown
from lungviewer.ui.outside import open_outside
from lungviewer.ui.path_line import PathLine
from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.session import ViewerSession

_WIDTH_LETTERS = 66


class ExportDialog(QDialog):
    """About one slide. What is written is the map as it is when "Export" is pressed; the window goes on being
    used meanwhile."""

    def __init__(self, session: ViewerSession, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export map"))
        self._session, self._path = session, path
        self._job: Job | None = None
        self.name = Prose(shown(path.name), bold=True)
        self.state = Prose(selectable=True)
        self.boxes = {kind: QCheckBox(text) for kind, text in self._kinds()}
        self.folder = PathLine(self.tr("Folder for the files"), self.tr("Choose…"))
        self.folder.take(_usual_folder())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the export"))
        self.said = Sentence()
        self.start = QPushButton(icon("save"), self.tr("Export"))
        self.start.setDefault(True)
        self.stop = QPushButton(icon("stop"), self.tr("Stop"))
        self.open_folder = QPushButton(icon("folder"), self.tr("Open folder"))
        self.close_button = QPushButton(self.tr("Close"))
        self._lay_out()
        for kind, box in self.boxes.items():
            box.setChecked(kind in USUAL_KINDS)
            box.toggled.connect(self._show)
        self.folder.asked.connect(self._ask_folder)
        self.start.clicked.connect(self._export)
        self.stop.clicked.connect(self._stop)
        self.open_folder.clicked.connect(self._open)
        self.close_button.clicked.connect(self.reject)
        session.outcome_changed.connect(self._show)
        self._show()

    def _kinds(self) -> tuple[tuple[ExportKind, str], ...]:
        return (
            (ExportKind.CSV, self.tr("Table of tiles (CSV, columns as WSInfer writes them)")),
            (ExportKind.GEOJSON, self.tr("Tiles, tissue and regions (GeoJSON, for QuPath)")),
            (ExportKind.GEOJSON_GZ, self.tr("The same, compressed")),
            (ExportKind.PROBABILITY, self.tr("Probabilities of all classes (OME-TIFF)")),
            (ExportKind.MASK, self.tr("Picture of the tissue that was found (JPEG)")),
            (ExportKind.OVERLAY, self.tr("Picture of the slide with the map (PNG)")),
        )

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.addWidget(self.name)
        column.addWidget(self.state)
        for box in self.boxes.values():
            column.addWidget(box)
        label = QLabel(self.tr("&Folder"))
        label.setBuddy(self.folder)
        place = QHBoxLayout()
        place.addWidget(label)
        place.addWidget(self.folder, 1)
        column.addLayout(place)
        hint = self.tr("A table of slides and a file that says what ran are written beside them.")
        column.addWidget(Prose(hint, faint=True))
        column.addWidget(self.bar)
        column.addWidget(self.said)
        column.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self.open_folder)
        row.addStretch(1)
        for button in (self.stop, self.start, self.close_button):
            button.setAutoDefault(button is self.start)
            row.addWidget(button)
        self.open_folder.setAutoDefault(False)
        self.folder.button.setAutoDefault(False)
        self.open_folder.hide()
        column.addLayout(row)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * _WIDTH_LETTERS)

    @property
    def chosen(self) -> tuple[ExportKind, ...]:
        """The kinds that are ticked."""
        return tuple(kind for kind, box in self.boxes.items() if box.isChecked())

    @Slot()
    def _show(self) -> None:
        result = self._session.result(self._path)
        slide = None if result is None else result.slide
        running = self._job is not None
        told = self.tr("The map is not there at the moment.") if slide is None else words.standing(slide)
        if slide is not None and not slide.complete:
            told = self.tr("{state} What is there is exported, and says that it is not finished.").format(
                state=told
            )
        self.state.setText(told)
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.start.setEnabled(not running and slide is not None and bool(slide.tiles) and bool(self.chosen))
        for box in self.boxes.values():
            box.setEnabled(not running)
        self.folder.setEnabled(not running)
        self._make_room()

    def _make_room(self) -> None:
        """What is shown only now and then is not squeezed in between the rest."""
        self.layout().activate()
        if self.height() < self.layout().totalHeightForWidth(self.width()):
            self.resize(self.width(), self.layout().totalHeightForWidth(self.width()))

    @Slot()
    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Folder for the files"), self.folder.text())
        if name:
            self.folder.take(Path(name))

    @Slot()
    def _export(self) -> None:
        result, spec, kinds = self._session.result(self._path), self._session.spec, self.chosen
        text = self.folder.text().strip()
        if result is None or result.slide is None or spec is None or not kinds or not text:
            return
        slide, folder = _named(result.slide), Path(text).expanduser()
        self.said.say("", "")
        self.open_folder.hide()
        self.bar.setRange(0, 0)
        self._job = self._session.mapping.jobs.submit(lambda ctx: export_map(slide, spec, folder, kinds, ctx))
        self._job.progressed.connect(self._progressed)
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._stopped)
        self._show()

    @Slot()
    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.stop.setEnabled(False)

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)

    @Slot(object)
    def _finished(self, files: tuple[str, ...]) -> None:
        text = self.tr("{n} files of this slide were written, with a table of slides and what ran.")
        if len(files) == 1:
            text = self.tr("1 file of this slide was written, with a table of slides and what ran.")
        self._over("ok", text.format(n=len(files)), wrote=True)

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._over("error", error.sentence)

    @Slot()
    def _stopped(self) -> None:
        self._over("info", self.tr("Stopped. What was written stays."), wrote=True)

    def _over(self, symbol: str, text: str, *, wrote: bool = False) -> None:
        self._job = None
        self.stop.setEnabled(True)
        self.said.say(symbol, text)
        self.open_folder.setVisible(wrote)
        self._show()

    @Slot()
    def _open(self) -> None:
        if not open_outside(Path(self.folder.text()).expanduser()):
            self.said.say("info", self.tr("No program could be started to show the folder."))

    def done(self, result: int) -> None:
        """Closing stops what is being written; files that are finished stay."""
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    def shutdown(self) -> None:
        """Close, without asking anything."""
        self.reject()


def _named(slide: SlideMap) -> SlideMap:
    """The same under its file's name alone: what is handed on tells no folders, which may name people."""
    return replace(slide, record=replace(slide.record, path=display_name(Path(slide.info.path.name))))


def _usual_folder() -> Path:
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents or Path.home()) / "lungviewer maps"

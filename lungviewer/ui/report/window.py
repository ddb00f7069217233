"""The window of reports: a scan's table as a page to read, a PDF to print, or a table with the reviews."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.errors import LungviewerError
from lungviewer.services.opening import EngineKeeper
from lungviewer.services.reporting import ReportSummary
from lungviewer.services.reviewing import Reviewed
from lungviewer.ui.icons import icon
from lungviewer.ui.jobs import Job, JobRunner, Progress
from lungviewer.ui.outside import open_outside
from lungviewer.ui.prose import Sentence, Sized
from lungviewer.ui.report.form import ReportForm
from lungviewer.ui.report.work import Pictures, agreement_text, make, make_with_pictures
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import Settings

_WIDTH = 620


class ReportWindow(QWidget):
    """Non-modal; one report at a time. Pictures are drawn by an engine of its own, so that the image that is
    looked at does not wait for them."""

    def __init__(
        self, session: ViewerSession, parent: QWidget | None = None, keeper: EngineKeeper | None = None
    ) -> None:
        """`keeper`: where the engine comes from; tests give one with a fake backend."""
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Report"))
        self._session = session
        self._keeper = keeper or EngineKeeper()
        self._jobs = JobRunner("report", self)
        self._jobs.at_close(self._keeper.close)
        self._job: Job | None = None
        self._made: Path | None = None
        self.form = ReportForm()
        self.form.lacks.connect(self._lacks)
        self.form.chosen.connect(self._lacks)
        self._make_buttons()
        self._arrange()
        session.settings.changed.connect(self._warn)
        self._warn(session.settings.current)
        self._show()

    # --- building --------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        self.make_button = self._button("report", self.tr("&Make report"), self.make_report)
        self.make_button.setDefault(True)
        self.stop_button = self._button("stop", self.tr("&Stop"), self.stop)
        self.open_button = self._button("open-file", self.tr("&Open"), self.open_report)
        self.folder_button = self._button("folder", self.tr("Open &folder"), self.open_folder)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Progress of the report"))
        self.message, self.warning = Sentence(), Sentence()

    def _button(self, symbol: str, text: str, slot: object) -> QPushButton:
        button = QPushButton(icon(symbol), text)
        button.clicked.connect(slot)
        return button

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        for widget in (self.make_button, self.stop_button, self.open_button, self.folder_button):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        words = self.tr("Research use only, not for diagnosis: every page of a report says so.")
        column = QVBoxLayout(self)
        column.addWidget(self.warning)
        column.addWidget(self.form)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.message)
        column.addStretch(1)
        column.addWidget(Sized(words, 0.9, faint=True))

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(QSize(_WIDTH, 0))

    def choose(self, table: Path, images: Path | None = None) -> None:
        """Make the report of this table; the rest is proposed. `images`: the folder that was scanned, when
        that is known."""
        self.form.choose(table, images)

    # --- making ----------------------------------------------------------------------------------

    @Slot()
    def make_report(self) -> None:
        """Begin; the window stays usable."""
        request = self.form.request() if self._job is None else None
        if request is None:
            return
        self._made = None
        self._say("", "")
        if request.pictures is Pictures.DRAW:
            keeper, choice = self._keeper, self._session.choice
            self._job = self._jobs.submit(lambda ctx: make_with_pictures(request, keeper, choice, ctx))
        else:
            self._job = self._jobs.submit(lambda ctx: make(request, ctx))
        self._job.setProperty("target", request.target)
        self._job.progressed.connect(self._progressed)
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._cancelled)
        self._show()

    @Slot()
    def stop(self) -> None:
        """Ask the work to end; what was there before stays."""
        if self._job is not None:
            self._job.cancel()

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)

    @Slot(object)
    def _finished(self, done: ReportSummary | Reviewed) -> None:
        self._made = self._job.property("target")
        self._end("ok", self._told(done))

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._end("error", error.sentence)

    @Slot()
    def _cancelled(self) -> None:
        self._end("info", self.tr("Stopped. Nothing was written."))

    def _end(self, symbol: str, words: str) -> None:
        self._job = None
        self._say(symbol, words)
        self._show()

    def _told(self, done: ReportSummary | Reviewed) -> str:
        if isinstance(done, Reviewed):
            words = [self.tr("Saved."), agreement_text(done) or self.tr("None of these images was reviewed.")]
        else:
            words = [
                self.tr("Saved: {images} images, {reviewed} reviewed, {pictures} pictures.").format(
                    images=done.images, reviewed=done.reviewed, pictures=done.pictures
                )
            ]
            if done.series_reviewed:
                one = done.series_reviewed == 1
                text = (
                    self.tr("1 CT series was reviewed as a whole.")
                    if one
                    else self.tr("{n} CT series were reviewed as a whole.")
                )
                words.append(text.format(n=done.series_reviewed))
            if done.left_out:
                words.append(
                    self.tr("{n} rows are left out of its table; the CSV has them.").format(n=done.left_out)
                )
            if done.unlike:
                words.append(
                    self.tr(
                        "{n} pictures are left out: the files are not, or no longer, what was scanned."
                    ).format(n=done.unlike)
                )
        if done.missing:
            words.append(
                self.tr(
                    "{n} images are not in that folder, or of another size; their reviews are unknown."
                ).format(n=done.missing)
            )
        return " ".join(words)

    @Slot()
    @Slot(str)
    def _lacks(self, words: str = "") -> None:
        self._say("info" if words else "", words)

    def _say(self, symbol: str, words: str) -> None:
        self.message.say(symbol, words)

    @Slot()
    def _show(self) -> None:
        busy = self._job is not None
        self.form.setEnabled(not busy)
        self.make_button.setEnabled(not busy)
        self.stop_button.setVisible(busy)
        self.bar.setVisible(busy)
        if busy and not self.bar.value():
            self.bar.setRange(0, 0)
        for button in (self.open_button, self.folder_button):
            button.setVisible(self._made is not None)

    @Slot(object)
    def _warn(self, settings: Settings) -> None:
        text = self.tr("Blinded first read is on: a report tells every answer, also those not decided about.")
        self.warning.say("warning" if settings.blinded else "", text if settings.blinded else "")

    @Slot()
    def open_report(self) -> None:
        """With the system's own program for it."""
        if self._made is not None:
            self._open(self._made)

    @Slot()
    def open_folder(self) -> None:
        """Show where it lies."""
        if self._made is not None:
            self._open(self._made.parent)

    def _open(self, place: Path) -> None:
        if not open_outside(place):
            words = self.tr("No program here opens it. It lies at {path}").format(path=place)
            self._say("warning", words)

    def shutdown(self) -> bool:
        """End what is being made. False when it does not answer."""
        self._job = None
        return self._jobs.close()

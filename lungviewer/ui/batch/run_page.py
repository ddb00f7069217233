"""The second and third step of a scan: how far it is, what came out, what to do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.batch import words
from lungviewer.ui.batch.columns import CALL_COLUMNS, problem_columns, result_columns
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.counts import Counts
from lungviewer.ui.batch.state import STEPS, ScanState
from lungviewer.ui.batch.table import RecordView
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.icons import icon
from lungviewer.ui.outside import open_outside
from lungviewer.ui.prose import Prose, Sentence, bold_font
from lungviewer.ui.settings import Settings, SettingsStore
from lungviewer.ui.words import count


class RunPage(QWidget):
    """Shows the controller's numbers and rows."""

    record_asked = Signal(object)  # ImageRecord
    report_asked = Signal()
    browse_asked = Signal()
    another_asked = Signal()

    def __init__(
        self, controller: ScanController, settings: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._title = ElidedLabel()
        self._title.setFont(bold_font())
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the scan"))
        self._words = Prose()
        self._message = Sentence(framed=True)
        self._counts = Counts()
        self._blinded = settings.current.blinded
        self.results = RecordView(result_columns(lambda: controller.spec, lambda: self._blinded))
        self.results.setAccessibleName(self.tr("Results of the scan"))
        self.problems = RecordView(problem_columns())
        self.problems.setAccessibleName(self.tr("Files that could not be read"))
        self._tabs = QTabWidget()
        self._tabs.addTab(self.results, self.tr("Results"))
        self._tabs.addTab(self.problems, self.tr("Problems"))
        self._make_buttons()
        self._lay_out()
        self.results.asked.connect(self.record_asked)
        self.problems.asked.connect(self.record_asked)
        controller.began.connect(self._clear)
        controller.rows_arrived.connect(self._add)
        controller.changed.connect(self._show)
        settings.changed.connect(self._blind)
        self._add(tuple(controller.rows))
        self._blind(settings.current)
        self._show()

    def _make_buttons(self) -> None:
        """Those of a scan under way, and those of one that is over."""
        self._pause = self._button("pause", self.tr("&Pause"), self._toggle)
        self._stop = self._button("stop", self.tr("&Stop"), self._controller.cancel)
        self._resume = self._button("resume", self.tr("&Resume"), self._controller.resume)
        self._csv = self._button("open-file", self.tr("&Open CSV"), self._open_csv)
        self._folder = self._button("folder", self.tr("Show in &folder"), self._open_folder)
        self._report = self._button("report", self.tr("Open repor&t"), self.report_asked)
        self._browse = self._button("image", self.tr("Show &images"), self.browse_asked)
        self._browse.setToolTip(self.tr("Show the scanned images in the main window"))
        self._another = self._button("scan", self.tr("Scan &another"), self.another_asked)

    def _button(self, name: str, text: str, slot: object) -> QPushButton:
        button = QPushButton(icon(name), text)
        button.clicked.connect(slot)
        return button

    # --- what a person does ----------------------------------------------------------------------

    @Slot()
    def _toggle(self) -> None:
        self._controller.pause(self._controller.state is not ScanState.PAUSED)

    @Slot()
    def _open_csv(self) -> None:
        self._open(of_folder=False)

    @Slot()
    def _open_folder(self) -> None:
        self._open(of_folder=True)

    def _open(self, of_folder: bool) -> None:
        output = self._controller.output
        if output is None:
            return
        place = output.absolute().parent if of_folder else output.absolute()
        if not open_outside(place):
            words = self.tr("No program here opens it. The report lies at {path}").format(path=output)
            self._message.say("error", words)

    # --- what is shown ---------------------------------------------------------------------------

    @Slot()
    def _clear(self) -> None:
        self.results.table.clear()
        self.problems.table.clear()
        self._tabs.setCurrentIndex(0)

    @Slot(object)
    def _blind(self, settings: Settings) -> None:
        """A blinded reviewer decides before the calls are told."""
        for column in CALL_COLUMNS:
            self.results.setColumnHidden(column, settings.blinded)
        self._counts.hide_calls(settings.blinded)
        tells = self.tr("It tells the answers that are hidden here") if settings.blinded else ""
        for button in (self._csv, self._report):
            button.setToolTip(tells)
        if settings.blinded is not self._blinded:
            self._blinded = settings.blinded
            header = self.results.horizontalHeader()  # the order of before would tell what was hidden
            self.results.sortByColumn(header.sortIndicatorSection(), header.sortIndicatorOrder())

    @Slot(object)
    def _add(self, records: tuple[ImageRecord, ...]) -> None:
        self.results.add(records)
        self.problems.add([record for record in records if record.status is Status.ERROR])

    @Slot()
    def _show(self) -> None:
        controller, numbers, state = self._controller, self._controller.numbers, self._controller.state
        if not (state.busy or state.over):
            return
        self._title.setText(self._what())
        self._bar.setMaximum(max(1, numbers.found * STEPS))
        self._bar.setValue(numbers.steps)
        self._bar.setVisible(state is not ScanState.DONE)
        said = words.how_far(state, numbers) if state.busy else words.how_it_ended(state, numbers)
        self._words.setText(said)
        self._bar.setAccessibleDescription(said)
        self._message.say("error", "" if controller.problem is None else controller.problem.sentence)
        self._counts.show_numbers(numbers.by_status, numbers.by_class, controller.spec)
        for place, table, word in (
            (0, self.results.table, self.tr("Results ({n})")),
            (1, self.problems.table, self.tr("Problems ({n})")),
        ):
            self._tabs.setTabText(place, word.format(n=count(table.rowCount())))
        self._show_buttons(state)

    def _show_buttons(self, state: ScanState) -> None:
        paused = state is ScanState.PAUSED
        self._pause.setText(self.tr("&Go on") if paused else self.tr("&Pause"))
        self._pause.setIcon(icon("resume" if paused else "pause"))
        can_go_on = state in (ScanState.STOPPED, ScanState.FAILED)
        written = state.over and self._controller.output is not None and self._controller.summary is not None
        for button, on in (
            (self._pause, state.busy),
            (self._stop, state.busy),
            (self._resume, can_go_on),
            (self._csv, written),
            (self._folder, written),
            (self._report, written),
            (self._reviews, written),
            (self._browse, state.over),
            (self._another, state.over),
        ):
            button.setVisible(on)
        for button in (self._pause, self._stop):
            button.setEnabled(state is not ScanState.STOPPING)

    def _what(self) -> str:
        preview, output = self._controller.preview_made, self._controller.output
        if preview is None or output is None:
            return ""
        root = preview.found.root
        return self.tr("{folder} → {report}").format(folder=root.name or str(root), report=output.name)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        for button in (self._resume, self._pause, self._stop):
            top.addWidget(button)
        bottom = QHBoxLayout()
        for button in (self._csv, self._folder, self._report, self._browse):
            bottom.addWidget(button)
        bottom.addStretch()
        bottom.addWidget(self._another)
        self._reviews = Prose(
            self.tr("Reviews are not written into this table; “Open report” makes a table with them.")
        )
        notice = QLabel(self.tr("Research use only, not for diagnosis."))
        notice.setAlignment(Qt.AlignmentFlag.AlignRight)
        page = QVBoxLayout(self)
        page.setContentsMargins(16, 12, 16, 12)
        page.addLayout(top)
        page.addWidget(self._bar)
        page.addWidget(self._words)
        page.addWidget(self._message)
        page.addWidget(self._counts)
        page.addWidget(self._tabs, 1)
        page.addLayout(bottom)
        page.addWidget(self._reviews)
        page.addWidget(notice)

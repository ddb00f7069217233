"""Last page: the new model beside the current one, and whether to use it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lungviewer.services.retrain_result import TrainingResult
from lungviewer.ui import gate_words
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.icons import icon
from lungviewer.ui.outside import open_outside
from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.question import Question
from lungviewer.ui.retrain import result_words as words
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.parts import Page, add_sentence, cells, empty_layout
from lungviewer.ui.retrain.plot_view import PlotView
from lungviewer.ui.words import reason_sentence


class ResultPage(Page):
    """Table, gate, drawings; use, look, discard."""

    def __init__(self, controller: RetrainController) -> None:
        super().__init__(controller, "")
        self.title = self.tr("Result")
        self._top = QVBoxLayout()
        self.column.addLayout(self._top)
        self.column.addLayout(self._buttons())
        self.question = Question(*gate_words.answers())
        self.question.agreed.connect(controller.use)
        self.column.addWidget(self.question)
        self.said = Sentence()
        self.column.addWidget(self.said)
        self._below = QVBoxLayout()
        self._below.setSpacing(10)
        self.column.addLayout(self._below)
        self.column.addStretch(1)
        controller.trained.connect(self._show)
        controller.changed.connect(self._enable)
        controller.used.connect(self._used)
        self._show()

    def _buttons(self) -> QHBoxLayout:
        self.use = QPushButton(icon("ok"), self.tr("&Use this model"))
        self.use.setToolTip(self.tr("Copies it among your models and lets it answer from now on."))
        self.use.clicked.connect(self._use)
        self.folder = QPushButton(icon("folder"), self.tr("Open its &folder"))
        self.folder.clicked.connect(self._open_folder)
        self.discard = QPushButton(icon("trash"), self.tr("&Discard"))
        self.discard.setToolTip(self.tr("Deletes the run folder and the new model in it."))
        self.discard.clicked.connect(self._discard)
        row = QHBoxLayout()
        for button in (self.use, self.folder, self.discard):
            row.addWidget(button)
        row.addStretch(1)
        return row

    @Slot()
    def _show(self) -> None:
        result = self.controller.result
        empty_layout(self._top)
        empty_layout(self._below)
        self.said.say("ok", "")
        self.question.take_back()
        if result is not None:
            self._show_figures(result)
            self._show_gate(result)
            for note in result.notes:
                add_sentence(self._below, "info", note)
            self._show_plots()
            self.verticalScrollBar().setValue(0)
        self._enable()

    def _show_figures(self, result: TrainingResult) -> None:
        spec = result.spec
        self._top.addWidget(Prose(self.tr("{title} is ready").format(title=spec.title), bold=True))
        self._top.addWidget(Prose(words.verdict(result), selectable=True))
        doubts = [reason_sentence(code) for code in spec.standing_doubts]
        for text in (words.split_warning(result), *words.comparison_warnings(result), *doubts):
            if text:
                add_sentence(self._top, "warning", text)
        box = QFrame()
        box.setFrameShape(QFrame.Shape.StyledPanel)
        grid = QGridLayout(box)
        grid.setHorizontalSpacing(28)
        for column in range(3):
            grid.setColumnStretch(column, 1)
        titles = [self.tr("On the same test images"), self.tr("Current model"), self.tr("New model")]
        cells(grid, 0, titles, bold=True)
        for column, name in ((1, result.parent), (2, f"{spec.id}@{spec.version}")):
            label = ElidedLabel()
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            label.setText(name)
            grid.addWidget(label, 1, column)
        for row, compared in enumerate(result.rows, 2):
            name = words.row_name(compared, result)
            cells(grid, row, [name, *words.both(compared, result)])
        self._top.addWidget(box)
        self._top.addWidget(Prose(words.basis(result), selectable=True))
        self._top.addWidget(Prose(self.tr("Research use only, not for diagnosis.")))

    def _show_gate(self, result: TrainingResult) -> None:
        gate = result.gate
        add_sentence(self._top, "ok" if gate.passes else "warning", gate_words.gate_title(gate))
        for row in gate.failing:
            entry = Prose(gate_words.gate_row(row), selectable=True)
            entry.setContentsMargins(self.fontMetrics().height() * 2, 0, 0, 0)
            self._top.addWidget(entry)

    def _show_plots(self) -> None:
        plots = QWidget()
        grid = QGridLayout(plots)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(12)
        for place, (name, image) in enumerate(self.controller.plots):
            row, column = 2 * (place // 2), place % 2
            grid.addWidget(Prose(words.plot_title(name), bold=True), row, column)
            corner = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
            grid.addWidget(PlotView(image, words.plot_title(name)), row + 1, column, corner)
        self._below.addWidget(plots)

    @Slot()
    def _enable(self) -> None:
        there = self.controller.result is not None and not self.controller.busy
        for button in (self.use, self.folder, self.discard):
            button.setEnabled(there)
        self.buttons_changed.emit()

    @Slot()
    def _use(self) -> None:
        result = self.controller.result
        doubt = "" if result is None else gate_words.doubt(result.gate, result.spec.validated)
        if doubt:
            self.question.ask(doubt)
            self.ensureWidgetVisible(self.question)
        else:
            self.controller.use()

    @Slot(str)
    def _used(self, name: str) -> None:
        self.said.say("ok", self.tr("{name} answers from now on.").format(name=name))

    @Slot()
    def _open_folder(self) -> None:
        pack = None if self.controller.result is None else self.controller.result.pack
        if pack is not None and not open_outside(pack):
            self.said.say("warning", self.tr("No program here opens it. It lies at {path}").format(path=pack))

    @Slot()
    def _discard(self) -> None:
        if self.controller.run is not None:
            self.controller.discard(self.controller.run)

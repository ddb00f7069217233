"""Earlier trainings: unfinished ones can be gone on with, finished ones looked at, all of them removed."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from lungviewer.services.retrain_plan import Run
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.parts import empty_layout

_SHOWN = 8


class RunsList(QWidget):
    """A row for each run, newest first; `title` is hidden with it when there are none."""

    def __init__(self, controller: RetrainController, title: QLabel) -> None:
        super().__init__()
        self._controller, self._title = controller, title
        self._runs: tuple[Run, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(0, 1)
        controller.runs_changed.connect(self._fill)
        controller.changed.connect(self._enable)
        self._fill()

    @Slot()
    def _fill(self) -> None:
        self._runs = self._controller.runs[:_SHOWN]
        empty_layout(self._grid)
        self._title.setVisible(bool(self._runs))
        self.setVisible(bool(self._runs))
        for row, run in enumerate(self._runs):
            name = f"{run.plan.pack_id} {run.plan.version}"
            when = QDateTime.fromSecsSinceEpoch(int(run.begun))
            words = self.tr("{name}: begun {when}, {state}").format(
                name=name,
                when=self.locale().toString(when, QLocale.FormatType.ShortFormat),
                state=self.tr("finished") if run.finished else self.tr("not finished"),
            )
            label = ElidedLabel()
            label.setText(words)
            go = QPushButton(self.tr("Show the result") if run.finished else self.tr("Go on"))
            go.setAccessibleName(self.tr("{action}: {name}").format(action=go.text(), name=name))
            go.setProperty("row", row)
            go.clicked.connect(self._go)
            remove = QPushButton(self.tr("Delete"))
            remove.setAccessibleName(self.tr("Delete the run {name}").format(name=name))
            remove.setToolTip(self.tr("Deletes the run folder. A model that was taken into use stays."))
            remove.setProperty("row", row)
            remove.clicked.connect(self._remove)
            for column, widget in enumerate((label, go, remove)):
                self._grid.addWidget(widget, row, column)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        self.setEnabled(not self._controller.busy)

    @Slot()
    def _go(self) -> None:
        run = self._runs[self.sender().property("row")]
        if run.finished:
            self._controller.show_run(run)
        else:
            self._controller.begin(run.plan)

    @Slot()
    def _remove(self) -> None:
        self._controller.discard(self._runs[self.sender().property("row")])

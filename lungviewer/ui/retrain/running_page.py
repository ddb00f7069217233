"""Fourth page: how the training goes."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QProgressBar, QPushButton, QVBoxLayout

from lungviewer.services.training_events import Remark, Step
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose, Sentence, fixed_font
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.curves import CurvesWidget
from lungviewer.ui.retrain.parts import Page, add_sentence, empty_layout
from lungviewer.ui.retrain.state import Going, Phase
from lungviewer.ui.words import duration

_MOST_LINES = 2_000


class RunningPage(Page):
    """Step, time, curves, remarks, log; stop, and go on."""

    def __init__(self, controller: RetrainController) -> None:
        super().__init__(controller, "")
        self.title = self.tr("Training")
        self._put_together()
        controller.changed.connect(self._show)
        controller.progressed.connect(self._progressed)
        controller.epoch.connect(self.curves.add)
        controller.noted.connect(self._noted)
        controller.logged.connect(self.log.appendPlainText)
        self._began = False
        self._take_over()
        self._show()

    def _put_together(self) -> None:
        self.step = Prose(bold=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Progress of this step"))
        self.how_far = Prose()
        self.stop = QPushButton(icon("stop"), self.tr("S&top"))
        self.stop.setToolTip(self.tr("Nothing is lost: the same training goes on from there."))
        self.stop.clicked.connect(self.controller.cancel)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self.column.addWidget(self.step)
        self.column.addLayout(row)
        self.column.addWidget(self.how_far)
        self.outcome = Sentence()
        self.column.addWidget(self.outcome)
        self.curves = CurvesWidget()
        self.column.addWidget(self.curves, 1)
        self._notes = QVBoxLayout()
        self.column.addLayout(self._notes)
        self.show_log = QPushButton(self.tr("Show the &log"))
        self.show_log.setCheckable(True)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_MOST_LINES)
        self.log.setFont(fixed_font())
        self.log.setAccessibleName(self.tr("Log of the training"))
        self.log.setTabChangesFocus(True)
        self.log.setMaximumHeight(self.fontMetrics().height() * 10)
        self.log.hide()
        self.show_log.toggled.connect(self.log.setVisible)
        row = QHBoxLayout()
        row.addWidget(self.show_log)
        row.addStretch(1)
        self.column.addLayout(row)
        self.column.addWidget(self.log)

    def _take_over(self) -> None:
        """What was said before this page was made."""
        for epoch in self.controller.epochs:
            self.curves.add(epoch)
        for note in self.controller.notes:
            self._noted(note)
        self.log.setPlainText("\n".join(self.controller.log))

    @Slot()
    def _show(self) -> None:
        phase, run = self.controller.phase, self.controller.run
        training = self.controller.active and phase in (Phase.TRAINING, Phase.STOPPING)
        if training and not self._began:
            self._forget()
        self._began = training
        self.stop.setEnabled(self.controller.active and phase is Phase.TRAINING)
        if phase is Phase.STOPPING:
            self.step.setText(self.tr("Stopping after this step …"))
        elif phase is Phase.READING:
            self.step.setText(self.tr("Checking the new model …"))
        elif not training:
            self.step.setText(self.tr("No training is running."))
        elif self.controller.going is None:
            self.step.setText(self.tr("Starting …"))
        idle = phase is Phase.IDLE
        self.bar.setVisible(not idle)
        self.stop.setVisible(training)
        self.how_far.setVisible(not idle)
        self._show_outcome(idle and run is not None)
        self.buttons_changed.emit()

    def _show_outcome(self, over: bool) -> None:
        """Only when the last training did not come to its end; failures are told below by the window."""
        text = ""
        if over and self.controller.stopped:
            text = self.tr("Stopped. What was done is kept: “Go on” continues from there.")
        self.outcome.say("pause", text)

    def _forget(self) -> None:
        """Another training begins."""
        self.curves.clear()
        self.log.clear()
        empty_layout(self._notes)
        self.bar.setRange(0, 0)
        self.how_far.setText("")

    @Slot(object)
    def _progressed(self, going: Going) -> None:
        step = going.step
        if self.controller.phase is Phase.TRAINING:
            self.step.setText(self._stage(step))
        known = 0 < step.total < 2**31
        self.bar.setRange(0, step.total if known else 0)
        self.bar.setValue(min(step.done, step.total) if known else 0)
        number = self.locale().toString
        if not known:
            text = self.tr("{done} done").format(done=number(step.done)) if step.done else ""
        else:
            text = self.tr("{done} of {all}").format(done=number(step.done), all=number(step.total))
        if step.stage and step.text != step.stage_text:
            text = self.tr("{work}: {text}").format(work=step.text, text=text)
        if going.seconds_left is not None and step.done < step.total:
            left = self.tr("about {time} left in this step").format(time=duration(going.seconds_left))
            text = f"{text} · {left}"
        self.how_far.setText(text)

    def _stage(self, step: Step) -> str:
        if not step.stage:
            return step.text or self.tr("Working …")
        return self.tr("Step {n} of {all}: {text}").format(
            n=step.stage, all=step.stages, text=step.stage_text
        )

    @Slot(object)
    def _noted(self, remark: Remark) -> None:
        if not self.controller.active:  # of a check, whose page shows what it found
            return
        grave = remark.level in ("warning", "stop")
        text = self.tr("Warning: {text}").format(text=remark.text) if grave else remark.text
        add_sentence(self._notes, "warning" if grave else "info", text)

    def forward_text(self) -> str:
        if self.controller.busy:
            return ""
        if self.controller.result is not None:
            return self.tr("&Next: the result")
        return self.tr("&Go on") if self.controller.run is not None else ""

    def can_go_forward(self) -> bool:
        return not self.controller.busy

    def go_forward(self) -> None:
        if self.controller.result is not None:
            self.next_asked.emit()
        elif self.controller.run is not None:
            self.controller.begin(self.controller.run.plan)

"""Retraining, apart from any window: what was chosen, what runs, what came of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from lungviewer.core.errors import LungviewerError
from lungviewer.core.paths import pack_dirs, user_packs_dir, user_training_dir
from lungviewer.packs.store import PackEntry, install_pack
from lungviewer.services.retrain_data import ClassChoice, FolderLook, look_at_folder, suggest_classes
from lungviewer.services.retrain_plan import (
    Parent,
    Run,
    TrainingPlan,
    audit_arguments,
    begin_run,
    find_parent,
    find_runs,
    fit_arguments,
    prepare_folder,
    remove_run,
)
from lungviewer.services.retrain_result import (
    AuditReport,
    TrainingResult,
    read_audit,
)
from lungviewer.services.training_events import Done, EpochEnd, Remark, Step
from lungviewer.services.training_process import what_retraining_lacks
from lungviewer.ui.jobs import JobFunction
from lungviewer.ui.notice import Notice
from lungviewer.ui.retrain.process import TrainingProcess
from lungviewer.ui.retrain.state import Going, Outcome, Phase
from lungviewer.ui.retrain.work import kept_and_read
from lungviewer.ui.session import ViewerSession

_CHECK_FOLDER = "last-check"
_MOST_LINES = 2_000


class RetrainController(QObject):
    """Lives with the session, so that a training goes on when its window is closed."""

    changed = Signal()  # phase, or anything below that is not told by a signal of its own
    classes_changed = Signal()  # what the class folders mean
    progressed = Signal(object)  # Going
    epoch = Signal(object)  # EpochEnd
    noted = Signal(object)  # Remark
    logged = Signal(str)
    checked = Signal()  # `audit` is there
    trained = Signal()  # `result` is there
    runs_changed = Signal()
    used = Signal(str)  # name of the pack that was installed and chosen

    def __init__(self, session: ViewerSession, parent: QObject | None = None) -> None:
        super().__init__(parent or session)
        self.session = session
        self.process = TrainingProcess(self)
        self.phase = Phase.IDLE
        self.lacking = ""  # why nothing can be trained here, and what to do
        self.error: LungviewerError | None = None
        self.stopped = False  # the last training was stopped by the person
        self.watched = False  # a window shows what happens here
        self.parent_pack: Parent | None = None
        self.look: FolderLook | None = None
        self.classes: tuple[ClassChoice, ...] = ()
        self.audit: AuditReport | None = None
        self.run: Run | None = None
        self.runs: tuple[Run, ...] = ()
        self.result: TrainingResult | None = None
        self.plots: tuple[tuple[str, QImage], ...] = ()  # of `result`, by name
        self.going: Going | None = None
        self.epochs: list[EpochEnd] = []
        self.notes: list[Remark] = []
        self.log: deque[str] = deque(maxlen=_MOST_LINES)
        self._stage = ("", 0.0, 0)  # text, when it began, how much was done then
        self._aim = Phase.IDLE  # what the process is running for
        process = self.process
        process.progressed.connect(self._progressed)
        process.epoch.connect(self._epoch)
        process.noted.connect(self._noted)
        process.logged.connect(self._logged)
        process.done.connect(self._done)
        process.failed.connect(self._failed)
        process.stopped.connect(self._stopped)

    @property
    def busy(self) -> bool:
        return self.phase is not Phase.IDLE

    @property
    def active(self) -> bool:
        """Whether a training would be interrupted by the end of the program."""
        return self.busy and self._aim is Phase.TRAINING

    def look_for_libraries(self) -> None:
        """Find out what is `lacking`, before a person fills anything in."""
        jobs = self.session.file_jobs
        jobs.submit(lambda _ctx: what_retraining_lacks()).finished.connect(self._looked_for_libraries)

    @Slot(object)
    def _looked_for_libraries(self, lacking: str) -> None:
        self.lacking = lacking
        self.changed.emit()

    # --- the data --------------------------------------------------------------------------------

    def open_folder(self, root: Path, manifest: Path | None = None) -> None:
        """List the classes of a data folder in the background; `classes_changed` follows."""
        if self.busy:
            return
        choice = self.session.choice.pack
        self.look, self.classes, self.audit = None, (), None
        self.classes_changed.emit()
        self._enter(Phase.LOOKING)
        self._job(
            lambda ctx: (find_parent(choice, pack_dirs()), look_at_folder(root, manifest, ctx.check)),
            self._looked,
        )

    @Slot(object)
    def _looked(self, found: tuple[Parent, FolderLook]) -> None:
        self.parent_pack, self.look = found
        self.classes = suggest_classes(self.look.images, self.parent_pack.spec)
        self._enter(Phase.IDLE)
        self.classes_changed.emit()

    def set_classes(self, classes: Sequence[ClassChoice]) -> None:
        """What the person says about the folders. An audit of other classes no longer counts."""
        if tuple(classes) != self.classes:
            self.classes, self.audit = tuple(classes), None
            self.classes_changed.emit()

    def check_folder(self) -> None:
        """Run the audit; `checked` follows."""
        look, parent, classes = self.look, self.parent_pack, self.classes
        if self.busy or look is None or parent is None:
            return
        self._enter(Phase.CHECKING)
        folder = user_training_dir() / _CHECK_FOLDER
        self._job(lambda _ctx: prepare_folder(folder, classes), self._check_prepared)

    @Slot(object)
    def _check_prepared(self, folder: Path) -> None:
        look, parent = self.look, self.parent_pack
        if look and parent:
            self._start(Phase.CHECKING, audit_arguments(look.root, look.manifest, folder, parent.spec))

    # --- training --------------------------------------------------------------------------------

    def begin(self, plan: TrainingPlan) -> None:
        """Start a training, or go on with the one of the same plan; `trained` follows."""
        if self.busy:
            return
        root = user_training_dir()
        self._aim = Phase.TRAINING
        self._enter(Phase.TRAINING)
        self._job(lambda _ctx: begin_run(plan, root), self._run_prepared)

    @Slot(object)
    def _run_prepared(self, run: Run) -> None:
        self.run = run
        self._start(Phase.TRAINING, fit_arguments(run.plan, run.folder))

    def _start(self, aim: Phase, arguments: Sequence[str]) -> None:
        self._aim, self._stage, self.going = aim, ("", 0.0, 0), None
        if aim is Phase.TRAINING:
            self.epochs.clear()
            self.result = None
        self.notes.clear()
        self.log.clear()
        self.phase = aim
        self.process.start(arguments)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop what the process does. A training can be gone on with."""
        if self.process.running:
            self.phase = Phase.STOPPING
            self.process.cancel()
            self.changed.emit()

    def find_runs(self) -> None:
        """Look for earlier runs; `runs_changed` follows."""
        root = user_training_dir()
        self.session.file_jobs.submit(lambda _ctx: tuple(find_runs(root))).finished.connect(self._runs_found)

    @Slot(object)
    def _runs_found(self, runs: tuple[Run, ...]) -> None:
        self.runs = runs
        self.runs_changed.emit()

    def show_run(self, run: Run) -> None:
        """Show the result of a run that has finished; `trained` follows."""
        if not self.busy:
            self.run = run
            self._read(None)

    def discard(self, run: Run) -> None:
        """Delete a run folder."""
        if self.busy:
            return
        if self.run == run:
            self.run = self.result = None
        self._enter(Phase.SAVING)
        self._job(lambda _ctx: remove_run(run), self._discarded)

    @Slot(object)
    def _discarded(self, _nothing: object) -> None:
        self._enter(Phase.IDLE)
        self.find_runs()

    def use(self) -> None:
        """Install the new pack among the person's own, and let it answer; `used` follows."""
        if self.busy or self.result is None:
            return
        pack = self.result.pack
        self._enter(Phase.SAVING)
        self._job(lambda _ctx: install_pack(pack, user_packs_dir()), self._installed)

    @Slot(object)
    def _installed(self, entry: PackEntry) -> None:
        self._enter(Phase.IDLE)
        self.session.settings.update(pack=entry.name)
        self.used.emit(entry.name)

    def shutdown(self) -> None:
        """Stop the process, and wait for it: politely first."""
        self.process.shutdown()

    # --- what the process says -------------------------------------------------------------------

    @Slot(object)
    def _progressed(self, step: Step) -> None:
        now = time.monotonic()
        text, began, before = self._stage
        if step.text != text or step.done < before:
            self._stage = text, began, before = step.text, now, step.done
            self._logged(step.text)
        spent, made = now - began, step.done - before
        left = spent / made * (step.total - step.done) if made > 0 and spent > 2 and step.total else None
        self.going = Going(step, left)
        self.progressed.emit(self.going)

    @Slot(object)
    def _epoch(self, epoch: EpochEnd) -> None:
        self.epochs.append(epoch)
        self.epoch.emit(epoch)

    @Slot(object)
    def _noted(self, remark: Remark) -> None:
        self.notes.append(remark)
        self._logged(remark.text)
        self.noted.emit(remark)

    @Slot(str)
    def _logged(self, text: str) -> None:
        self.log.append(text)
        self.logged.emit(text)

    @Slot(object)
    def _done(self, done: Done) -> None:
        if self._aim is Phase.CHECKING:
            folder = user_training_dir() / _CHECK_FOLDER
            self._enter(Phase.READING)
            self._job(lambda _ctx: read_audit(folder), self._audited)
        else:
            self._read(done)

    @Slot(object)
    def _audited(self, report: AuditReport) -> None:
        self.audit = report
        self._enter(Phase.IDLE)
        self.checked.emit()

    def _read(self, done: Done | None) -> None:
        if (run := self.run) is not None:
            self._enter(Phase.READING)
            self._job(lambda _ctx: kept_and_read(run, done), self._result_read)

    @Slot(object)
    def _result_read(self, outcome: Outcome) -> None:
        self.result, self.plots = outcome.result, outcome.plots
        self._enter(Phase.IDLE)
        self.trained.emit()
        self._tell("info", self.tr("The training has finished. “Retrain…” shows the result."))

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._enter(Phase.IDLE, error)
        self._tell("error", error.sentence)

    @Slot()
    def _stopped(self) -> None:
        training = self._aim is Phase.TRAINING
        self._enter(Phase.IDLE)
        self.stopped = training
        self.changed.emit()

    # --- helpers ---------------------------------------------------------------------------------

    def _enter(self, phase: Phase, error: LungviewerError | None = None) -> None:
        self.phase, self.error, self.stopped = phase, error, False
        if phase is Phase.IDLE:
            self._aim = Phase.IDLE
        self.changed.emit()

    def _job(self, function: JobFunction, then: Callable[[object], None]) -> None:
        job = self.session.file_jobs.submit(function)
        job.finished.connect(then)
        job.failed.connect(self._failed)

    def _tell(self, kind: str, text: str) -> None:
        """In the main window, when nobody looks here."""
        if not self.watched:
            self.session.noticed.emit(Notice(kind, text))

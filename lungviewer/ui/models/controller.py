"""Which packs there are, which one is in use, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.core.paths import user_packs_dir
from lungviewer.packs.names import MODEL_INT8
from lungviewer.packs.simulator_catalogue import SimulatorEntry
from lungviewer.packs.store import PackEntry
from lungviewer.services.training_events import Done, Step
from lungviewer.ui import gate_words
from lungviewer.ui.jobs import Job, JobFunction
from lungviewer.ui.models import work
from lungviewer.ui.models.import_request import ImportRequest
from lungviewer.ui.models.work import Candidate, Installed, Pages, Verdict
from lungviewer.ui.notice import Notice
from lungviewer.ui.retrain.process import TrainingProcess
from lungviewer.ui.session import ViewerSession

_SOON, _LATER = 0, 10  # ranks: what a person asked for; what is found out meanwhile


@dataclass(frozen=True, slots=True)
class Busy:
    """What is being done; `can_stop` when it takes long enough to be stopped."""

    text: str
    can_stop: bool = False


class ModelsController(QObject):
    """Knows the packs and does everything slow in the session's file thread, or in a process."""

    entries_changed = Signal()
    verdict_changed = Signal(object)  # Path
    pages_read = Signal(object)  # Pages
    busy_changed = Signal()
    wanted = Signal(str)  # name of a pack that the person will want to see
    told = Signal(object)  # Notice
    doubted = Signal(object, str)  # PackEntry that is to be used, and why not at once; `use_anyway` uses it
    no_trash = Signal(object)  # Path of a pack that could only be deleted for good

    def __init__(self, session: ViewerSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.entries: tuple[PackEntry, ...] = ()
        self.busy: Busy | None = None
        self._verdicts: dict[Path, str] = {}
        self._jobs: list[Job] = []
        self._pages_job: Job | None = None
        self._after_listing = ""
        self._process = TrainingProcess(self)
        self._process.progressed.connect(self._import_step)
        self._process.done.connect(self._imported)
        self._process.failed.connect(self._failed)
        self._process.stopped.connect(self._import_stopped)
        session.model_changed.connect(self.entries_changed)

    # --- what there is ---------------------------------------------------------------------------

    def refresh(self, show: str = "") -> None:
        """Look what is installed; then `show`, a name or a folder, is the pack to show."""
        self._after_listing = show
        self._submit(work.list_packs, self._listed)

    @Slot(object)
    def _listed(self, entries: tuple[PackEntry, ...]) -> None:
        self.entries = entries
        self._verdicts.clear()
        self.entries_changed.emit()
        for entry in entries:
            if self._after_listing in (entry.name, str(entry.path)):
                self.wanted.emit(entry.name)
        for entry in entries:
            if entry.error is None:
                self._submit(lambda _ctx, path=entry.path: work.check_pack(path), self._judged, _LATER)

    @Slot(object)
    def _judged(self, verdict: Verdict) -> None:
        self._verdicts[verdict.path] = verdict.problem
        self.verdict_changed.emit(verdict.path)

    def problem(self, entry: PackEntry) -> str | None:
        """Why a pack cannot be used; "" when it verifies, None when that is not known yet."""
        return entry.error.sentence if entry.error is not None else self._verdicts.get(entry.path)

    def is_chosen(self, entry: PackEntry) -> bool:
        """Whether this is the pack that answers, or that is to answer once it is loaded."""
        spec = self.session.spec
        if spec is not None:
            return entry.spec is not None and (entry.spec.id, entry.spec.version) == (spec.id, spec.version)
        return self.session.settings.current.pack == entry.name

    def read_pages(self, entry: PackEntry) -> None:
        """Fetch card and plots; `pages_read` follows, unless another pack is asked for meanwhile."""
        if self._pages_job is not None and not self._pages_job.over:
            self._pages_job.abandon()
        self._pages_job = self._submit(lambda ctx: work.read_pages(entry.path, ctx), self._pages)

    @Slot(object)
    def _pages(self, pages: Pages) -> None:
        self.pages_read.emit(pages)

    # --- what is done ----------------------------------------------------------------------------

    def use(self, entry: PackEntry) -> None:
        """Verify a pack, and take it when it passes; `doubted` follows when a person is to be asked first."""
        self._set_busy(Busy(self.tr("Checking every file of the pack…")))
        self._submit(lambda _ctx: work.examine(entry), self._use_checked)

    @Slot(object)
    def _use_checked(self, candidate: Candidate) -> None:
        self._set_busy(None)
        self._judged(candidate.verdict)
        entry, problem = candidate.entry, candidate.verdict.problem
        if entry.spec is None:
            return
        if problem:
            text = self.tr("This model is not loaded. {problem}")
            self.told.emit(Notice("error", text.format(problem=problem)))
            return
        doubt = gate_words.doubt(candidate.gate, entry.spec.validated, name_rows=True)
        if doubt:
            self.doubted.emit(entry, doubt)
        else:
            self.use_anyway(entry)

    def use_anyway(self, entry: PackEntry) -> None:
        """Take a pack that verified; it is verified again when it is loaded."""
        settings, session = self.session.settings, self.session
        precision = settings.current.precision
        if precision == "int8" and entry.spec and MODEL_INT8 not in entry.spec.files:
            precision = "fp32"
            self.told.emit(Notice("info", self.tr("This model has no eight-bit form; the full one is used.")))
        if settings.current.pack == entry.name and session.engine_error is not None:
            session.load_model()
        settings.update(pack=entry.name, precision=precision)

    def install(self, source: Path) -> None:
        """Verify a zip, and put it among the person's packs."""
        known = frozenset(entry.name for entry in self.entries if not self.problem(entry))
        self._set_busy(Busy(self.tr("Checking and installing…")))
        self._submit(lambda _ctx: work.install(source, known), self._installed)

    @Slot(object)
    def _installed(self, installed: Installed) -> None:
        self._set_busy(None)
        name = installed.entry.name
        text = self.tr("{name} is installed.") if installed.new else self.tr("{name} was installed already.")
        if isinstance(installed.entry, SimulatorEntry):
            text = self.tr("{name} is installed. It is a progression simulator: open it in the menu CT.")
        self.told.emit(Notice("info", text.format(name=name)))
        if self.session.engine_error is not None:  # perhaps this is what was damaged
            self.session.load_model()
        self.refresh(show=name)

    def export(self, entry: PackEntry, target: Path) -> None:
        """Write a pack as a zip that others can install."""
        self._set_busy(Busy(self.tr("Writing the zip…")))
        self._submit(lambda _ctx: work.export(entry.path, target), self._exported)

    @Slot(object)
    def _exported(self, target: Path) -> None:
        self._set_busy(None)
        self.told.emit(Notice("info", self.tr("{name} is written.").format(name=target.name)))

    def can_remove(self, entry: PackEntry) -> bool:
        """Only the person's own packs, and not the one in use, unless it cannot be used."""
        return work.is_own(entry.path) and (bool(self.problem(entry)) or not self.is_chosen(entry))

    def remove(self, entry: PackEntry, *, for_good: bool = False) -> None:
        """Move a pack to the trash; `no_trash` follows when there is none."""
        path = entry.path
        self._set_busy(Busy(self.tr("Removing…")))
        if for_good:
            self._submit(lambda _ctx: work.delete(path), self._removed)
        else:
            self._submit(lambda _ctx: (path, work.move_to_trash(path)), self._trashed)

    @Slot(object)
    def _trashed(self, result: tuple[Path, bool]) -> None:
        path, moved = result
        if moved:
            self._removed(path)
        else:
            self._set_busy(None)
            self.no_trash.emit(path)

    @Slot(object)
    def _removed(self, path: Path) -> None:
        self._set_busy(None)
        settings = self.session.settings
        if settings.current.pack in [entry.name for entry in self.entries if entry.path == path]:
            settings.update(pack="")  # the default one answers
        elif self.session.engine_error is not None:
            self.session.load_model()
        self.told.emit(Notice("info", self.tr("The model is removed.")))
        self.refresh()

    # --- a model of another program ----------------------------------------------------------------

    def import_model(self, request: ImportRequest) -> None:
        """Turn a Keras file into a pack that is not validated, in a process of its own."""
        self._set_busy(Busy(self.tr("Starting TensorFlow…"), can_stop=True))
        self._process.start(request.arguments(user_packs_dir()))

    def stop(self) -> None:
        """Stop the import."""
        self._process.cancel()

    @Slot(object)
    def _import_step(self, step: Step) -> None:
        self._set_busy(Busy(step.text, can_stop=True))

    @Slot(object)
    def _imported(self, done: Done) -> None:
        self._set_busy(None)
        text = self.tr(
            "The model is imported. It is not validated: its confidence means nothing until it is measured "
            "on labelled images."
        )
        self.told.emit(Notice("warning", text))
        self.refresh(show=str(done.values.get("pack", "")))

    @Slot()
    def _import_stopped(self) -> None:
        self._set_busy(None)
        self.told.emit(Notice("info", self.tr("The import was stopped.")))

    # --- common ----------------------------------------------------------------------------------

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._set_busy(None)
        self.told.emit(Notice("error", error.sentence))

    def _submit(self, function: JobFunction, answer: object, rank: int = _SOON) -> Job:
        self._jobs = [job for job in self._jobs if not job.over]
        job = self.session.file_jobs.submit(function, rank=rank)
        job.finished.connect(answer)
        job.failed.connect(self._failed)
        self._jobs.append(job)
        return job

    def _set_busy(self, busy: Busy | None) -> None:
        if busy != self.busy:
            self.busy = busy
            self.busy_changed.emit()

    def shutdown(self) -> None:
        """Hear no more of what is under way, and end the process of an import."""
        for job in self._jobs:
            if not job.over:
                job.abandon()
        self._process.shutdown()

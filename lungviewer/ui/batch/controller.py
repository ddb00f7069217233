"""One scan at a time, seen from the GUI thread: what is asked, how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.core.model import ModelSpec
from lungviewer.core.types import ImageRecord
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.preview import Outlook, ScanPreview, look_at_output, preview_scan
from lungviewer.services.scan import KeptRows, ScanProgress, ScanSummary
from lungviewer.ui.batch.offering import RowOffer, place_of
from lungviewer.ui.batch.pace import Pace
from lungviewer.ui.batch.scan_model import ScanModel
from lungviewer.ui.batch.state import BatchOptions, ScanNumbers, ScanState
from lungviewer.ui.batch.work import EngineReady, ScanEnd, gentle, reading_threads, scan_job
from lungviewer.ui.jobs import Job, JobRunner, Progress
from lungviewer.ui.notice import Notice
from lungviewer.ui.session import ViewerSession

_TICK_MS = 100
_HURRY_MS = 20
"""While rows wait: a scan that has nothing left to do is over when all its rows have been handed on."""

_ROWS_A_TICK = 400
"""Rows handed on at once. Thousands may arrive together when an earlier scan is gone on with."""

_QUIET_TICKS = 5


class ScanController(QObject):
    """The scan behind window and status bar. It has a thread and an engine of its own, so that the image
    that is looked at does not wait for it. Call `shutdown` before it goes."""

    began = Signal()  # a scan: what was shown of the last one is out of date
    changed = Signal()  # state or numbers
    rows_arrived = Signal(object)  # tuple of ImageRecord, those kept from an earlier scan first
    finished = Signal(object)  # ScanSummary, of a scan that ended or was stopped
    failed = Signal(object)  # LungviewerError

    def __init__(
        self, session: ViewerSession, parent: QObject | None = None, keeper: EngineKeeper | None = None
    ) -> None:
        """`keeper`: where the engine comes from; tests give one with a fake backend."""
        super().__init__(parent)
        self._session = session
        self._keeper = keeper or EngineKeeper()
        self._runner = JobRunner("scan", self)
        self._runner.at_close(self._keeper.close)
        self.model = ScanModel(session.model, session.settings, self._runner, self._keeper, self)
        self._job: Job | None = None
        self._looking: Job | None = None
        self._pace = Pace()
        self._waiting: list[ImageRecord] = []
        self._end: ScanEnd | LungviewerError | None = None
        self._quiet = 0
        self._dirty = False
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.state = ScanState.IDLE
        self.preview_made: ScanPreview | None = None
        self.outlook: Outlook | None = None
        self.options = BatchOptions()
        self.output: Path | None = None
        self.numbers = ScanNumbers()
        self.rows: list[ImageRecord] = []
        self.summary: ScanSummary | None = None
        self.problem: LungviewerError | None = None
        self.other_model = False
        """Another one was chosen since the scan that was to be gone on with."""
        self._spec: ModelSpec | None = None
        self._choice: EngineChoice | None = None
        self._offer = RowOffer(session, self)
        self.model.changed.connect(self._model_changed)

    @property
    def active(self) -> bool:
        """A scan is under way."""
        return self.state.busy

    @property
    def spec(self) -> ModelSpec | None:
        """The pack that scans, or would."""
        return self._spec or self.model.spec

    def path_of(self, record: ImageRecord) -> Path | None:
        """Where the image of a row lies."""
        return None if self.preview_made is None else place_of(record, self.preview_made.found)

    # --- before the scan -------------------------------------------------------------------------

    def preview(self, paths: Sequence[Path], recursive: bool) -> None:
        """Look what a scan would find; READY follows, or IDLE with a `problem`. Nothing while one runs."""
        if self.state.busy:
            return
        self._forget()
        self.state = ScanState.PREVIEWING
        documents = Path(
            QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or Path.home()
        )
        places = tuple(paths)
        self._job = self._runner.submit(
            lambda ctx: preview_scan(places, recursive=recursive, documents=documents, check=ctx.check)
        )
        self._job.finished.connect(self._previewed)
        self._job.failed.connect(self._not_previewed)
        self.changed.emit()

    @Slot(object)
    def _previewed(self, preview: ScanPreview) -> None:
        self._job, self.preview_made = None, preview
        self.model.suit(preview.kinds.modality)
        self.state = ScanState.READY
        self.look_at(preview.suggested, self.options)

    @Slot(object)
    def _not_previewed(self, error: LungviewerError) -> None:
        self._job, self.problem = None, error
        self.state = ScanState.IDLE
        self.changed.emit()

    def look_at(self, output: Path, options: BatchOptions) -> None:
        """See what lies at the place for the report; `outlook` follows. A scan that is over is left."""
        if self.preview_made is None or self.state.busy or self.state is ScanState.PREVIEWING:
            return
        if self._looking is not None:
            self._looking.abandon()
        self.output, self.options = output, options
        self.outlook = self.problem = None
        found, scan = self.preview_made.found, options.for_scan(self.preview_made.recursive, 1)
        info = self.model.info
        if info is None and self.other_model:  # then it is not known yet which rows hold
            return self._set_state(ScanState.READY)
        pack = None if info is None else info.provenance.model_sha256
        self._looking = self._runner.submit(
            lambda _ctx: look_at_output(output, found, scan, options.precision, pack)
        )
        self._looking.finished.connect(self._looked)
        self._set_state(ScanState.READY)

    @Slot(object)
    def _looked(self, outlook: Outlook) -> None:
        self._looking, self.outlook = None, outlook
        self.changed.emit()

    @Slot()
    def _model_changed(self) -> None:
        """Which rows are kept depends on the pack."""
        if self._choice is not None and self.model.choice.same_pack(self._choice):
            self.other_model = False
        if self.state is ScanState.READY and self.output is not None:
            self.look_at(self.output, self.options)
        self.changed.emit()

    # --- the scan --------------------------------------------------------------------------------

    def start(self, output: Path, options: BatchOptions) -> None:
        """Scan what the preview showed. Nothing while a scan runs or before anything was looked at."""
        preview = self.preview_made
        if preview is None or self.state.busy or self.state is ScanState.PREVIEWING:
            return
        self._forget(keep_preview=True)
        self.output, self.options = output, options
        self.numbers = ScanNumbers(found=len(preview.found.files))
        self.state = ScanState.RUNNING
        self._pace.start()
        self._timer.start()
        keeper, paths = self._keeper, preview.paths
        self._choice = self.model.choice
        self._offer.begin(self.rows, preview.found, options.um_per_px)
        choice = gentle(self._choice, options.precision)
        scan = options.for_scan(preview.recursive, reading_threads())
        self._job = self._runner.submit(lambda ctx: scan_job(keeper, choice, paths, output, scan, ctx))
        self._job.partial.connect(self._heard)
        self._job.progressed.connect(self._progressed)
        self._job.finished.connect(self._ended)
        self._job.failed.connect(self._ended)
        self._job.cancelled.connect(self._never_began)
        self.began.emit()
        self.changed.emit()

    def resume(self) -> None:
        """Go on with a scan that was stopped or that failed: what is done is kept. When another model was
        chosen since, look first what it would keep; READY follows."""
        if not self.state.over or self.output is None or self._choice is None:
            return
        options = replace(self.options, fresh=False)
        if self.model.choice.same_pack(self._choice):
            return self.start(self.output, options)
        self.other_model = True
        self.look_at(self.output, options)

    def pause(self, on: bool) -> None:
        """Hold the scan, or let it go on. A batch that the model has in hand is finished first."""
        if self._job is None or self.state not in (ScanState.RUNNING, ScanState.PAUSED):
            return
        self._job.pause(on)
        self._pace.pause(on)
        self._set_state(ScanState.PAUSED if on else ScanState.RUNNING)

    def cancel(self) -> None:
        """Stop the scan (what is done is kept), or give up looking."""
        if self._job is None:
            return
        if self.state is ScanState.PREVIEWING:
            self._forget()
            self._set_state(ScanState.IDLE)
        elif self.state.busy:
            self._job.cancel()
            self._pace.pause(False)
            self._set_state(ScanState.STOPPING)

    def reset(self) -> None:
        """Forget the last scan, for another one."""
        if not self.state.busy:
            self._forget()
            self.options = BatchOptions()
            self._set_state(ScanState.IDLE)

    def shutdown(self) -> bool:
        """Stop, and end the thread; what is done is in the report. False when something does not answer."""
        self._timer.stop()
        self._offer.stop()
        return self._runner.close()

    # --- what the scan says ----------------------------------------------------------------------

    @Slot(object)
    def _heard(self, said: object) -> None:
        if isinstance(said, EngineReady):
            self._spec = said.spec
        elif isinstance(said, KeptRows | ScanProgress):
            self._waiting += said.rows
        self.numbers = self.numbers.after(said)
        if isinstance(said, ScanProgress):
            self._pace.note(self.numbers.done)
        self._dirty = True

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        # The folder may have changed since the preview.
        self.numbers = replace(self.numbers, found=progress.total)
        self._dirty = True

    @Slot(object)
    def _ended(self, end: ScanEnd | LungviewerError) -> None:
        """The last rows are handed on first."""
        self._end = end

    @Slot()
    def _never_began(self) -> None:
        """Stopped before the first file was read."""
        self._over(ScanState.STOPPED)

    @Slot()
    def _tick(self) -> None:
        rows, self._waiting = tuple(self._waiting[:_ROWS_A_TICK]), self._waiting[_ROWS_A_TICK:]
        if rows:
            self.rows += rows
            self.rows_arrived.emit(rows)
            self._offer.go_on()
        self._timer.setInterval(_HURRY_MS if self._waiting else _TICK_MS)
        if self._end is not None and not self._waiting:
            return self._conclude(self._end)
        self._quiet += 1
        if self._dirty or self._quiet >= _QUIET_TICKS:
            self._quiet, self._dirty = 0, False
            self._measure()
            self.changed.emit()

    def _conclude(self, end: ScanEnd | LungviewerError) -> None:
        if isinstance(end, LungviewerError):
            self.problem = end
            self._over(ScanState.FAILED)
            self.failed.emit(end)
            return
        self.summary = end.summary
        self.numbers = replace(self.numbers, found=end.summary.found, kept=end.summary.kept)
        for note in end.notes:
            self._session.noticed.emit(Notice("info", note))
        self._over(ScanState.STOPPED if end.summary.stopped else ScanState.DONE)
        self.finished.emit(end.summary)

    def _over(self, state: ScanState) -> None:
        self._timer.stop()
        self._measure()
        self._pace.pause(True)
        self._job = self._end = None
        self._set_state(state)

    def _measure(self) -> None:
        left = self.numbers.found - self.numbers.finished
        self.numbers = replace(
            self.numbers,
            per_second=self._pace.files_per_second,
            left_s=self._pace.left_s(left),
            elapsed_s=self._pace.elapsed_s,
        )

    def _set_state(self, state: ScanState) -> None:
        self.state = state
        self.changed.emit()

    def _forget(self, keep_preview: bool = False) -> None:
        """Leave the last scan and whatever is under way for the next one."""
        for job in (self._job, self._looking):
            if job is not None:
                job.abandon()
        self._job = self._looking = self.problem = self.summary = None
        self._waiting, self._end = [], None
        self.rows, self.numbers, self.other_model = [], ScanNumbers(), False
        if not keep_preview:
            self.preview_made = self.outlook = self.output = self._spec = None

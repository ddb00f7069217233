"""What the simulator's window shows, and how it comes to be: the newest wish wins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.ct import CT
from lungviewer.core.errors import LungviewerError
from lungviewer.core.simulator import Step, Strip
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.progression import Encoded, Start
from lungviewer.services.progression_slice import encode_picture, encode_slice
from lungviewer.ui.jobs import Job, JobFunction, JobRunner
from lungviewer.ui.names import shown
from lungviewer.ui.progression import work
from lungviewer.ui.progression.work import Bench, Opened
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import for_modality

COUNTS = (5, 7, 9)
"""How many pictures a strip may have."""

_NOW = -10


class Progression(QObject):
    """`opened` once a simulator is there, `error` when none can be used; `start` is who is drawn, `encoded`
    is set when that came from a slice; `picture` and `steps` are what was drawn last, without an answer of
    the classifier until that has come."""

    opened_changed = Signal()  # `opened` or `error`
    start_changed = Signal()  # `start`, `start_words`, `encoded`
    picture_changed = Signal()
    strip_changed = Signal()
    busy_changed = Signal()
    said = Signal(str, str)  # symbol, sentence

    def __init__(
        self, session: ViewerSession, parent: QObject | None = None, keeper: EngineKeeper | None = None
    ) -> None:
        """`keeper`: where the classifier comes from; tests give one with a fake backend."""
        super().__init__(parent)
        self._session = session
        self._bench = Bench(keeper or EngineKeeper())
        self._jobs = JobRunner("progression", self)
        self._jobs.at_close(self._bench.close)
        self._work: dict[str, Job] = {}
        self._choice = self._wanted_choice()
        self.opened: Opened | None = None
        self.error: LungviewerError | None = None
        self.start: Start | None = None
        self.start_words = ""
        self.encoded: Encoded | None = None
        self.stage = 0.0
        self.picture: Step | None = None
        self.count = COUNTS[1]
        self.steps: tuple[Step, ...] = ()
        session.model_changed.connect(self._model_changed)

    # --- opening ---------------------------------------------------------------------------------

    @Slot()
    def open(self) -> None:
        """Look for a simulator and a CT model, and open them."""
        self._open("")

    def use(self, name: str) -> None:
        """Open another simulator, by its "id@version"; the one that is open stays if that fails."""
        if self.opened is not None and name != self.opened.name:
            self._drop_drawings()  # they are told in the latents of the one that goes
            self._open(name)

    def _open(self, name: str) -> None:
        bench, choice = self._bench, self._choice
        job = self._submit("open", lambda _ctx: bench.open(choice, name))
        job.finished.connect(self._opened)
        job.failed.connect(self._not_opened)

    def _wanted_choice(self) -> EngineChoice:
        """The CT model in use, else the default one."""
        info, choice = self._session.engine_info, self._session.choice
        if info is not None and info.spec.modality == CT:
            return choice
        return for_modality(replace(choice, pack=None), CT)

    @Slot()
    def _model_changed(self) -> None:
        wanted = self._wanted_choice()
        if wanted != self._choice:
            self._choice = wanted
            if self.opened is not None or self.error is not None:
                self.open()

    @Slot(object)
    def _opened(self, opened: Opened) -> None:
        if self.opened is None or opened.name != self.opened.name:
            self.stage = opened.spec.first
            self.start = self.encoded = None
            self._drop_drawings()
        self.opened, self.error = opened, None
        self.opened_changed.emit()
        if self.start is not None:
            self._draw()
            self._draw_strip()

    @Slot(object)
    def _not_opened(self, error: LungviewerError) -> None:
        if self.opened is None:
            self.error = error
        self.opened_changed.emit()
        if self.opened is not None:  # the one that stays draws on
            self.said.emit("error", error.sentence)
            if self.start is not None:
                self._draw()
                self._draw_strip()

    # --- starting --------------------------------------------------------------------------------

    def start_random(self, seed: int) -> None:
        """Somebody made up; the stage stays where it is."""
        if self.opened is None:
            return
        self._drop("encode")
        bench = self._bench
        job = self._submit("start", lambda _ctx: bench.simulator.random_start(seed))
        job.setProperty("words", self.tr("made up, seed {seed}").format(seed=seed))
        job.finished.connect(self._started)

    @Slot(object)
    def _started(self, start: Start) -> None:
        words = self._work["start"].property("words")
        self._begin(start, words, None)

    @property
    def can_encode(self) -> bool:
        """Whether an image is looked at, and its answer may be told. What a slice starts from says something
        about it, so a blinded reviewer is not helped to that."""
        return self._session.current is not None and not self._session.settings.current.blinded

    def start_from_slice(self) -> None:
        """The slice or picture that is looked at, as the simulator understands it."""
        path = self._session.current
        if self.opened is None or path is None or not self.can_encode:
            return
        self._drop("start")
        bench, decoder = self._bench, self._session.decoder
        series, index = self._session.series(path), self._session.slice.index
        if series is None:
            job = self._submit("encode", lambda _ctx: encode_picture(bench.simulator, path, decoder))
        else:
            job = self._submit("encode", lambda _ctx: encode_slice(bench.simulator, series, index, decoder))
        job.finished.connect(self._encoded)
        job.failed.connect(self._failed)

    @Slot(object)
    def _encoded(self, encoded: Encoded) -> None:
        self.stage = encoded.start.stage
        self._begin(encoded.start, self.tr("a slice that was looked at, encoded"), encoded)

    def _begin(self, start: Start, words: str, encoded: Encoded | None) -> None:
        self.start, self.start_words, self.encoded = start, words, encoded
        self.steps = ()
        self.said.emit("", "")
        self.start_changed.emit()
        self._draw()
        self._draw_strip()

    # --- drawing ---------------------------------------------------------------------------------

    def go_to(self, stage: float) -> None:
        """Show the picture at this place of the axis."""
        if stage != self.stage:
            self.stage = stage
            self._draw()

    def set_count(self, count: int) -> None:
        """How many pictures the strip has."""
        if count != self.count:
            self.count = count
            self._draw_strip()

    def _draw(self) -> None:
        start, stage, bench = self.start, self.stage, self._bench
        if start is None:
            return
        job = self._submit("draw", lambda ctx: work.draw_place(bench, start, stage, ctx), rank=_NOW)
        job.partial.connect(self._drawn)
        job.finished.connect(self._drawn)
        job.failed.connect(self._failed)

    @Slot(object)
    def _drawn(self, step: Step) -> None:
        self.picture = step
        self.picture_changed.emit()

    def _draw_strip(self) -> None:
        start, count, bench = self.start, self.count, self._bench
        if start is None:
            return
        job = self._submit("strip", lambda ctx: work.draw_strip(bench, start, count, ctx))
        job.partial.connect(self._strip_drawn)
        job.finished.connect(self._strip_drawn)
        job.failed.connect(self._failed)

    @Slot(object)
    def _strip_drawn(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps
        self.strip_changed.emit()

    # --- exporting -------------------------------------------------------------------------------

    @property
    def can_export(self) -> bool:
        """Whether the strip on the screen is whole."""
        return bool(self.steps) and not self.at_work("strip")

    def export(self, target: Path) -> None:
        """Write the strip as PNG or GIF, by the ending of its name; `said` tells the end."""
        opened = self.opened
        if opened is None or not self.can_export:
            return
        classes = () if opened.classifier is None else opened.classifier.classes
        strip = Strip(
            opened.name, opened.spec.stages, self.start_words, self.steps, opened.classifier_name, classes
        )
        images = tuple(self._session.files)
        job = self._submit("export", lambda _ctx: work.export(strip, target, images))
        job.finished.connect(self._exported)
        job.failed.connect(self._failed)

    @Slot(object)
    def _exported(self, target: Path) -> None:
        self.said.emit("ok", self.tr("Saved as {name}, marked as synthetic.").format(name=shown(target.name)))

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self.said.emit("error", error.sentence)

    # --- work ------------------------------------------------------------------------------------

    def at_work(self, *topics: str) -> bool:
        """Whether something of these is on its way: "open", "start", "encode", "draw", "strip", "export"."""
        return any(topic in self._work and not self._work[topic].over for topic in topics)

    def _submit(self, topic: str, function: JobFunction, rank: int = 0) -> Job:
        self._drop(topic)
        job = self._work[topic] = self._jobs.submit(function, rank=rank)
        job.ended.connect(self.busy_changed)
        self.busy_changed.emit()
        return job

    def _drop_drawings(self) -> None:
        for topic in ("start", "encode", "draw", "strip"):
            self._drop(topic)

    def _drop(self, topic: str) -> None:
        job = self._work.pop(topic, None)
        if job is not None and not job.over:
            job.abandon()

    def close(self) -> bool:
        """End the thread. False when it does not answer."""
        return self._jobs.close()

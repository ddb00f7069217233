"""Which model answers: the one of the settings, loaded in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.ct import CT
from lungviewer.core.errors import LungviewerError
from lungviewer.services.opening import EngineKeeper
from lungviewer.ui.engine_info import EngineInfo, Instead, load_engine
from lungviewer.ui.jobs import Job, JobRunner
from lungviewer.ui.notice import Notice
from lungviewer.ui.settings import SettingsStore, for_modality

_NOW = -10
_TOPIC = "model"
_SWITCH_TOPIC = "modality"


class ModelInForce(QObject):
    """`info` once it is loaded, `error` when it cannot be; neither while it is being loaded."""

    changed = Signal()  # `info` or `error`
    replaced = Signal()  # another one was chosen: what the last one said counts no more
    noticed = Signal(object)  # Notice

    def __init__(
        self, settings: SettingsStore, jobs: JobRunner, keeper: EngineKeeper, parent: QObject | None = None
    ) -> None:
        """`jobs`: the runner whose thread owns the engine."""
        super().__init__(parent)
        self._settings, self._jobs, self._keeper = settings, jobs, keeper
        self._open = ""  # the modality of what is open, where that is known and a model for it is there
        self._switched = False
        self.choice = settings.current.engine_choice
        self.info: EngineInfo | None = None
        self.error: LungviewerError | None = None
        self._loading: Job | None = None
        settings.changed.connect(self._look)

    def load(self) -> None:
        """Open the chosen model in the background; `changed` follows."""
        choice, keeper = self.choice, self._keeper
        if self._loading is not None:  # an answer about another choice would come late and win
            self._loading.abandon()
        self._loading = self._jobs.submit(lambda _ctx: load_engine(keeper, choice), rank=_NOW)
        self._loading.finished.connect(self._loaded)
        self._loading.failed.connect(self._failed)

    # --- histology or CT -------------------------------------------------------------------------

    def suit(self, modality: str) -> None:
        """Images of this modality are open: where nobody chose a pack, its default one answers from now on,
        and a notice says so."""
        self._open, before = modality, self.choice.modality
        self._look()
        self._switched = self.choice.modality != before

    def use(self, modality: str) -> None:
        """A person wants a model of this modality: the one that they chose for it before, else its default
        one. That of CT stays in use whatever is opened; histology is what answers unasked."""
        settings, info = self._settings.current, self.info
        aside = dict(settings.packs_aside)
        if settings.pack and info is not None:
            aside[info.spec.modality] = settings.pack
        self._open = ""
        self.noticed.emit(Notice("info", "", _SWITCH_TOPIC))  # it is not so any more
        pack = aside.pop(modality, "")
        self._settings.update(pack=pack, modality=modality if modality == CT else "", packs_aside=aside)
        self._look()

    # --- loading ---------------------------------------------------------------------------------

    @Slot(object)
    def _loaded(self, info: EngineInfo | Instead) -> None:
        self._loading = None
        if isinstance(info, Instead):
            self.noticed.emit(Notice("warning", info.why))
            self._settings.update(pack=info.pack)
            return
        self._forget_error()
        self.info = info
        for note in info.notes:
            self.noticed.emit(Notice("info", note))
        if self._switched:
            self._switched = False
            self.noticed.emit(Notice("info", self._about_switch(info), _SWITCH_TOPIC))
        self.changed.emit()

    def _about_switch(self, info: EngineInfo) -> str:
        name = info.spec.title
        if info.spec.modality == CT:
            return self.tr("What is open is CT: the model “{name}” answers.").format(name=name)
        return self.tr("What is open is not a CT series: the model “{name}” answers again.").format(name=name)

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._loading, self._switched = None, False
        self.info, self.error = None, error
        self.noticed.emit(Notice("error", error.sentence, _TOPIC))
        self.changed.emit()

    def _forget_error(self) -> None:
        if self.error is not None:
            self.error = None
            self.noticed.emit(Notice("info", "", _TOPIC))

    @Slot()
    def _look(self) -> None:
        """Load what is wanted, when that is another model."""
        settings = self._settings.current
        wanted = settings.engine_choice
        if self._open and not settings.modality:
            wanted = for_modality(wanted, self._open)
        if wanted == self.choice:
            return
        self.choice = wanted
        self.info = None
        self._forget_error()
        self.changed.emit()
        self.load()
        self.replaced.emit()

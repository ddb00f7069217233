"""Which model answers: the one of the settings, loaded in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.services.opening import EngineKeeper
from lungviewer.ui.engine_info import EngineInfo, Instead, load_engine
from lungviewer.ui.jobs import Job, JobRunner
from lungviewer.ui.notice import Notice
from lungviewer.ui.settings import Settings, SettingsStore

_NOW = -10
_TOPIC = "model"


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
        self.choice = settings.current.engine_choice
        self.info: EngineInfo | None = None
        self.error: LungviewerError | None = None
        self._loading: Job | None = None
        settings.changed.connect(self._settings_changed)

    def load(self) -> None:
        """Open the chosen model in the background; `changed` follows."""
        choice, keeper = self.choice, self._keeper
        if self._loading is not None:  # an answer about another choice would come late and win
            self._loading.abandon()
        self._loading = self._jobs.submit(lambda _ctx: load_engine(keeper, choice), rank=_NOW)
        self._loading.finished.connect(self._loaded)
        self._loading.failed.connect(self._failed)

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
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._loading = None
        self.info, self.error = None, error
        self.noticed.emit(Notice("error", error.sentence, _TOPIC))
        self.changed.emit()

    def _forget_error(self) -> None:
        if self.error is not None:
            self.error = None
            self.noticed.emit(Notice("info", "", _TOPIC))

    @Slot(object)
    def _settings_changed(self, settings: Settings) -> None:
        if settings.engine_choice != self.choice:
            self.choice = settings.engine_choice
            self.info = None
            self._forget_error()
            self.changed.emit()
            self.load()
            self.replaced.emit()

"""Which model a scan uses: the window's, or where nobody chose one, the default one for what was found."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.services.opening import EngineChoice, EngineKeeper, has_default
from lungviewer.ui.engine_info import EngineInfo, Instead, load_engine
from lungviewer.ui.jobs import Job, JobRunner
from lungviewer.ui.model_in_force import ModelInForce
from lungviewer.ui.settings import SettingsStore, for_modality


class ScanModel(QObject):
    """The window's model stays what it is: what is looked at need not be what is scanned."""

    changed = Signal()

    def __init__(
        self,
        of_window: ModelInForce,
        settings: SettingsStore,
        jobs: JobRunner,
        keeper: EngineKeeper,
        parent: QObject | None = None,
    ) -> None:
        """`jobs`: the runner whose thread owns the scan's engine."""
        super().__init__(parent)
        self._of_window, self._settings, self._jobs, self._keeper = of_window, settings, jobs, keeper
        self._suits = ""
        self._own: EngineChoice | None = None
        self._info: EngineInfo | None = None
        self._error: LungviewerError | None = None
        self._loading: Job | None = None
        of_window.changed.connect(self._look)
        settings.changed.connect(self._look)

    @property
    def choice(self) -> EngineChoice:
        return self._own or self._of_window.choice

    @property
    def info(self) -> EngineInfo | None:
        """What is known of it once it could be loaded."""
        return self._info if self._own else self._of_window.info

    @property
    def error(self) -> LungviewerError | None:
        return self._error if self._own else self._of_window.error

    @property
    def spec(self) -> ModelSpec | None:
        return None if self.info is None else self.info.spec

    @property
    def by_itself(self) -> bool:
        """It is another one than the window's, because of what was found."""
        return self._own is not None

    def suit(self, modality: str) -> None:
        """What was found is of this modality; "": of none, or of several."""
        self._suits = modality
        self._look()

    def use(self, modality: str) -> None:
        """A person wants a model of this modality: from then on it is the window's, too."""
        self._of_window.use(modality)

    @Slot()
    def _look(self) -> None:
        wanted = self._wanted()
        if wanted != self._own:
            if self._loading is not None:
                self._loading.abandon()
            self._own, self._info, self._error, self._loading = wanted, None, None, None
            if wanted is not None:
                self._load(wanted)
        self.changed.emit()

    def _wanted(self) -> EngineChoice | None:
        """Another choice than the window's, where nobody made that one."""
        choice = self._of_window.choice
        if not self._suits or self._settings.current.modality or not has_default(self._suits):
            return None
        fitting = for_modality(choice, self._suits)
        return None if fitting.same_pack(choice) else fitting

    def _load(self, choice: EngineChoice) -> None:
        """See what it is, and give its memory back: the scan itself may be long in coming."""
        keeper = self._keeper

        def look(_ctx: JobContext) -> EngineInfo | Instead:
            try:
                return load_engine(keeper, choice)
            finally:
                keeper.close()

        self._loading = self._jobs.submit(look)
        self._loading.finished.connect(self._loaded)
        self._loading.failed.connect(self._failed)

    @Slot(object)
    def _loaded(self, info: EngineInfo) -> None:
        self._info, self._loading = info, None
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._error, self._loading = error, None
        self.changed.emit()

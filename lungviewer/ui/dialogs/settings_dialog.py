"""What can be set. Nothing changes before OK or Apply; Cancel leaves all as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from lungviewer.core.errors import LungviewerError
from lungviewer.core.paths import user_log_dir
from lungviewer.ui.dialogs import settings_work as work
from lungviewer.ui.dialogs.settings_pages import ImagesPage, LookPage, MachinePage, StoragePage
from lungviewer.ui.dialogs.settings_work import EightBits, Machine
from lungviewer.ui.outside import open_outside
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import Settings, SettingsStore

_Button = QDialogButtonBox.StandardButton


class SettingsDialog(QDialog):
    """Four pages of settings. What was changed elsewhere while the dialog was open is kept, unless it was
    changed here too."""

    def __init__(self, store: SettingsStore, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._store, self._session = store, session
        self._shown: dict[str, Any] = {}
        self.look, self.machine = LookPage(), MachinePage()
        self.images, self.storage = ImagesPage(), StoragePage()
        self._pages = (self.look, self.machine, self.images, self.storage)
        self.tabs = QTabWidget()
        for page in self._pages:
            self.tabs.addTab(_scrolling(page), page.title)
        buttons = _Button.Ok | _Button.Cancel | _Button.Apply | _Button.RestoreDefaults
        self.buttons = QDialogButtonBox(buttons)
        self.buttons.accepted.connect(self._take)
        self.buttons.rejected.connect(self.reject)
        self.buttons.button(_Button.Apply).clicked.connect(self.apply)
        self.buttons.button(_Button.RestoreDefaults).clicked.connect(self.show_defaults)
        self.storage.clear.clicked.connect(self._clear)
        self.storage.log.clicked.connect(self._open_log)
        column = QVBoxLayout(self)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.buttons)
        session.model_changed.connect(self._model_changed)
        store.changed.connect(self._changed_elsewhere)

    def sizeHint(self) -> QSize:
        return QSize(75 * self.fontMetrics().averageCharWidth(), 30 * self.fontMetrics().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show(self._in_force())
        self._model_changed()
        job = self._session.file_jobs.submit(work.look_at_machine)
        job.finished.connect(self._machine_known)

    def values(self) -> dict[str, Any]:
        """What the controls say, by name of setting."""
        return {name: value for page in self._pages for name, value in page.values().items()}

    @Slot()
    def show_defaults(self) -> None:
        """Put the defaults of what is shown into the controls; they count with OK."""
        for page in self._pages:
            page.show_settings(Settings())

    @Slot()
    def apply(self) -> None:
        """Make what was changed here count."""
        now = self.values()
        changed = {name: value for name, value in now.items() if value != self._shown.get(name)}
        self._shown = now
        self._store.update(**changed)
        if "colour_map" in changed:
            self._session.explaining.set_colour_map(changed["colour_map"])
        if "um_per_px" in changed:
            self._session.scale_changed.emit()
            self._session.forget_answers()

    def shutdown(self) -> None:
        """Close, without asking anything."""
        self.reject()

    def _in_force(self) -> Settings:
        # The panel changes the colours of the heat map without changing the settings.
        return replace(self._store.current, colour_map=self._session.explaining.colour_map)

    def _show(self, settings: Settings) -> None:
        for page in self._pages:
            page.show_settings(settings)
        self._shown = self.values()

    @Slot()
    def _take(self) -> None:
        self.apply()
        self.accept()

    @Slot(object)
    def _changed_elsewhere(self, _settings: Settings) -> None:
        """Show it, unless something is being changed here."""
        if self.isVisible() and self.values() == self._shown:
            self._show(self._in_force())

    @Slot()
    def _model_changed(self) -> None:
        if not self.isVisible():
            return
        info = self._session.engine_info
        text = self.tr("No model is loaded.")
        if info is not None:
            text = self.tr("In use now: {backend} on {device}.").format(
                backend=info.provenance.backend, device=info.provenance.device
            )
        self.machine.in_use.setText(text)
        pack = self._store.current.pack
        job = self._session.file_jobs.submit(lambda _ctx: work.look_at_eight_bits(pack))
        job.finished.connect(self._eight_bits_known)

    @Slot(object)
    def _machine_known(self, machine: Machine) -> None:
        self.machine.show_machine(machine)

    @Slot(object)
    def _eight_bits_known(self, found: EightBits) -> None:
        self.machine.show_eight_bits(found)

    @Slot()
    def _open_log(self) -> None:
        folder = user_log_dir()
        if not open_outside(folder):
            self.storage.logged.setText(self.tr("Logs are kept in {folder}.").format(folder=folder))

    @Slot()
    def _clear(self) -> None:
        self.storage.clear.setEnabled(False)
        job = self._session.file_jobs.submit(work.clear_thumbnails)
        job.finished.connect(self._cleared)
        job.failed.connect(self._not_cleared)

    @Slot(object)
    def _cleared(self, _nothing: object) -> None:
        self.storage.clear.setEnabled(True)
        self.storage.cleared.setText(self.tr("Cleared. Thumbnails are made again when they are looked at."))

    @Slot(object)
    def _not_cleared(self, error: LungviewerError) -> None:
        self.storage.clear.setEnabled(True)
        self.storage.cleared.setText(error.sentence)


def _scrolling(page: QWidget) -> QScrollArea:
    """Large text on a small screen needs it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    return area

"""The windows beside the main one: made when they are first asked for, kept until the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.review_wait import ReviewWait
from lungviewer.ui.session import ViewerSession

Kind = TypeVar("Kind", bound=QWidget)


class Windows(QObject):
    """Opens scan, models, retraining, simulator, report, settings, help, about and the last crash; none
    keeps the main window from being used."""

    def __init__(
        self, session: ViewerSession, scan: ScanController, desk: ReviewDesk, owner: QWidget
    ) -> None:
        super().__init__(owner)
        self._session, self._scan, self._desk, self._owner = session, scan, desk, owner
        self._made: dict[str, QWidget] = {}

    @Slot()
    def show_scan(self) -> None:
        """The scan of a folder; the folder that is open is proposed."""
        window = self._kept("scan", self._make_scan)
        window.propose(self._session.folder)
        _raise(window)

    def _make_scan(self) -> QWidget:
        from lungviewer.ui.batch.window import ScanWindow

        window = ScanWindow(self._scan, self._session, self._owner)
        window.image_asked.connect(self._select)
        window.report_asked.connect(self.show_report)
        return window

    @Slot(object)
    def _select(self, path: Path) -> None:
        if not self._session.show(path):
            self._session.open_paths([path])

    @Slot()
    def show_models(self) -> None:
        """The packs that are installed."""
        from lungviewer.ui.models.window import ModelsWindow

        _raise(self._kept("models", lambda: ModelsWindow(self._session, self._owner)))

    @Slot()
    def show_retrain(self) -> None:
        """Training on the person's own images."""
        from lungviewer.ui.retrain.window import RetrainWindow

        _raise(self._kept("retrain", lambda: RetrainWindow(self._session, self._owner)))

    @Slot()
    def show_progression(self) -> None:
        """Pictures that a simulator makes up, along the stages."""
        _raise(self._kept("progression", self._make_progression))

    def _make_progression(self) -> QWidget:
        from lungviewer.ui.progression.window import ProgressionWindow

        window = ProgressionWindow(self._session, self._owner)
        window.models_asked.connect(self.show_models)
        return window

    @Slot()
    @Slot(object, object)
    def show_report(self, table: Path | None = None, images: Path | None = None) -> None:
        """A report from the table of a scan; `images`: the folder that was scanned."""
        from lungviewer.ui.report.window import ReportWindow

        window = self._kept("report", lambda: ReportWindow(self._session, self._owner))
        if table is not None:
            window.choose(table, images)
        _raise(window)

    @Slot()
    def show_export(self) -> None:
        """Files of the map of the slide that is looked at."""
        from lungviewer.ui.mapping.export import ExportDialog

        path, slide = self._session.current, self._session.mapping.map
        if path is not None and slide is not None and not self._desk.blinding.hidden(path):
            _raise(self._fresh("export", lambda: ExportDialog(self._session, path, self._owner)))

    @Slot()
    def show_pictures(self) -> None:
        """Label and macro of the slide that is looked at."""
        from lungviewer.ui.mapping.pictures import PicturesDialog

        path = self._session.current
        if path is not None and self._session.mapping.is_slide(path):
            _raise(self._fresh("pictures", lambda: PicturesDialog(self._session, path, self._owner)))

    @Slot()
    def show_settings(self) -> None:
        """What can be set."""
        from lungviewer.ui.dialogs.settings_dialog import SettingsDialog

        _raise(
            self._kept("settings", lambda: SettingsDialog(self._session.settings, self._session, self._owner))
        )

    @Slot()
    def show_help(self) -> None:
        """How to read what is shown, and every key."""
        from lungviewer.ui.dialogs.help import HelpWindow

        _raise(self._kept("help", lambda: HelpWindow(self._owner)))

    @Slot()
    def show_about(self) -> None:
        """Versions, licence, what it is for."""
        from lungviewer.ui.dialogs.about import AboutDialog

        _raise(self._kept("about", lambda: AboutDialog(self._session, self._owner)))

    def show_crash_report(self, report: str, folder: Path) -> None:
        """What the last run left behind."""
        from lungviewer.ui.dialogs.crash_report import CrashReport

        _raise(self._kept("crash", lambda: CrashReport(report, folder, self._owner)))

    def may_close(self) -> bool:
        """Ask, once, when something is at work that closing would stop and that can be resumed; wait for a
        review that is being written, which cannot."""
        at_work = []
        if self._scan.active:
            at_work.append(self.tr("A folder is being scanned."))
        retrain = self._made.get("retrain")
        if retrain is not None and retrain.controller.active:
            at_work.append(self.tr("A model is being trained."))
        if at_work:
            text = self.tr("{what} Stop it and quit? It goes on from there when it is started again.")
            answer = QMessageBox.question(self._owner, "lungviewer", text.format(what=" ".join(at_work)))
            if answer != QMessageBox.StandardButton.Yes:
                return False
        return not self._desk.writing or ReviewWait(self._desk, self._owner).may_close()

    def shutdown(self) -> bool:
        """Close every window and end what they started. False when something does not answer."""
        ended = True
        for window in self._made.values():
            window.close()
            if hasattr(window, "shutdown"):
                ended = window.shutdown() is not False and ended
        return ended

    def _fresh(self, name: str, make: Callable[[], QWidget]) -> QWidget:
        """Another one: it is about another slide."""
        old = self._made.pop(name, None)
        if old is not None:
            old.close()
            old.deleteLater()
        return self._kept(name, make)

    def _kept(self, name: str, make: Callable[[], Kind]) -> Kind:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[return-value]


def _raise(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()

"""The window of a scan: choose, watch, and what came out. Closing it does not stop the scan."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from lungviewer.core.types import ImageRecord
from lungviewer.ui.batch import words
from lungviewer.ui.batch.choose_page import ChoosePage
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.run_page import RunPage
from lungviewer.ui.batch.state import ScanState
from lungviewer.ui.dropping import local_paths
from lungviewer.ui.names import folder_name
from lungviewer.ui.notice import Notice
from lungviewer.ui.session import ViewerSession

_SIZE = (900, 600)


class ScanWindow(QWidget):
    """Not modal: the main window stays usable."""

    image_asked = Signal(object)  # Path
    report_asked = Signal(object, object)  # Path of the CSV, Path of what was scanned

    def __init__(
        self, controller: ScanController, session: ViewerSession, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._controller, self._session = controller, session
        self.setWindowTitle(self.tr("Scan a folder"))
        self.setAcceptDrops(True)
        self.resize(*_SIZE)
        self.choosing = ChoosePage(controller, session.settings)
        self.running = RunPage(controller, session.settings)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.choosing)
        self._pages.addWidget(self.running)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        for keys in (QKeySequence(QKeySequence.StandardKey.Close), QKeySequence(Qt.Key.Key_Escape)):
            QShortcut(keys, self).activated.connect(self.close)
        controller.changed.connect(self._show)
        controller.finished.connect(self._tell)
        controller.failed.connect(self._tell)
        self.running.record_asked.connect(self._image_asked)
        self.running.report_asked.connect(self._report_asked)
        self.running.browse_asked.connect(self._browse)
        self.running.another_asked.connect(self._another)
        self._show()

    def propose(self, folder: Path | None) -> None:
        """Look at a folder, unless one was chosen or a scan is shown."""
        shown = self._controller.active or self._controller.state.over
        if folder is not None and not shown and not self.choosing.chosen:
            self.choosing.choose([folder])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_paths(event.mimeData()) and not self._controller.active:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.choosing.choose(local_paths(event.mimeData()))

    @Slot()
    def _show(self) -> None:
        """A scan that was refused before its first row is put right where it was asked for."""
        state = self._controller.state
        refused = state is ScanState.FAILED and not self._controller.rows
        page = self.running if (state.busy or state.over) and not refused else self.choosing
        if self._pages.currentWidget() is not page:
            self._pages.setCurrentWidget(page)

    @Slot(object)
    def _tell(self, _end: object) -> None:
        """How it ended, for a person who looks at the main window."""
        if self.isVisible():
            return
        controller = self._controller
        said = words.how_it_ended(controller.state, controller.numbers)
        if controller.problem is not None:
            said = f"{said} {controller.problem.sentence}"
        kind = "error" if controller.state is ScanState.FAILED else "info"
        preview = controller.preview_made
        name = "" if preview is None else folder_name(preview.found.root)
        text = self.tr("Scan of {folder}. {words}").format(folder=name, words=said)
        self._session.noticed.emit(Notice(kind, text))

    @Slot(object)
    def _image_asked(self, record: ImageRecord) -> None:
        path = self._controller.path_of(record)
        if path is not None:
            self.image_asked.emit(path)

    @Slot()
    def _report_asked(self) -> None:
        preview = self._controller.preview_made
        if preview is not None:
            self.report_asked.emit(self._controller.output, preview.found.root)

    @Slot()
    def _browse(self) -> None:
        if self._controller.preview_made is not None:
            self._session.open_paths(self._controller.preview_made.paths)

    @Slot()
    def _another(self) -> None:
        self._controller.reset()
        self.choosing.clear()

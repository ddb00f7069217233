"""The window: puts the parts side by side and lets the menu reach them. No part knows another."""

from __future__ import annotations

import base64

from PySide6.QtCore import QByteArray, QEvent, Qt, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from lungviewer.core.ct import CT
from lungviewer.ui.actions import Actions
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.status import ScanStatus
from lungviewer.ui.browser.panel import BrowserPanel
from lungviewer.ui.commands import Commands
from lungviewer.ui.dropping import local_paths
from lungviewer.ui.mapping.status import MappingStatus
from lungviewer.ui.modality import ModalityOffer
from lungviewer.ui.names import shown
from lungviewer.ui.notice import FILE_TOPIC, Notice
from lungviewer.ui.notify import NoticeBar
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.status import StatusLine
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.windows import Windows

_SMALLEST = (1000, 640)
_FIRST_SIZE = (1280, 720)


class MainWindow(QMainWindow):
    """Browser, slide view and answer, with menu, notices and status line."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.ended = True  # False: after closing, a thread of some part does not answer
        self.setWindowTitle("lungviewer")
        self.setAcceptDrops(True)
        self.setMinimumSize(*_SMALLEST)
        self.viewer = ViewerPane(session, self)
        self.browser = BrowserPanel(session, self)
        self.side = SidePanel(session, self)
        self.desk = ReviewDesk(session, parent=self)
        self.review = ReviewPanel(session, self.desk)
        self.side.add_section(self.tr("Review"), self.review)
        self.scan = ScanController(session, self)
        self.notices = NoticeBar(self)
        self.windows = Windows(session, self.scan, self.desk, self)
        self._put_together()
        self.commands = Commands(self, session)
        self.actions_ = Actions(self, session, self.commands)
        self._connect()
        self._restore()
        self._say_first_things()

    def _put_together(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self.viewer, 1)
        self.setCentralWidget(middle)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        self.browser_dock = self._dock("browser", self.tr("Browser"), self.browser, left)
        self.side_dock = self._dock("prediction", self.tr("Prediction"), self.side, right)
        self.status_line = StatusLine(self.session)
        self.mapping_status = MappingStatus(self.session.mapping)
        self.scan_status = ScanStatus(self.scan)
        self.statusBar().addWidget(self.status_line, 1)
        for part in (self.mapping_status, self.scan_status):
            self.statusBar().addPermanentWidget(part)

    def _dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _connect(self) -> None:
        session = self.session
        session.noticed.connect(self.notices.show_notice)
        session.current_changed.connect(self._another_image)
        session.model_changed.connect(self._title)
        self.offer = ModalityOffer(session, self)
        self.offer.offered.connect(self.notices.offer)
        self.notices.action_taken.connect(self.offer.take)
        session.settings.unwritable.connect(self._unwritable)
        self.notices.action_taken.connect(self._notice_action)
        self.browser.scan_asked.connect(self.windows.show_scan)
        for chosen in (self.browser.view.clicked, self.browser.view.activated):
            chosen.connect(self.viewer.ct.keys.take)
        self.side.jump_asked.connect(self.viewer.jump_to)
        self.viewer.image_opened.connect(self.status_line.show_info)
        session.mapping.mapper.yield_to = self.viewer.busy_reading
        session.mapping.trial.found.connect(self.viewer.preview_tissue)
        self.side.slide.scale_asked.connect(self.viewer.ask_scale)
        self.side.slide.export_asked.connect(self.windows.show_export)
        self.side.slide.pictures_asked.connect(self.windows.show_pictures)
        for part in (self.viewer, self.browser, self.side):
            part.hide_answers(self.desk.blinding.hidden)
            self.desk.blinding.changed.connect(part.refresh)
        self.browser.mark_reviewed(self.desk.done)
        self.desk.known.connect(self.browser.note)
        self.scan_status.open_asked.connect(self.windows.show_scan)

    # --- opening ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.session.open_paths(local_paths(event.mimeData()))
        event.acceptProposedAction()

    # --- words -----------------------------------------------------------------------------------

    @Slot()
    def _title(self) -> None:
        current = self.session.current
        # Qt puts the program's name behind it.
        name = "" if current is None else shown(self.session.opened.name_of(current))
        spec = self.session.spec
        modality = "" if spec is None or spec.modality != CT or not name else self.tr("CT model")
        self.setWindowTitle(" · ".join(filter(None, (name, modality))))

    @Slot()
    def _another_image(self) -> None:
        self._title()
        self.notices.show_notice(Notice("info", "", FILE_TOPIC))  # it was about the image before

    @Slot(object)
    def _unwritable(self, error: Exception) -> None:
        self.notices.show_notice(Notice("warning", str(error)))

    def _say_first_things(self) -> None:
        if not self.session.settings.current.notice_seen:
            text = self.tr(
                "Research use only, not for diagnosis. The samples that come with this program are drawn by "
                "it and show no patient. Open your own with Ctrl+O, or drop a file or folder here."
            )
            self.notices.offer(Notice("info", text), "notice-seen", self.tr("I understand"))

    @Slot(str)
    def _notice_action(self, action: str) -> None:
        if action == "notice-seen":
            self.session.settings.update(notice_seen=True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.session.look_again()  # somebody may have been at the files meanwhile
        if event.type() == QEvent.Type.FontChange:
            # The titles of docks have a font of their own, which does not follow.
            for dock in self.findChildren(QDockWidget):
                dock.setFont(self.font())

    # --- remembering and ending ------------------------------------------------------------------

    def _restore(self) -> None:
        settings = self.session.settings.current
        self.resize(*_FIRST_SIZE)
        self.resizeDocks([self.browser_dock, self.side_dock], [290, 330], Qt.Orientation.Horizontal)
        if settings.geometry:
            self.restoreGeometry(_bytes(settings.geometry))
        if settings.layout:
            self.restoreState(_bytes(settings.layout))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.windows.may_close():
            event.ignore()
            return
        self.session.explaining.remember()
        self.session.settings.update(
            geometry=_text(self.saveGeometry()),
            layout=_text(self.saveState()),
        )
        self.session.drop_work()
        parts = (self.windows, self.viewer, self.browser, self.side, self.desk, self.scan)
        # Parts without threads of their own have nothing to say.
        ended = [part.shutdown() is not False for part in parts]
        self.ended = all(ended)
        event.accept()


def _text(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode()


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode())

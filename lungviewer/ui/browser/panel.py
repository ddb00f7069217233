"""The browser: the open folder's images, what is known about each, and ways through them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from lungviewer.core.types import Status
from lungviewer.services.thumbnails import Thumbnails
from lungviewer.ui.browser.arranging import Filter, Order
from lungviewer.ui.browser.cell import CellSize
from lungviewer.ui.browser.empty import EmptyPage
from lungviewer.ui.browser.feeding import Feeder
from lungviewer.ui.browser.file_menu import FileMenu
from lungviewer.ui.browser.folder_bar import FolderBar
from lungviewer.ui.browser.footer import BrowserFooter
from lungviewer.ui.browser.loading import ThumbnailLoader
from lungviewer.ui.browser.model import BrowserModel
from lungviewer.ui.browser.tools import BrowserTools
from lungviewer.ui.browser.view import BrowserView
from lungviewer.ui.notice import Notice
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import Settings
from lungviewer.ui.telling import Hidden

_TELL_AFTER_MS = 100
"""Answers of a scan come by the hundred; so much are they gathered before the list is told."""
_ARRANGE_AFTER_MS = 700
"""Rows that move more often than this cannot be read."""


class BrowserPanel(QWidget):
    """Selection and `session.current` are one and the same. Call `shutdown` before it goes."""

    scan_asked = Signal()

    def __init__(
        self, session: ViewerSession, parent: QWidget | None = None, thumbnails: Thumbnails | None = None
    ) -> None:
        """`thumbnails`: where pictures come from; tests give one of their own."""
        super().__init__(parent)
        self._session = session
        settings = session.settings.current
        self._thumbnails = thumbnails or Thumbnails(settings.thumbnail_cache_mb)
        self._seen_settings = settings
        self.loader = ThumbnailLoader(self._thumbnails, self)
        self.model = BrowserModel(session, self.loader, self)
        self.feeder = Feeder(session, self)
        self.folder_bar = FolderBar(session, self)
        self.tools = BrowserTools(session, self)
        self.view = BrowserView(self.model, self.loader, self)
        self.empty = EmptyPage(self)
        self.footer = BrowserFooter(self)
        self._changed: set[Path] = set()
        self._last_row = 0
        self._closed = False
        self._tell_timer = QTimer(self, singleShot=True, interval=_TELL_AFTER_MS)
        self._arrange_timer = QTimer(self, singleShot=True, interval=_ARRANGE_AFTER_MS)
        self._put_together()
        self._connect()
        self.tools.show_size(CellSize(settings.thumbnail_size))
        self.view.set_cell_size(CellSize(settings.thumbnail_size))
        self._files_changed()

    def _put_together(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.view)
        self._pages.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.folder_bar)
        column.addWidget(self.tools)
        column.addWidget(self._pages, 1)
        column.addWidget(self.footer)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        session = self._session
        self._tell_timer.timeout.connect(self._tell)
        self._arrange_timer.timeout.connect(self._arrange_again)
        session.folder_changed.connect(self._folder_changed)
        session.opened.advanced.connect(self.empty.show_progress)
        session.files_changed.connect(self._files_changed)
        session.current_changed.connect(self._current_changed)
        session.file_changed.connect(self._file_changed)
        session.outcome_changed.connect(self.note)
        session.model_changed.connect(self.refresh)
        session.settings.changed.connect(self._settings_changed)
        self.model.arranged.connect(self._arranged)
        self.model.failed.connect(self.note)
        self.folder_bar.subfolders_found.connect(self._show_page)
        self.tools.filter_changed.connect(self._filter_changed)
        self.tools.order_changed.connect(self._order_changed)
        self.tools.size_changed.connect(self._size_changed)
        self.tools.list_asked.connect(self._to_list)
        self.view.chosen.connect(self._chosen)
        self.view.step_asked.connect(self._step)
        self.view.review_asked.connect(self.next_review)
        self.view.search_asked.connect(self.focus_search)
        self.view.customContextMenuRequested.connect(self._context_menu)
        self.empty.open_asked.connect(self.folder_bar.ask_for_folder)
        self.empty.clear_asked.connect(self.tools.clear_filter)
        self.empty.subfolders_asked.connect(self._open_subfolders)
        self.footer.classify_asked.connect(self._classify_shown)
        self.footer.scan_asked.connect(self.scan_asked)
        self.footer.stop_asked.connect(self._stop_feeding)

    def shutdown(self) -> bool:
        """Stop loading pictures, and wait for those that are being read; False when that does not end."""
        self._closed = True
        self._tell_timer.stop()
        self._arrange_timer.stop()
        self.feeder.stop()
        return self.loader.shutdown()

    # --- ways through the files ------------------------------------------------------------------

    @Slot()
    def next(self) -> None:
        """Look at the next file of the list."""
        self._step(1)

    @Slot()
    def previous(self) -> None:
        """Look at the file before."""
        self._step(-1)

    @Slot()
    def next_review(self) -> None:
        """Look at the next file that needs review and has none, going round at the end."""
        row = self.model.next_review(self.view.currentIndex().row())
        if row < 0:
            text = self.model.no_next_review(self._session.current)
            self._session.noticed.emit(Notice("info", text))
        else:
            self._go_to(row)

    @Slot()
    def focus_search(self) -> None:
        """Put the cursor into the search box."""
        self.tools.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.tools.search.selectAll()

    @Slot(int)
    def _step(self, by: int) -> None:
        count, row = self.model.rowCount(), self.view.currentIndex().row()
        if not count:
            return
        # What was looked at may be filtered away: go on from where it stood.
        target = row + by if row >= 0 else self._last_row
        self._go_to(min(max(target, 0), count - 1))

    def _go_to(self, row: int) -> None:
        self.view.setCurrentIndex(self.model.index(row))
        self.view.show_current()

    @Slot()
    def _to_list(self) -> None:
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(object)
    def _chosen(self, path: Path) -> None:
        self._last_row = self.model.row_of(path)
        self._session.select(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Find):
            self.focus_search()
        else:
            super().keyPressEvent(event)

    # --- what the session says -------------------------------------------------------------------

    @Slot()
    def _folder_changed(self) -> None:
        """A filter is for the folder it was made for: it would hide files of the next one."""
        self.tools.clear_filter()
        self._files_changed()

    @Slot()
    def _files_changed(self) -> None:
        self._changed.clear()
        self.feeder.stop()
        self.model.set_entries(self._session.opened.entries)
        self.view.show_current()
        self._ask_to_tell()

    @Slot()
    def _current_changed(self) -> None:
        self.view.follow(self._session.current)
        self._last_row = max(self.view.currentIndex().row(), 0)
        self._ask_to_tell()

    @Slot(object)
    def note(self, path: Path) -> None:
        """More is known about a file."""
        self._changed.add(path)
        self._ask_to_tell()

    def _ask_to_tell(self) -> None:
        if not self._tell_timer.isActive() and not self._closed:
            self._tell_timer.start()

    @Slot()
    def _tell(self) -> None:
        """Take over the answers that have gathered."""
        changed, self._changed = self._changed, set()
        for path in changed:
            record = self._session.record(path)
            if record is not None and record.status is not Status.ERROR and self.loader.failure(path):
                self.loader.forget(path)  # it can be read by now
        self.model.note(changed)
        self.feeder.step()
        if changed and self.model.order_follows_answers and not self._arrange_timer.isActive():
            self._arrange_timer.start()
        self._show_counts()

    @Slot()
    def _arrange_again(self) -> None:
        self.model.arrange()

    @Slot(object)
    def _settings_changed(self, settings: Settings) -> None:
        before, self._seen_settings = self._seen_settings, settings
        if settings.thumbnail_cache_mb != before.thumbnail_cache_mb:
            self._thumbnails.set_limit(settings.thumbnail_cache_mb)
        if (settings.blinded, settings.classify_up_to) != (before.blinded, before.classify_up_to):
            self.refresh()

    # --- what the person asks for ----------------------------------------------------------------

    @Slot(object)
    def _filter_changed(self, wanted: Filter) -> None:
        self.model.set_filter(wanted)
        self.view.show_current()
        self._show_counts()

    @Slot(object)
    def _order_changed(self, order: Order) -> None:
        self.model.set_order(order)
        self.view.show_current()

    @Slot(object)
    def _size_changed(self, size: CellSize) -> None:
        self.view.set_cell_size(size)
        self._session.settings.update(thumbnail_size=size.value)

    @Slot()
    def _open_subfolders(self) -> None:
        self._session.settings.update(recursive=True)
        if self._session.folder is not None:
            self._session.open_paths([self._session.folder])

    @Slot()
    def _classify_shown(self) -> None:
        self.feeder.start(self.model.unanswered())
        self._show_counts()

    @Slot()
    def _stop_feeding(self) -> None:
        self.feeder.stop()
        self._show_counts()

    @Slot(QPoint)
    def _context_menu(self, where: QPoint) -> None:
        index = self.view.indexAt(where)
        if index.isValid():
            menu = self.file_menu(self.model.rows[index.row()])
            menu.popup(self.view.viewport().mapToGlobal(where))

    def file_menu(self, path: Path) -> FileMenu:
        """What can be done with a file."""
        menu = FileMenu(self._session, path, self)
        menu.open_asked.connect(self._chosen)
        menu.again_asked.connect(self._classify_again)
        return menu

    @Slot(object)
    def _file_changed(self, path: Path) -> None:
        self.loader.forget(path)
        self.model.note([path])

    @Slot(object)
    def _classify_again(self, path: Path) -> None:
        self.loader.forget(path)
        self._session.ask_again(path)

    # --- what is said about the list -------------------------------------------------------------

    @Slot()
    def _arranged(self) -> None:
        self.view.follow(self._session.current, scroll=False)
        self._show_page()

    @Slot()
    def _show_page(self) -> None:
        self.tools.setEnabled(self.model.total > 0)
        if self.model.rowCount():
            self._pages.setCurrentWidget(self.view)
            return
        self.empty.explain(self._session, self.model.total, len(self.folder_bar.subfolders))
        self._pages.setCurrentWidget(self.empty)

    def _show_counts(self) -> None:
        self.tools.filter_menu.show_counts(self.model.answers, self.model.total)
        self.footer.count(self._session, self.model, self.feeder.waiting)

    # --- reviews ---------------------------------------------------------------------------------

    def mark_reviewed(self, review: Callable[[Path], str]) -> None:
        """`review`: what a person did about a file, in a word, or "". `note` and `refresh` ask again."""
        self.model.mark_reviewed(review)
        self._show_counts()

    def hide_answers(self, hidden: Hidden) -> None:
        """Say nothing of an image's call while `hidden` is true of it. `refresh` asks again."""
        self.model.hide_answers(hidden)
        self._show_counts()

    @Slot()
    def refresh(self) -> None:
        """Look again at what there is to say about each file."""
        self.model.tell_again()
        self._show_counts()
        self._ask_to_tell()

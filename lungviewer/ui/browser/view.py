"""The list of files: cells in columns that fill the width, keys, and what is in sight."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QWidget

from lungviewer.ui.browser.cell import CellDelegate, CellSize, plan_cell
from lungviewer.ui.browser.loading import ThumbnailLoader
from lungviewer.ui.browser.model import BrowserModel


class BrowserView(QListView):
    """Shows a `BrowserModel`. Says which file is looked at, and which keys were pressed."""

    chosen = Signal(object)  # Path: the person moved to this file
    step_asked = Signal(int)  # 1: the next file, −1: the one before
    review_asked = Signal()  # the next file that needs review
    search_asked = Signal()

    def __init__(self, model: BrowserModel, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = model
        self._loader = loader
        self._size = CellSize.MEDIUM
        self._following = False
        self._cells = CellDelegate(self)
        self.setItemDelegate(self._cells)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # Icon mode switches these on; drops belong to the window.
        self.setDragEnabled(False)
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(self.tr("Images of the folder"))
        self.setModel(model)
        self.selectionModel().currentChanged.connect(self._moved)
        self.activated.connect(self._activated)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._lay_out()

    def set_cell_size(self, size: CellSize) -> None:
        self._size = size
        self._lay_out()
        self.show_current()

    def follow(self, path: Path | None, *, scroll: bool = True) -> None:
        """Mark the file that is looked at; nothing when it is not shown."""
        row = self._files.row_of(path)
        if row >= 0 and row == self.currentIndex().row():
            return
        self._following = True
        try:
            if row < 0:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            elif scroll:
                self.setCurrentIndex(self._files.index(row))
            else:
                self._mark_where_it_is(row)
        finally:
            self._following = False

    def show_current(self) -> None:
        """Scroll to the marked file."""
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def _mark_where_it_is(self, row: int) -> None:
        """Mark a row without scrolling to it."""
        auto, place = self.hasAutoScroll(), self.verticalScrollBar().value()
        self.setAutoScroll(False)
        self.setCurrentIndex(self._files.index(row))
        self.setAutoScroll(auto)
        self.verticalScrollBar().setValue(place)

    @Slot(QModelIndex, QModelIndex)
    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and not self._following:
            self.chosen.emit(self._files.rows[current.row()])

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        self.chosen.emit(self._files.rows[index.row()])

    @Slot()
    def _scrolled(self) -> None:
        self._loader.keep(self._in_sight)

    def _in_sight(self, path: Path) -> bool:
        row = self._files.row_of(path)
        return row >= 0 and self.visualRect(self._files.index(row)).intersects(self.viewport().rect())

    # --- size ------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._lay_out()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._lay_out()
        return super().event(event)

    def _lay_out(self) -> None:
        # Room for the scroll bar is kept free, so that cells do not jump when it appears.
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self)
        width = self.width() - 2 * self.frameWidth() - bar - 2
        plan = plan_cell(self._size, max(width, 60), self.font())
        self._loader.set_side(plan.picture.width(), self.devicePixelRatioF())
        if plan == self._cells.plan:
            return
        self._cells.plan = plan
        self.setGridSize(plan.grid)
        self.verticalScrollBar().setSingleStep(max(1, plan.grid.height() // 3))

    # --- keys ------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plain letters here and not as shortcuts: the window may have actions with the same keys, and two
        of a kind would cancel each other."""
        if event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
            key = event.key()
            if key in (Qt.Key.Key_J, Qt.Key.Key_K):
                return self.step_asked.emit(1 if key == Qt.Key.Key_J else -1)
            if key == Qt.Key.Key_N:
                return self.review_asked.emit()
            if key == Qt.Key.Key_Slash:
                return self.search_asked.emit()
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are keys of the window; there is a box to search in."""

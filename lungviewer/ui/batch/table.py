"""Rows of a scan as a table that stays quick at a hundred thousand of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from lungviewer.core.types import ImageRecord
from lungviewer.ui.names import tooltip

AnyIndex = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, what a row shows in it, by what it is sorted, its width in letters (the
    last takes what is left), and the colour of a square before the text, where it has one."""

    title: str
    text: Callable[[ImageRecord], str]
    key: Callable[[ImageRecord], object]
    letters: int
    right: bool = False
    colour: Callable[[ImageRecord], object] | None = None


class RecordTable(QAbstractTableModel):
    """Records in the order of their arrival, or sorted by a column: new ones then go where they belong.

    Rows are sorted here and not by a proxy, which would ask Python twice for every comparison.
    """

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._records: list[ImageRecord] = []
        self._order: list[int] = []
        self._column: int | None = None
        self._keys: list[Any] = []
        self._backwards = False

    @property
    def sorted(self) -> bool:
        return self._column is not None

    def record(self, row: int) -> ImageRecord:
        return self._records[self._number(row)]

    def clear(self) -> None:
        self.beginResetModel()
        self._records, self._order, self._keys = [], [], []
        self.endResetModel()

    def append(self, records: Sequence[ImageRecord]) -> None:
        if not records:
            return
        first = len(self._records)
        if self._column is None:
            self.beginInsertRows(_ROOT, first, first + len(records) - 1)
            self._records += records
            self._order += range(first, len(self._records))
            self.endInsertRows()
            return
        self._records += records
        self._keys += map(self._columns[self._column].key, records)
        key = self._keys.__getitem__
        for number in range(first, len(self._records)):
            place = bisect_right(self._order, key(number), key=key)
            row = len(self._order) - place if self._backwards else place
            self.beginInsertRows(_ROOT, row, row)
            self._order.insert(place, number)
            self.endInsertRows()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; column −1: in the order of arrival."""
        self.layoutAboutToBeChanged.emit()
        before = [(index, self._number(index.row())) for index in self.persistentIndexList()]
        self._arrange(None if column < 0 else column, order == Qt.SortOrder.DescendingOrder)
        self._tell_moved(before)
        self.layoutChanged.emit()

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(self.record(index.row()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(column.text(self.record(index.row())))
        if role == Qt.ItemDataRole.DecorationRole and column.colour is not None:
            return column.colour(self.record(index.row()))
        if role == Qt.ItemDataRole.TextAlignmentRole and column.right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self._columns[section].right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _number(self, row: int) -> int:
        """Which of the records stands in a row."""
        return self._order[-1 - row if self._backwards else row]

    def _arrange(self, column: int | None, backwards: bool) -> None:
        """Keys are made once for a column, and compared without asking Python: a click may not take long."""
        only_turned = column == self._column and backwards is not self._backwards
        self._column, self._backwards = column, backwards and column is not None
        if only_turned:
            return
        self._keys = [] if column is None else list(map(self._columns[column].key, self._records))
        numbers = range(len(self._records))
        self._order = list(numbers) if column is None else sorted(numbers, key=self._keys.__getitem__)

    def _tell_moved(self, before: Sequence[tuple[QModelIndex, int]]) -> None:
        """Where what is selected has gone."""
        if not before:
            return
        wanted = {number for _, number in before}
        last = len(self._order) - 1
        rows = {
            number: last - place if self._backwards else place
            for place, number in enumerate(self._order)
            if number in wanted
        }
        self.changePersistentIndexList(
            [index for index, _ in before],
            [self.index(rows[number], index.column()) for index, number in before],
        )


class _MiddleElided(QStyledItemDelegate):
    """For names of files: their ends tell them apart."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


class RecordView(QTableView):
    """Shows a `RecordTable`: rows of one height, columns of fixed widths, the newest row in sight until the
    person scrolls away from it."""

    asked = Signal(object)  # ImageRecord: double-click or Enter
    _columns: tuple[Column, ...] = ()  # fonts change before __init__ has come to it

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = RecordTable(columns, self)
        self.setModel(self.table)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._names = _MiddleElided(self)
        self.setItemDelegateForColumn(0, self._names)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._columns = tuple(columns)
        self._lay_out()
        self.doubleClicked.connect(self._asked)

    def add(self, records: Sequence[ImageRecord]) -> None:
        bar = self.verticalScrollBar()
        follow = bar.value() == bar.maximum() and not self.table.sorted
        self.table.append(records)
        if follow:
            self.scrollToBottom()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._asked(self.currentIndex())
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _asked(self, index: QModelIndex) -> None:
        self.asked.emit(self.table.record(index.row()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._measure()

    def _lay_out(self) -> None:
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._measure()

    def _measure(self) -> None:
        """Rows and columns as the size of the text wants them."""
        self.verticalHeader().setDefaultSectionSize(round(self.fontMetrics().height() * 1.5))
        for number, column in enumerate(self._columns[:-1]):
            width = self.fontMetrics().averageCharWidth() * column.letters
            self.horizontalHeader().resizeSection(number, width)

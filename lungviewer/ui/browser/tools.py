"""Search, filter, order and picture size: the row of controls above the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from lungviewer.ui.browser.arranging import Filter, Order
from lungviewer.ui.browser.cell import CellSize
from lungviewer.ui.browser.filter_menu import FilterMenu
from lungviewer.ui.icons import icon
from lungviewer.ui.session import ViewerSession


class BrowserTools(QWidget):
    """Says what is wanted; the panel has the list show it."""

    filter_changed = Signal(object)  # Filter
    order_changed = Signal(object)  # Order
    size_changed = Signal(object)  # CellSize
    list_asked = Signal()  # the person is done with the search box

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filter = Filter()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search names"))
        self.search.setAccessibleName(self.tr("Search names"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._text_changed)
        self.search.installEventFilter(self)
        self.filter_menu = FilterMenu(session, self)
        self.filter_menu.changed.connect(self._boxes_changed)
        self._filter_button = self._button("filter", self.filter_menu)
        self.order_menu = self._choices(
            self.tr("Order"),
            (
                (Order.NAME, self.tr("Name")),
                (Order.CONFIDENCE, self.tr("Confidence, lowest first")),
                (Order.REVIEW, self.tr("Needs review first")),
            ),
            self._order_chosen,
        )
        self._sort_button = self._button("sort", self.order_menu)
        self.size_menu = self._choices(
            self.tr("Pictures"),
            (
                (CellSize.LIST, self.tr("Small, in a list")),
                (CellSize.MEDIUM, self.tr("Medium")),
                (CellSize.LARGE, self.tr("Large")),
            ),
            self._size_chosen,
        )
        self._size_button = self._button("thumbnails", self.size_menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.search, 1)
        for button in (self._filter_button, self._sort_button, self._size_button):
            row.addWidget(button)
        self.show_order(Order.NAME)
        self.show_size(CellSize.MEDIUM)
        self._show_filter()

    @property
    def filter(self) -> Filter:
        return self._filter

    @Slot()
    def clear_filter(self) -> None:
        """Show everything again."""
        self._set(Filter())
        self.search.clear()
        self.filter_menu.show_filter(self._filter)

    def show_order(self, order: Order) -> None:
        text = self._check(self.order_menu, order)
        self._name(self._sort_button, self.tr("Order: {order}").format(order=text))

    def show_size(self, size: CellSize) -> None:
        text = self._check(self.size_menu, size)
        self._name(self._size_button, self.tr("Pictures: {size}").format(size=text))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape empties the box, then leaves it; Return and Down go to the list."""
        if watched is self.search and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = event.key()
            if key == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
                self.list_asked.emit()
                return True
        return False

    def _button(self, name: str, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setAutoRaise(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _choices(self, title: str, choices: Sequence[tuple[object, str]], chosen: object) -> QMenu:
        """A menu in which exactly one entry is ticked."""
        menu = QMenu(title, self)
        group = QActionGroup(menu)
        for value, text in choices:
            action = group.addAction(text)
            action.setCheckable(True)
            action.setData(value)
            menu.addAction(action)
        group.triggered.connect(chosen)
        return menu

    def _check(self, menu: QMenu, value: object) -> str:
        action = next(a for a in menu.actions() if a.data() == value)
        action.setChecked(True)
        return action.text()

    def _name(self, button: QToolButton, text: str) -> None:
        button.setToolTip(text)
        button.setAccessibleName(text)

    @Slot(QAction)
    def _order_chosen(self, action: QAction) -> None:
        order = Order(action.data())
        self.show_order(order)
        self.order_changed.emit(order)

    @Slot(QAction)
    def _size_chosen(self, action: QAction) -> None:
        size = CellSize(action.data())
        self.show_size(size)
        self.size_changed.emit(size)

    @Slot(str)
    def _text_changed(self, text: str) -> None:
        self._set(replace(self._filter, text=text))

    @Slot(object)
    def _boxes_changed(self, wanted: Filter) -> None:
        self._set(replace(wanted, text=self._filter.text))

    def _set(self, wanted: Filter) -> None:
        if wanted != self._filter:
            self._filter = wanted
            self._show_filter()
            self.filter_changed.emit(wanted)

    def _show_filter(self) -> None:
        """An active filter shows as a number and a pressed button: a list that hides files must say so."""
        chosen, button = self._filter.chosen, self._filter_button
        button.setText(str(chosen) if chosen else "")
        style = (
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon if chosen else Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        button.setToolButtonStyle(style)
        button.setCheckable(chosen > 0)
        button.setChecked(chosen > 0)
        self._name(
            button,
            self.tr("Filter: {n} chosen").format(n=chosen) if chosen else self.tr("Filter: everything"),
        )

"""The list of packs: title, facts, classes and how each one stands."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics, QIcon, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from lungviewer.packs.store import PackEntry
from lungviewer.ui.icons import icon
from lungviewer.ui.models.standing import Standing, short_facts

_FACTS = Qt.ItemDataRole.UserRole
_STANDING = Qt.ItemDataRole.UserRole + 1
_ENTRY = Qt.ItemDataRole.UserRole + 2
_PADDING = 8  # pixels
_LINES = 4

Index = QModelIndex | QPersistentModelIndex


class PackList(QListWidget):
    """One row a pack. `chosen` carries the pack that is to be shown, or None."""

    chosen = Signal(object)  # PackEntry

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_PackDelegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Installed models"))
        self.setUniformItemSizes(True)
        self.currentItemChanged.connect(self._current_changed)

    def show_entries(
        self, entries: list[tuple[PackEntry, Standing]], wanted: str = "", in_use: str = ""
    ) -> None:
        """Show these packs; current is the one named `wanted`, else the one that was, else the one that is in
        use, else the first."""
        before = self.current_entry()
        name = wanted or (before.name if before is not None else in_use)
        self.blockSignals(True)
        self.clear()
        for entry, stands in entries:
            self._add(entry, stands)
        self.blockSignals(False)
        rows = [row for row, (entry, _) in enumerate(entries) if entry.name == name]
        self.setCurrentRow(rows[0] if rows else 0)
        if not entries:
            self.chosen.emit(None)

    def _add(self, entry: PackEntry, stands: Standing) -> None:
        title = entry.name if entry.spec is None else entry.spec.title
        classes = "" if entry.spec is None else ", ".join(c.label for c in entry.spec.classes)
        item = QListWidgetItem(title)
        item.setData(_FACTS, (short_facts(entry), classes))
        item.setData(_STANDING, stands)
        item.setData(_ENTRY, entry)
        words = [title, short_facts(entry), classes, stands.long]
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ". ".join(filter(None, words)))
        self.addItem(item)

    def current_entry(self) -> PackEntry | None:
        """The pack that is shown."""
        item = self.currentItem()
        return None if item is None else item.data(_ENTRY)

    @Slot(QListWidgetItem, QListWidgetItem)
    def _current_changed(self, _item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        self.chosen.emit(self.current_entry())


class _PackDelegate(QStyledItemDelegate):
    """Four lines: the title in bold, facts and classes fainter, and how it stands with its icon."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        height = QFontMetrics(QApplication.font()).height()
        return QSize(10 * height, _LINES * round(height * 1.2) + 2 * _PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = QStyleOptionViewItem(option)
        self.initStyleOption(view, index)
        title, view.text = view.text, ""
        style = view.widget.style() if view.widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, view, painter, view.widget)
        selected = bool(view.state & QStyle.StateFlag.State_Selected)
        ink = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        faint = ink if selected else QPalette.ColorRole.PlaceholderText
        step = round(view.fontMetrics.height() * 1.2)
        line = view.rect.adjusted(_PADDING, _PADDING, -_PADDING, 0)
        line.setHeight(step)
        bold = QFont(view.font)
        bold.setBold(True)
        facts, classes = index.data(_FACTS)
        _write(painter, view, line, title, bold, ink)
        for text in filter(None, (facts, classes)):
            line.translate(0, step)
            _write(painter, view, line, text, view.font, faint)
        line.translate(0, step)
        self._paint_standing(painter, view, line, index.data(_STANDING), ink)

    def _paint_standing(
        self,
        painter: QPainter,
        view: QStyleOptionViewItem,
        line: QRect,
        stands: Standing,
        ink: QPalette.ColorRole,
    ) -> None:
        side = view.fontMetrics.height()
        mode = QIcon.Mode.Selected if ink == QPalette.ColorRole.HighlightedText else QIcon.Mode.Normal
        icon(stands.icon).paint(painter, QRect(line.left(), line.top(), side, side), mode=mode)
        _write(painter, view, line.adjusted(side + _PADDING // 2, 0, 0, 0), stands.short, view.font, ink)


def _write(
    painter: QPainter,
    view: QStyleOptionViewItem,
    line: QRect,
    text: str,
    font: QFont,
    role: QPalette.ColorRole,
) -> None:
    painter.setFont(font)
    painter.setPen(view.palette.color(QPalette.ColorGroup.Active, role))
    short = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, line.width())
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, short)

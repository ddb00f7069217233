"""One file in the browser: picture, class colour, badge, name; and where each of them goes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lungviewer.ui.browser.roles import Role
from lungviewer.ui.icons import icon

_PAD = 6
_GAP = 4
_BAR = 4
_CORNER = 4
_NAME_SCALE = 0.9
_BADGE_LINES = 2


class CellSize(StrEnum):
    """How large the pictures are."""

    LIST = "list"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class CellPlan:
    """Rectangles of one cell, from its top left corner, in logical pixels. `beside`: the text stands to the
    right of the picture, not below it."""

    grid: QSize
    picture: QRect
    bar: QRect
    badge: QRect
    name: QRect
    beside: bool


def plan_cell(size: CellSize, width: int, font: QFont) -> CellPlan:
    """Cells that fill a view of this width in columns."""
    line, name_line = QFontMetrics(font).height(), QFontMetrics(name_font(font)).height()
    if size is CellSize.LIST:
        return _beside(width, line, name_line)
    letters = QFontMetrics(font).averageCharWidth()
    least = max(104, 19 * letters) if size is CellSize.MEDIUM else max(220, 24 * letters)
    cell = width // max(1, width // least)
    most = 7 * least // 6 if size is CellSize.MEDIUM else cell
    side = max(32, min(cell - 2 * _PAD, most))
    picture = QRect(_PAD, _PAD, side, side)
    bar = QRect(_PAD, picture.bottom() + 2, side, _BAR)
    text = cell - 2 * _PAD
    name = QRect(_PAD, bar.bottom() + 1 + _GAP, text, max(name_line, line))
    lines = 1 if size is CellSize.LARGE else _BADGE_LINES
    badge = QRect(_PAD, name.bottom() + 1, text, lines * line)
    return CellPlan(QSize(cell, badge.bottom() + 1 + _PAD), picture, bar, badge, name, beside=False)


def _beside(width: int, line: int, name_line: int) -> CellPlan:
    text = name_line + _BADGE_LINES * line
    side = max(48, text)
    picture = QRect(_PAD, _PAD, side, side)
    bar = QRect(picture.right() + 2, _PAD, _BAR, side)
    left = bar.right() + 1 + _PAD
    room = max(32, width - left - _PAD)
    name = QRect(left, _PAD + (side - text) // 2, room, name_line)
    badge = QRect(left, name.bottom() + 1, room, _BADGE_LINES * line)
    return CellPlan(QSize(width, side + 2 * _PAD), picture, bar, badge, name, beside=True)


def name_font(font: QFont) -> QFont:
    """The file name is a little smaller than the answer."""
    smaller = QFont(font)
    if font.pointSizeF() > 0:
        smaller.setPointSizeF(font.pointSizeF() * _NAME_SCALE)
    else:
        smaller.setPixelSize(round(font.pixelSize() * _NAME_SCALE))
    return smaller


class CellDelegate(QStyledItemDelegate):
    """Paints cells by the plan that the view made."""

    def __init__(self, parent: object = None) -> None:
        super().__init__(parent)
        self._icons: dict[str, QIcon] = {}
        self.plan: CellPlan | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, 0) if self.plan is None else self.plan.grid

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if self.plan is None:
            return
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipRect(option.rect)
        at, palette = option.rect.topLeft(), option.palette
        self._paint_frame(painter, option)
        self._paint_picture(painter, self.plan.picture.translated(at), index, palette)
        kind = index.data(Role.KIND)
        if kind:
            self._paint_kind(painter, self.plan.picture.translated(at), kind, palette)
        if index.data(Role.REVIEWED):
            self._paint_mark(painter, self.plan.picture.translated(at), palette)
        _paint_bar(painter, self.plan.bar.translated(at), index.data(Role.COLOUR), palette)
        self._paint_text(painter, self.plan, option, index)
        painter.restore()

    def _paint_frame(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        """Selection: a tint and a border, strong while the list has the keyboard. The text keeps its colour,
        so that nothing in the cell has to be legible on the highlight."""
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if not selected and not hovered:
            return
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        accent = option.palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Accent)
        tint = QColor(accent)
        tint.setAlpha(56 if selected else 24)
        width = (2.5 if focused else 1.5) if selected else 0
        half = width / 2 + 0.5
        painter.setPen(QPen(accent, width) if selected else Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(QRectF(option.rect).adjusted(half, half, -half, -half), _CORNER, _CORNER)

    def _paint_picture(self, painter: QPainter, box: QRect, index: QModelIndex, palette: QPalette) -> None:
        picture = index.data(Role.THUMBNAIL)
        if isinstance(picture, QPixmap):
            shown = (
                picture.deviceIndependentSize()
                .toSize()
                .scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            )
            if picture.deviceIndependentSize().width() < shown.width():
                shown = picture.deviceIndependentSize().toSize()
            where = QRect(QPoint(0, 0), shown)
            where.moveCenter(box.center())
            painter.drawPixmap(where, picture)
            return
        ground = palette.color(QPalette.ColorRole.Midlight)
        ground.setAlpha(110)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(box), _CORNER, _CORNER)
        failure = index.data(Role.FAILURE)
        if failure:
            self._paint_failure(painter, box, failure, palette)

    def _paint_mark(self, painter: QPainter, box: QRect, palette: QPalette) -> None:
        """In the corner, on a ground of its own: pictures are light and dark. Tooltip and screen reader say
        what was done."""
        side = max(16, QFontMetrics(painter.font()).height())
        ground = QRect(box.right() - side - 3, box.top() + 1, side + 3, side + 3)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(ground), _CORNER, _CORNER)
        self._icon("reviewed").paint(painter, ground.adjusted(2, 2, -2, -2))

    def _paint_kind(self, painter: QPainter, box: QRect, word: str, palette: QPalette) -> None:
        """A word in the lower corner, answered or not; small pictures have no room for it. Tooltip and screen
        reader say it too."""
        metrics = QFontMetrics(name_font(painter.font()))
        size = QSize(metrics.horizontalAdvance(word) + 2 * _GAP, metrics.height() + 2)
        if 2 * size.width() > box.width():
            return
        ground = QRect(QPoint(box.left() + 1, box.bottom() - size.height()), size)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(ground), _CORNER, _CORNER)
        painter.save()
        painter.setFont(name_font(painter.font()))
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, word)
        painter.restore()

    def _paint_failure(self, painter: QPainter, box: QRect, word: str, palette: QPalette) -> None:
        side = max(16, min(box.width() // 3, 40))
        metrics = painter.fontMetrics()
        roomy = box.width() >= 12 * metrics.averageCharWidth()
        lines = _wrapped(word, box.width() - 2 * _GAP, 2, painter.font().toString()) if roomy else ()
        top = box.top() + (box.height() - side - len(lines) * metrics.height()) // 2
        where = QRect(box.center().x() - side // 2, top, side, side)
        self._icon("error").paint(painter, where)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        below = QRect(box.left(), where.bottom() + 1, box.width(), box.bottom() - where.bottom())
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "\n".join(lines))

    def _paint_text(
        self, painter: QPainter, plan: CellPlan, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Name, status and badge. The sign of the status stands before the badge where there is room, else
        before the name, which can be shortened more easily."""
        at, status = option.rect.topLeft(), index.data(Role.STATUS)
        name, badge = plan.name.translated(at), plan.badge.translated(at)
        if status is not None:
            line = QFontMetrics(option.font).height()
            side = round(line * 0.9)
            signed = badge if plan.beside else name
            where = QRect(signed.left(), signed.top() + (line - side) // 2, side, side)
            self._icon(str(status)).paint(painter, where)
            signed.setLeft(signed.left() + side + _GAP)
        # What tells files apart may stand at their end; what tells series apart stands before.
        mode = Qt.TextElideMode.ElideRight if index.data(Role.KIND) else Qt.TextElideMode.ElideMiddle
        _paint_name(painter, name, option, index.data(Qt.ItemDataRole.DisplayRole), mode)
        _paint_badge(painter, badge, option, index.data(Role.BADGE), quiet=status is None)

    def _icon(self, name: str) -> QIcon:
        if name not in self._icons:
            self._icons[name] = icon(name)
        return self._icons[name]


def _paint_bar(painter: QPainter, box: QRect, colour: str, palette: QPalette) -> None:
    """The class's colour; the badge beside it says the same in words."""
    if not colour:
        return
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 0.5))
    painter.setBrush(QColor(colour))
    painter.drawRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5))


def _paint_name(
    painter: QPainter, box: QRect, option: QStyleOptionViewItem, name: str, mode: Qt.TextElideMode
) -> None:
    font = name_font(option.font)
    painter.setFont(font)
    painter.setPen(option.palette.color(QPalette.ColorRole.PlaceholderText))
    short = QFontMetrics(font).elidedText(name, mode, box.width())
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
    painter.drawText(box, flags, short)


def _paint_badge(painter: QPainter, box: QRect, option: QStyleOptionViewItem, text: str, quiet: bool) -> None:
    role = QPalette.ColorRole.PlaceholderText if quiet else QPalette.ColorRole.Text
    painter.setFont(option.font)
    painter.setPen(option.palette.color(role))
    line = QFontMetrics(option.font).height()
    for i, part in enumerate(_wrapped(text, box.width(), box.height() // line, option.font.toString())):
        where = QRect(box.left(), box.top() + i * line, box.width(), line)
        painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, part)


@lru_cache(maxsize=1024)
def _wrapped(text: str, width: int, most: int, font: str) -> tuple[str, ...]:
    """The text in at most so many lines, broken between words; the last line is shortened."""
    face = QFont()
    face.fromString(font)
    metrics = QFontMetrics(face)
    lines: list[str] = []
    rest = text.split(" ")
    while rest and len(lines) < most - 1:
        taken = 1
        while taken < len(rest) and metrics.horizontalAdvance(" ".join(rest[: taken + 1])) <= width:
            taken += 1
        lines.append(" ".join(rest[:taken]))
        rest = rest[taken:]
    if rest:
        lines.append(" ".join(rest))
    return tuple(metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines)

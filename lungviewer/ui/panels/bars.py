"""Shares as bars, each with its name and its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lungviewer.ui.names import tooltip
from lungviewer.ui.words import percent

_BAR_PX = 7
_GAP_PX = 9
_INNER_PX = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One share, 0–1. `value` None: not known; `colour` empty: the accent; `low`, `high`: a range to mark."""

    label: str
    value: float | None
    colour: str = ""
    swatch: bool = False
    low: float | None = None
    high: float | None = None

    @property
    def number(self) -> str:
        return "–" if self.value is None else percent(self.value)


class Bars(QWidget):
    """A row a share: name on the left, number on the right, the bar below. `faded`: greyed, for what is no
    answer."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[Bar, ...] = ()
        self._faded = False
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def show_bars(self, bars: Sequence[Bar], *, faded: bool = False) -> None:
        self._bars, self._faded = tuple(bars), faded
        self.setAccessibleDescription(", ".join(f"{bar.label} {bar.number}" for bar in bars))
        self.setVisible(bool(bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, max(0, len(self._bars) * self._row_px() - _GAP_PX + 2))

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = event.pos().y() // max(1, self._row_px())
            if 0 <= row < len(self._bars):
                bar = self._bars[row]
                QToolTip.showText(event.globalPos(), tooltip(f"{bar.label} {bar.number}"), self)
                return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, bar in enumerate(self._bars):
            self._paint_row(painter, bar, row * self._row_px())

    def _row_px(self) -> int:
        return self.fontMetrics().height() + _INNER_PX + _BAR_PX + _GAP_PX

    def _paint_row(self, painter: QPainter, bar: Bar, top: int) -> None:
        metrics, width = self.fontMetrics(), self.width()
        group = QPalette.ColorGroup.Disabled if self._faded else QPalette.ColorGroup.Active
        ink = self.palette().color(group, QPalette.ColorRole.WindowText)
        fill = self.fill(bar)
        left = 0
        if bar.swatch:
            side = round(metrics.ascent() * 0.8)
            painter.setPen(QPen(ink, 1))
            painter.setBrush(fill)
            painter.drawRect(QRectF(0.5, top + (metrics.height() - side) / 2 + 0.5, side, side))
            left = side + 7
        number_width = metrics.horizontalAdvance(bar.number) + 2
        room = width - left - number_width - 8
        painter.setPen(ink)
        line = QRectF(left, top, room, metrics.height())
        label = metrics.elidedText(bar.label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, label)
        painter.drawText(
            QRectF(width - number_width, top, number_width, metrics.height()),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            bar.number,
        )
        self._paint_bar(painter, bar, fill, top + metrics.height() + _INNER_PX, ink)

    def _paint_bar(self, painter: QPainter, bar: Bar, fill: QColor, top: int, ink: QColor) -> None:
        width = self.width()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(0, top, width, _BAR_PX), 2, 2)
        if bar.value:
            painter.setBrush(fill)
            painter.drawRoundedRect(QRectF(0, top, max(2.0, width * bar.value), _BAR_PX), 2, 2)
        if bar.low is None or bar.high is None:
            return
        painter.setPen(QPen(ink, 1.5))
        middle, half = top + _BAR_PX / 2, _BAR_PX / 2 + 2
        low, high = (min(max(v * width, 1.0), width - 1.0) for v in (bar.low, bar.high))
        painter.drawLine(QLineF(low, middle, high, middle))
        for x in (low, high):
            painter.drawLine(QLineF(x, middle - half, x, middle + half))

    def fill(self, bar: Bar) -> QColor:
        if self._faded:
            return self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
        return QColor(bar.colour) if bar.colour else self.palette().color(QPalette.ColorRole.Accent)

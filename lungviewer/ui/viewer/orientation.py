"""Which side of the patient is at which edge of the picture: R, L, A, P, H, F."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from lungviewer.core.ct import CtSeries
from lungviewer.core.ct_letters import edge_letters
from lungviewer.ui.viewer.slide_view import SlideView

_DARK, _LIGHT = QColor(20, 20, 20), QColor(255, 255, 255)
_EDGE_PX, _GAP_PX = 3, 6
_EDGES = ((0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5))
"""Top, right, bottom, left, as shares of the room to the right and down."""


class EdgeLetters:
    """Painted over the view, each letter in the middle of its edge; turned with the picture."""

    def __init__(self, view: SlideView) -> None:
        self._view = view
        self._letters: tuple[str, ...] = ()
        view.foreground.append(self._paint)

    def show(self, series: CtSeries | None) -> None:
        """The letters of this series; none where its files do not say how its slices lie."""
        known = series is not None and series.row is not None and series.column is not None
        self._letters = edge_letters(series.row, series.column) if known else ()

    @property
    def seen(self) -> tuple[str, ...]:
        """At the top, the right, the bottom and the left edge; empty when nothing is known."""
        quarter = round(self._view.angle / 90) % 4
        return self._letters[-quarter:] + self._letters[:-quarter] if quarter else self._letters

    def places(self) -> tuple[QRect, ...]:
        """Where the letters stand in the view."""
        return tuple(rect.toAlignedRect() for rect in self._rects()) if self._letters else ()

    def _rects(self) -> list[QRectF]:
        metrics = QFontMetricsF(self._font)
        room = QRectF(self._view.viewport().rect()).adjusted(_GAP_PX, _GAP_PX, -_GAP_PX, -_GAP_PX)
        rects = [QRectF(0, 0, metrics.horizontalAdvance(each), metrics.height()) for each in self.seen]
        for rect, middle in zip(rects, _EDGES, strict=True):
            across, down = (
                (room.width() - rect.width()) * middle[0],
                (room.height() - rect.height()) * middle[1],
            )
            rect.moveTopLeft(room.topLeft() + QPointF(across, down))
        return rects

    @property
    def _font(self) -> QFont:
        font = QFont(self._view.font())
        font.setBold(True)
        return font

    def _paint(self, painter: QPainter) -> None:
        if not self._letters:
            return
        font = self._font
        ascent = QFontMetricsF(font).ascent()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for letters, rect in zip(self.seen, self._rects(), strict=True):
            path = QPainterPath()
            path.addText(rect.topLeft() + QPointF(0, ascent), font, letters)
            painter.setPen(QPen(_DARK, _EDGE_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
            painter.fillPath(path, _LIGHT)
        painter.restore()

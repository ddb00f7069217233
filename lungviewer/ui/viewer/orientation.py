"""Which side of the patient is at which edge of the picture: R, L, A, P, H, F."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from lungviewer.core.ct import CtSeries
from lungviewer.core.ct_letters import edge_letters
from lungviewer.ui.viewer.slide_view import SlideView

_DARK, _LIGHT = QColor(20, 20, 20), QColor(255, 255, 255)
_EDGE_PX, _GAP_PX = 3, 6
_EDGES = ((0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5))
"""Top, right, bottom, left, as shares of the room to the right and down."""
_STEP_PX = 8


class EdgeLetters:
    """Painted over the view, each letter in the middle of its edge, or as near to that as the plates leave
    room; turned with the picture."""

    def __init__(self, view: SlideView, taken: Callable[[], tuple[QRect, ...]] = tuple) -> None:
        """`taken`: where plates cover the view."""
        self._view, self._taken = view, taken
        self._letters: tuple[str, ...] = ()
        self._painted: tuple[QRect, ...] = ()
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

    def give_way(self) -> None:
        """Plates may stand elsewhere than before."""
        if self.places() != self._painted:
            self._view.viewport().update()

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
        taken = [QRectF(each).adjusted(-_GAP_PX, -_GAP_PX, _GAP_PX, _GAP_PX) for each in self._taken()]
        found: list[QRectF] = []
        for rect, middle in zip(rects, _EDGES, strict=True):
            found.append(_nearest_free(rect, middle[0] == 0.5, room, [*taken, *found]))
        return found

    @property
    def _font(self) -> QFont:
        font = QFont(self._view.font())
        font.setBold(True)
        return font

    def _paint(self, painter: QPainter) -> None:
        self._painted = self.places()
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


def _nearest_free(rect: QRectF, level: bool, room: QRectF, taken: list[QRectF]) -> QRectF:
    """The place of a letter: along its edge (`level`: at the top or bottom) to the nearest place that is not
    covered, else further into the picture; where everything is covered, its usual one."""
    inwards = room.center() - rect.center()
    deepest = round(abs(inwards.y() if level else inwards.x()))
    for depth in range(0, deepest, _STEP_PX):
        share = depth / max(1, deepest)
        into = QPointF(0, share * inwards.y()) if level else QPointF(share * inwards.x(), 0)
        for along in _outwards(round((room.width() if level else room.height()) / 2)):
            place = rect.translated(into + (QPointF(along, 0) if level else QPointF(0, along)))
            if room.contains(place) and not any(place.intersects(each) for each in taken):
                return place
    return rect


def _outwards(furthest: int) -> Iterator[int]:
    """0, 8, −8, 16, −16 …"""
    yield 0
    for away in range(_STEP_PX, furthest, _STEP_PX):
        yield from (away, -away)

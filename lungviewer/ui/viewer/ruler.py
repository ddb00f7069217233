"""A line on the slide, and how long it is."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from lungviewer.ui.viewer.scales import length_words

_DARK, _LIGHT = QColor(20, 20, 20), QColor(255, 255, 255)
_LINE_PX, _EDGE_PX, _TICK_PX, _PAD_PX = 2, 4, 7, 4


class Ruler:
    """Ends are kept in level-0 pixels; the line is drawn in pixels of the screen, light beside dark.
    `um_per_px` is the width of a pixel, `aspect` how much higher than wide it is; `in_mm`: also what is
    shorter than one. `page`: the slice of a series that is seen; a line belongs to the one on which it was
    begun, and is not seen on others."""

    def __init__(self) -> None:
        self.on = False
        self.drawing = False
        self.following = False
        self.um_per_px: float | None = None
        self.aspect = 1.0
        self.in_mm = False
        self.page = self._drawn_on = 0
        self.ends: tuple[QPointF, QPointF] | None = None

    def measure(self, um_per_px: float | None, aspect: float = 1.0, *, in_mm: bool = False) -> None:
        """By this scale from now on."""
        self.um_per_px, self.aspect, self.in_mm = um_per_px, aspect, in_mm

    def begin(self, l0: QPointF) -> None:
        self.drawing, self.following = True, False
        self._drawn_on = self.page
        self.ends = (QPointF(l0), QPointF(l0))

    def extend(self, l0: QPointF) -> None:
        """Move the second end."""
        if self.ends is not None and self.is_seen:
            self.ends = (self.ends[0], QPointF(l0))

    def end(self) -> None:
        self.drawing = False

    def mark(self, l0_centre: QPointF) -> None:
        """By keyboard: begin at the middle of the view, follow it, and at the next mark stay there."""
        self.following = not self.following
        if self.following:
            self._drawn_on = self.page
            self.ends = (QPointF(l0_centre), QPointF(l0_centre))

    @property
    def is_seen(self) -> bool:
        """Whether there is a line on what is seen."""
        return self.ends is not None and self._drawn_on == self.page

    def clear(self) -> None:
        self.drawing = self.following = False
        self.ends = None

    @property
    def l0_length(self) -> float | None:
        """In widths of level-0 pixels, None when there is no line."""
        if self.ends is None:
            return None
        across = self.ends[1] - self.ends[0]
        return math.hypot(across.x(), across.y() * self.aspect)

    @property
    def words(self) -> str:
        """The length in µm, mm or px."""
        length = self.l0_length
        return "" if length is None else length_words(length, self.um_per_px, self.in_mm)

    def paint(self, painter: QPainter, to_screen: QTransform) -> None:
        """`painter` works in screen pixels."""
        if self.ends is None or not self.is_seen:
            return
        painter.save()
        line = QLineF(to_screen.map(self.ends[0]), to_screen.map(self.ends[1]))
        lines = [line, *(_tick(line, end) for end in (line.p1(), line.p2()))]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for colour, width in ((_DARK, _EDGE_PX), (_LIGHT, _LINE_PX)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLines(lines)
        self._paint_words(painter, line)
        painter.restore()

    def _paint_words(self, painter: QPainter, line: QLineF) -> None:
        metrics = painter.fontMetrics()
        size = metrics.size(0, self.words)
        box = QRectF(0, 0, size.width() + 2 * _PAD_PX, size.height() + 2 * _PAD_PX)
        box.moveCenter(line.center() + QPointF(0, box.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_DARK)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(_LIGHT)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.words)


def _tick(line: QLineF, end: QPointF) -> QLineF:
    normal = line.normalVector().unitVector() if line.length() else QLineF(0, 0, 0, 1)
    across = QPointF(normal.dx(), normal.dy()) * _TICK_PX
    return QLineF(end - across, end + across)

"""One line chart: where its axes, ticks and points lie, and how it is painted. No state of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPalette, QPen

_TICKS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its word, its y value per x (NaN: none), and whether it is dashed."""

    name: str
    values: Sequence[float]
    dashed: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight axis: `low`–`high` in values, and the values that get a tick."""

    low: float
    high: float
    ticks: tuple[float, ...]


def value_scale(values: Sequence[float], ceiling: float | None = None) -> Scale:
    """An axis with round ends that holds all finite values; `ceiling` bounds it, as 1 does for a share."""
    finite = [v for v in values if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    step = _round_step((high - low) / _TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    end = last * step
    if ceiling is not None and high <= ceiling < end:
        end, last = ceiling, math.floor(ceiling / step + 1e-9)
    ticks = tuple(round(n * step, 10) for n in range(first, last + 1))
    return Scale(ticks[0], max(ticks[-1], end), ticks)


def count_scale(first: int, last: int, most: int = 8) -> Scale:
    """An axis of whole numbers, at most `most` of them with a tick."""
    step = max(1, math.ceil(_round_step((last - first) / most))) if last > first else 1
    start = math.ceil(first / step) * step
    return Scale(first, max(last, first + 1), tuple(float(n) for n in range(start, last + 1, step)))


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, at least `rough`."""
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(power * n for n in (1, 2, 5, 10) if power * n >= rough - 1e-12)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in place: `plot` is the rectangle between the axes, in the widget's pixels. Curves begin anew
    at the indices `starts`."""

    title: str
    plot: QRectF
    x: Scale
    y: Scale
    xs: Sequence[int]
    lines: Sequence[Line]
    starts: frozenset[int] = frozenset()

    def point(self, x: float, value: float) -> QPointF:
        """Where a value lies, in pixels."""
        across = (x - self.x.low) / (self.x.high - self.x.low)
        up = (value - self.y.low) / (self.y.high - self.y.low)
        return QPointF(
            self.plot.left() + across * self.plot.width(), self.plot.bottom() - up * self.plot.height()
        )

    def path(self, line: Line) -> QPainterPath:
        """The curve; where a value is missing it breaks off."""
        path, broken = QPainterPath(), True
        for index, (x, value) in enumerate(zip(self.xs, line.values, strict=True)):
            broken = broken or index in self.starts
            if not math.isfinite(value):
                broken = True
                continue
            point = self.point(x, value)
            if broken:
                path.moveTo(point)
            else:
                path.lineTo(point)
            broken = False
        return path

    def nearest(self, pixel_x: float) -> int:
        """The index into `xs` that lies nearest to a place on the x axis."""
        share = (pixel_x - self.plot.left()) / max(1.0, self.plot.width())
        wanted = self.x.low + share * (self.x.high - self.x.low)
        return min(range(len(self.xs)), key=lambda i: abs(self.xs[i] - wanted))


def place(
    title: str,
    area: QRectF,
    metrics: QFontMetricsF,
    xs: Sequence[int],
    lines: Sequence[Line],
    ceiling: float | None,
    starts: frozenset[int],
) -> Chart:
    """Fit a chart into an area, with room for its words."""
    y = value_scale([v for line in lines for v in line.values], ceiling)
    x = count_scale(xs[0], xs[-1]) if xs else count_scale(0, 1)
    left = max(metrics.horizontalAdvance(tick_text(t)) for t in y.ticks) + metrics.height() * 0.9
    plot = area.adjusted(left, metrics.height() * 1.6, -metrics.height() * 0.6, -metrics.height() * 2.6)
    return Chart(title, plot, x, y, xs, lines, starts)


def tick_text(value: float) -> str:
    return f"{value:.6g}"


def paint(painter: QPainter, chart: Chart, palette: QPalette, x_title: str) -> None:
    """Axes, ticks, words and curves."""
    text = palette.color(QPalette.ColorRole.Text)
    faint = QColor(text)
    faint.setAlphaF(0.18)
    metrics = QFontMetricsF(painter.font())
    plot = chart.plot
    painter.setPen(text)
    painter.drawText(QPointF(plot.left(), plot.top() - metrics.height() * 0.6), chart.title)
    for tick in chart.y.ticks:
        at = chart.point(chart.x.low, tick)
        painter.setPen(QPen(faint, 1))
        painter.drawLine(at, QPointF(plot.right(), at.y()))
        painter.setPen(text)
        width = metrics.horizontalAdvance(tick_text(tick))
        painter.drawText(QPointF(plot.left() - width - 6, at.y() + metrics.capHeight() / 2), tick_text(tick))
    painter.setPen(QPen(text, 1))
    painter.drawLine(plot.bottomLeft(), plot.bottomRight())
    for tick in chart.x.ticks:
        at = QPointF(chart.point(tick, chart.y.low).x(), plot.bottom())
        painter.drawLine(at, at + QPointF(0, 4))
        width = metrics.horizontalAdvance(tick_text(tick))
        painter.drawText(at + QPointF(-width / 2, metrics.height() + 2), tick_text(tick))
    width = metrics.horizontalAdvance(x_title)
    painter.drawText(QPointF(plot.center().x() - width / 2, plot.bottom() + metrics.height() * 2.2), x_title)
    for line in chart.lines:
        painter.setPen(line_pen(palette, line.dashed))
        painter.drawPath(chart.path(line))
        _paint_lone_points(painter, chart, line)


def _paint_lone_points(painter: QPainter, chart: Chart, line: Line) -> None:
    """A value without neighbours is no line, and must be seen all the same."""
    known = [math.isfinite(v) for v in line.values]
    for i, x in enumerate(chart.xs):
        before = i > 0 and known[i - 1] and i not in chart.starts
        after = i + 1 < len(known) and known[i + 1] and i + 1 not in chart.starts
        if known[i] and not before and not after:
            painter.drawEllipse(chart.point(x, line.values[i]), 2.5, 2.5)


def line_pen(palette: QPalette, dashed: bool) -> QPen:
    """Validation is solid in the accent colour, training dashed in that of text."""
    role = QPalette.ColorRole.Text if dashed else QPalette.ColorRole.Accent
    pen = QPen(palette.color(role), 1.5 if dashed else 2.25)
    pen.setStyle(Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen

"""How a training goes: loss and accuracy per epoch, live."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lungviewer.services.training_events import EpochEnd
from lungviewer.ui.retrain.chart import Chart, Line, line_pen, paint, place

_MOST_EPOCHS = 5_000


class CurvesWidget(QWidget):
    """Two charts side by side. The mouse or the arrow keys show the figures of one epoch.

    A run that trains several networks counts its epochs anew for each; they are drawn one after the other.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs: list[EpochEnd] = []
        self._xs: list[int] = []
        self._starts: set[int] = set()  # where the next network's epochs begin
        self._cursor: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Training curves"))
        self._describe()

    @property
    def epochs(self) -> tuple[EpochEnd, ...]:
        return tuple(self._epochs)

    def clear(self) -> None:
        """Forget all epochs."""
        self._epochs.clear()
        self._xs.clear()
        self._starts.clear()
        self._cursor = None
        self._changed()

    def add(self, epoch: EpochEnd) -> None:
        """Draw one epoch more."""
        if len(self._epochs) >= _MOST_EPOCHS:
            return
        restarted = bool(self._epochs) and epoch.epoch <= self._epochs[-1].epoch
        before = self._xs[-1] - (0 if restarted else self._epochs[-1].epoch) if self._epochs else 0
        if restarted:
            self._starts.add(len(self._epochs))
        self._epochs.append(epoch)
        self._xs.append(before + epoch.epoch)
        self._changed()

    def charts(self) -> tuple[Chart, Chart]:
        """Loss and accuracy where they lie now."""
        metrics = QFontMetricsF(self.font())
        top = metrics.height() * 1.8
        half = (self.width() - 12) / 2
        areas = [QRectF(x, top, half, self.height() - top) for x in (0, half + 12)]
        words = self.tr("training"), self.tr("validation")
        losses = [(e.train_loss, e.validation_loss) for e in self._epochs]
        shares = [(e.train_accuracy, e.validation_accuracy) for e in self._epochs]
        titles = self.tr("Loss (lower is better)"), self.tr("Accuracy (share that is right)")
        found = []
        for area, pairs, title, ceiling in zip(areas, (losses, shares), titles, (None, 1.0), strict=True):
            lines = [Line(word, [p[i] for p in pairs], dashed=i == 0) for i, word in enumerate(words)]
            found.append(place(title, area, metrics, self._xs, lines, ceiling, frozenset(self._starts)))
        return found[0], found[1]

    # --- painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        charts = self.charts()
        for chart in charts:
            paint(painter, chart, palette, self.tr("epoch"))
        self._paint_legend(painter)
        if not self._epochs:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            text = self.tr("The curves appear with the first epoch.")
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            box = painter.boundingRect(charts[0].plot, flags, text)
            painter.fillRect(box.adjusted(-8, -2, 8, 2), palette.color(QPalette.ColorRole.Base))
            painter.drawText(box, flags, text)
        elif self._cursor is not None:
            self._paint_cursor(painter, charts)
        if self.hasFocus():
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_legend(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(painter.font())
        x, y = metrics.height() * 0.6, metrics.height() * 0.9
        for word, dashed in ((self.tr("training"), True), (self.tr("validation"), False)):
            painter.setPen(line_pen(self.palette(), dashed))
            painter.drawLine(QPointF(x, y), QPointF(x + metrics.height() * 2, y))
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            painter.drawText(QPointF(x + metrics.height() * 2.4, y + metrics.capHeight() / 2), word)
            x += metrics.height() * 3.4 + metrics.horizontalAdvance(word)
        if self._cursor is not None:
            text = self._sentence(self._cursor)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width() - x - metrics.height())
            width = metrics.horizontalAdvance(shown)
            at = QPointF(self.width() - width - metrics.height() * 0.6, y + metrics.capHeight() / 2)
            painter.drawText(at, shown)

    def _paint_cursor(self, painter: QPainter, charts: tuple[Chart, Chart]) -> None:
        index = self._cursor or 0
        pen = QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 1)
        for chart in charts:
            x = chart.point(self._xs[index], chart.y.low).x()
            painter.setPen(pen)
            painter.drawLine(QPointF(x, chart.plot.top()), QPointF(x, chart.plot.bottom()))
            for line in chart.lines:
                if math.isfinite(line.values[index]):
                    painter.setPen(line_pen(self.palette(), False))
                    painter.drawEllipse(chart.point(self._xs[index], line.values[index]), 3, 3)

    # --- words -----------------------------------------------------------------------------------

    def _sentence(self, index: int) -> str:
        """One epoch's figures in words."""
        e = self._epochs[index]
        return self.tr(
            "Epoch {epoch}: loss {tl} training, {vl} validation; accuracy {ta} training, {va} validation"
        ).format(
            epoch=e.epoch,
            tl=self._figure(e.train_loss),
            vl=self._figure(e.validation_loss),
            ta=self._figure(e.train_accuracy),
            va=self._figure(e.validation_accuracy),
        )

    def _figure(self, value: float) -> str:
        return f"{value:.3f}" if math.isfinite(value) else self.tr("no number")

    def _describe(self) -> None:
        last = self._cursor if self._cursor is not None else len(self._epochs) - 1
        text = self._sentence(last) if self._epochs else self.tr("No epoch has ended yet.")
        self.setAccessibleDescription(text)

    def _changed(self) -> None:
        self._describe()
        self.update()

    # --- mouse and keys --------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._epochs:
            left, right = self.charts()
            chart = left if event.position().x() < self.width() / 2 else right
            self._move_to(chart.nearest(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._move_to(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._epochs) - 1
        at = last if self._cursor is None else self._cursor
        moves = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if self._epochs and event.key() in moves:
            self._move_to(min(last, max(0, moves[event.key()])))
        else:
            super().keyPressEvent(event)

    def _move_to(self, index: int | None) -> None:
        if index != self._cursor:
            self._cursor = index
            self._changed()

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(line * 36, line * 15)

    def minimumSizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(line * 24, line * 10)

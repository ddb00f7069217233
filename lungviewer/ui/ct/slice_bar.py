"""Where in the series one is, and what its slices were called: a bar to go through them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from lungviewer.ui.ct.current_slice import CurrentSlice
from lungviewer.ui.ct.slice_keys import PAGE, go_by_key
from lungviewer.ui.ct.slice_marks import REFUSED, UNREADABLE, SliceMark
from lungviewer.ui.names import tooltip
from lungviewer.ui.viewer.hatch_item import hatch_brush

_LEAST_HANDLE_PX = 7.0
_INSET_PX = 3
_DARK, _LIGHT = QColor(20, 20, 20), QColor(255, 255, 255)


class SliceBar(QAbstractSlider):
    """Follows and moves the current slice. The first slice is at the left."""

    def __init__(self, slices: CurrentSlice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slices = slices
        self._marks: Mapping[int, SliceMark] = {}
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setPageStep(PAGE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Slice"))
        self.setMouseTracking(True)
        slices.changed.connect(self._follow)
        self.valueChanged.connect(self._chosen)
        self._follow(slices.index)

    def show_marks(self, marks: Mapping[int, SliceMark]) -> None:
        """What is known of the slices, by their indices."""
        if marks != self._marks:
            self._marks = marks
            self._describe()
            self.update()

    @property
    def marks(self) -> Mapping[int, SliceMark]:
        return self._marks

    def words_at(self, index: int) -> str:
        """ "Slice 12 of 32", and what it was called."""
        where = self.tr("Slice {number} of {count}").format(number=index + 1, count=self._slices.count)
        mark = self._marks.get(index)
        return where if mark is None else f"{where}. {mark.words}"

    def index_at(self, x: float) -> int:
        """The slice at a place of this widget."""
        room = self._room()
        share = (x - room.left()) / max(1.0, room.width())
        return min(max(int(share * self._slices.count), 0), max(0, self._slices.count - 1))

    def rect_of(self, index: int) -> QRectF:
        """Where a slice lies in this widget."""
        room = self._room()
        wide = room.width() / max(1, self._slices.count)
        return QRectF(room.left() + index * wide, room.top(), wide, room.height())

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + 2 * _INSET_PX)

    @Slot(int)
    def _follow(self, index: int) -> None:
        quiet = self.blockSignals(True)
        self.setRange(0, max(0, self._slices.count - 1))
        self.blockSignals(quiet)
        self.setValue(index)
        self._describe()
        self.update()

    @Slot(int)
    def _chosen(self, index: int) -> None:
        self._slices.select(index)

    def _describe(self) -> None:
        self.setAccessibleDescription(self.words_at(self._slices.index))

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_INSET_PX, _INSET_PX, -_INSET_PX, -_INSET_PX)

    # --- the person ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._slices.select(self.index_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._slices.select(self.index_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._slices.step(1 if event.key() == Qt.Key.Key_Right else -1)
        elif not go_by_key(event, self._slices):
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.index_at(event.pos().x())
            place = self.rect_of(index).toAlignedRect().adjusted(-1, -99, 1, 99)
            QToolTip.showText(event.globalPos(), tooltip(self.words_at(index)), self, place)
            return True
        return super().event(event)

    # --- painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, room = QPainter(self), self._room()
        palette = self.palette()
        painter.fillRect(room, palette.color(QPalette.ColorRole.Base))
        # Where several slices share a pixel the higher mark is seen.
        for index, mark in sorted(self._marks.items(), key=lambda pair: pair[1].height):
            self._paint_mark(painter, self.rect_of(index), mark)
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawRect(room.adjusted(-0.5, -0.5, 0.5, 0.5))
        self._paint_handle(painter)

    def _paint_mark(self, painter: QPainter, place: QRectF, mark: SliceMark) -> None:
        if mark.kind == REFUSED:
            painter.fillRect(place, hatch_brush())
        elif mark.kind == UNREADABLE:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.BrightText), 1.5))
            painter.drawLine(place.topLeft(), place.bottomRight())
            painter.drawLine(place.bottomLeft(), place.topRight())
        else:
            shown = place.adjusted(0, place.height() * (1 - mark.height), 0, 0)
            painter.fillRect(shown, QColor(mark.colour))

    def _paint_handle(self, painter: QPainter) -> None:
        place = self.rect_of(self._slices.index)
        more = max(0.0, _LEAST_HANDLE_PX - place.width()) / 2
        frame = place.adjusted(-more, 0, more, 0)
        for colour, width in ((_LIGHT, 4), (_DARK, 2)):
            pen = QPen(colour, width)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(frame)

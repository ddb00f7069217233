"""The Hounsfield unit that is pointed at, and where it lies."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QRect, Signal, Slot

from lungviewer.core.ct import CtSeries
from lungviewer.ui.viewer.pointer import Pointer
from lungviewer.ui.viewer.slice_layer import SliceLayer
from lungviewer.ui.viewer.slice_plate import mm_words, with_minus
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.tile_plate import TilePlate, TileWords

_AROUND_PX = 12


class HuInspector(QObject):
    """`show` says of which series; None: of none, and the plate is somebody else's. Millimetres are counted
    from the upper left corner of the slice."""

    changed = Signal()  # the plate says more or less than before
    moved = Signal()  # it says the same, but the cursor is elsewhere

    def __init__(self, view: SlideView, layer: SliceLayer, plate: TilePlate) -> None:
        super().__init__(view)
        self._view, self._layer, self._plate = view, layer, plate
        self._series: CtSeries | None = None
        self._pointer = Pointer(view)
        self._pointer.moved.connect(self.look)
        layer.shown.connect(self.look)

    def show(self, series: CtSeries | None) -> None:
        """Tell of this series from now on."""
        if self._series is not None and series is None and self._plate.say(None):
            self.changed.emit()
        self._series = series
        self.look()

    @Slot()
    def look(self) -> None:
        """Say what is pointed at now."""
        if self._series is None:
            return
        at, values = self._pointer.l0_at, self._layer.values
        words, moved = None, False
        if at is not None and values is not None:
            column, row = int(at.x() // 1), int(at.y() // 1)
            if 0 <= row < values.shape[0] and 0 <= column < values.shape[1]:
                words = self._words(int(values[row, column]), column, row)
                cursor = self._view.viewportTransform().map(at).toPoint()
                around = QRect(QPoint(), QPoint(2 * _AROUND_PX, 2 * _AROUND_PX))
                around.moveCenter(cursor)
                moved = self._plate.keep_clear(around, cursor)
        if self._plate.say(words):
            self.changed.emit()
        elif moved:
            self.moved.emit()

    def _words(self, hu: int, column: int, row: int) -> TileWords:
        head = self.tr("{number} HU").format(number=with_minus(hu))
        spacing = self._series.spacing_mm if self._series is not None else None
        if spacing is None:
            return TileWords(head, ((self.tr("Column, row"), f"{column}, {row}"),))
        across, down = mm_words((column + 0.5) * spacing[1]), mm_words((row + 0.5) * spacing[0])
        place = self.tr("x {across}, y {down}").format(across=across, down=down)
        return TileWords(head, ((self.tr("From the image's upper left"), place),))

"""A small grid of colours over the image: every cell at its true place, with sharp edges."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from lungviewer.ui.qimage import table_image

Steps = npt.NDArray[np.uint8]
"""H×W: for each cell the number of its colour in a table."""

Table = npt.NDArray[np.uint8]
"""256×4 RGBA, not premultiplied."""

_ENLARGED_PX = 1024


class CellItem(QGraphicsItem):
    """Cells stretched over a rectangle, coloured by a table, so that other colours cost no new cells.

    Qt steps through a scaled picture in 1/65536 of its pixels, which puts the cells of a small grid several
    screen pixels off. So only the cells that are seen are painted, after an enlargement that is exact.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # for exposedRect
        self._steps: Steps = np.empty((0, 0), np.uint8)
        self._table: Table = np.zeros((256, 4), np.uint8)
        self._rect = QRectF()
        self._cells = QRect()
        self._px_per_cell = 0.0
        self._drawn = QImage()

    def show_cells(self, steps: Steps, rect: QRectF) -> None:
        """Show other cells over `rect`. The caller may go on writing into `steps`, and calls this again."""
        if rect != self._rect:
            self.prepareGeometryChange()
        self._steps, self._rect, self._cells = steps, rect, QRect()
        self.update()

    def set_table(self, table: Table) -> None:
        """Colour the cells otherwise."""
        self._table, self._cells = table, QRect()
        self.update()

    def small_picture(self, most_px: int) -> tuple[QImage, QRectF]:
        """All cells in a picture of at most `most_px` each way, and what it covers in level-0 pixels."""
        if not self._steps.size:
            return QImage(), QRectF()
        every = max(1, max(self._steps.shape) // (2 * most_px))
        # Every so many cells, and the mean of two by two of them: enough for so small a picture.
        picture = table_image(self._steps[::every, ::every], self._table)
        size = picture.size().boundedTo(QSize(most_px, most_px))
        smooth = Qt.TransformationMode.SmoothTransformation
        return picture.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth), QRectF(self._rect)

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        seen = option.exposedRect.intersected(self._rect)
        if not self._steps.size or seen.isEmpty():
            return
        rows, columns = self._steps.shape
        wide, high = self._rect.width() / columns, self._rect.height() / rows
        seen.translate(-self._rect.topLeft())
        cells = QRectF(seen.x() / wide, seen.y() / high, seen.width() / wide, seen.height() / high)
        px_per_cell = option.levelOfDetailFromTransform(painter.worldTransform()) * min(wide, high)
        self._prepare(cells.toAlignedRect().intersected(QRect(0, 0, columns, rows)), px_per_cell)
        target = QRectF(
            self._rect.x() + self._cells.x() * wide,
            self._rect.y() + self._cells.y() * high,
            self._cells.width() * wide,
            self._cells.height() * high,
        )
        # Smooth enlargement would claim to know more than the network does.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(target, self._drawn)

    def _prepare(self, seen: QRect, px_per_cell: float) -> None:
        """Have a picture of at least the cells in `seen`. From far away several cells share a pixel of the
        screen: their mean is shown then, or single ones would come and go."""
        room = 2 + max(seen.width(), seen.height()) // 4  # a little more, so that panning needs no new one
        halvings = max(0, math.floor(-math.log2(px_per_cell) + 0.5)) if px_per_cell > 0 else 0
        # Not by how much is to be painted: that may be the place of one tile of the image.
        if self._cells.contains(seen) and px_per_cell == self._px_per_cell:
            return
        self._px_per_cell = px_per_cell
        rows, columns = self._steps.shape
        self._cells = cells = seen.adjusted(-room, -room, room, room).intersected(QRect(0, 0, columns, rows))
        times = 0.5**halvings
        # By a power of two: steps of 1/65536 then end exactly where a cell does.
        while not halvings and times * max(cells.width(), cells.height()) < _ENLARGED_PX:
            times *= 2
        self._drawn = self._picture(cells, (QSizeF(cells.size()) * times).toSize().expandedTo(QSize(1, 1)))

    def _picture(self, cells: QRect, size: QSize) -> QImage:
        steps = self._steps[cells.top() : cells.bottom() + 1, cells.left() : cells.right() + 1]
        picture = table_image(steps, self._table)
        smaller = size.width() < cells.width() or size.height() < cells.height()
        kind = (
            Qt.TransformationMode.SmoothTransformation
            if smaller
            else Qt.TransformationMode.FastTransformation
        )
        return picture.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, kind)

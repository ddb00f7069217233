"""The heat map over the image, at its true place: one small picture, never blurred, and hatching where
nothing is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from lungviewer.core.colourmap import colourise
from lungviewer.core.heatmap import Heatmap
from lungviewer.ui.qimage import rgba_image
from lungviewer.ui.viewer.hatch_item import HatchItem

_OVER_TILES = 10.0
_REFUSED_STRENGTH = 0.45
_ENLARGED_PX = 1024


def heat_image(heatmap: Heatmap, threshold: float, colour_map: str) -> QImage:
    """One pixel per cell, scores relative to the strongest; clear where they are below the threshold (0–1)
    and where nothing is known."""
    scores = heatmap.normalised()
    shown = np.where(scores < np.float32(threshold), np.float32(np.nan), scores)
    picture = rgba_image(colourise(shown, colour_map))
    return picture.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def unknown_rects(heatmap: Heatmap) -> list[QRectF]:
    """Where nothing was analysed, as few rectangles in level-0 pixels as rows allow."""
    unknown = np.isnan(heatmap.grid)
    rows, columns = unknown.shape
    wide, high = heatmap.rect.width / columns, heatmap.rect.height / rows
    boxes: list[tuple[int, int, int, int]] = []  # first row, row after the last, first column, column after
    open_boxes: dict[tuple[int, int], int] = {}  # columns → first row
    for row in range(rows + 1):
        runs = _runs(unknown[row]) if row < rows else []
        boxes += [(open_boxes[run], row, *run) for run in open_boxes if run not in runs]
        open_boxes = {run: open_boxes.get(run, row) for run in runs}
    return [
        QRectF(heatmap.rect.x + x0 * wide, heatmap.rect.y + y0 * high, (x1 - x0) * wide, (y1 - y0) * high)
        for y0, y1, x0, x1 in boxes
    ]


def _runs(row: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


class HeatLayer:
    """The overlay's items in a scene of level-0 pixels. Whoever uses it tells it what to show."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._heat = _HeatItem()
        self._holes = HatchItem()
        self._refusal = HatchItem()
        self._refusal.setOpacity(_REFUSED_STRENGTH)
        for item in (self._heat, self._holes, self._refusal):
            item.setZValue(_OVER_TILES)
            item.setVisible(False)
            scene.addItem(item)
        self.unknown_share = 0.0

    def show(self, heatmap: Heatmap, threshold: float, colour_map: str) -> None:
        """Show a map in place of the one before."""
        rect = heatmap.rect
        self._heat.set_picture(
            heat_image(heatmap, threshold, colour_map), QRectF(rect.x, rect.y, rect.width, rect.height)
        )
        self._holes.set_rects(unknown_rects(heatmap))
        self.unknown_share = float(np.isnan(heatmap.grid).mean())

    def mark_refused(self, rect: QRectF) -> None:
        """Hatch a whole image lightly, instead of its holes."""
        self._holes.set_rects([])
        self._refusal.set_rects([rect])

    def clear(self) -> None:
        """Show no map and no refusal."""
        self._heat.set_picture(QImage(), QRectF())
        self._holes.set_rects([])
        self._refusal.set_rects([])
        self.unknown_share = 0.0

    def set_opacity(self, share: float) -> None:
        """Of the colours; hatching stays as it is."""
        self._heat.setOpacity(share)

    def set_visible(self, on: bool) -> None:
        for item in (self._heat, self._holes, self._refusal):
            item.setVisible(on)


class _HeatItem(QGraphicsItem):
    """A picture stretched over a rectangle, every cell with sharp edges at its true place.

    Qt steps through a scaled picture in 1/65536 of its pixels, which puts the cells of a small grid several
    screen pixels off. So only the cells that are seen are painted, after an enlargement that is exact.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # for exposedRect
        self._picture = QImage()
        self._rect = QRectF()
        self._cells = QRect()
        self._enlarged = QImage()

    def set_picture(self, picture: QImage, rect: QRectF) -> None:
        self.prepareGeometryChange()
        self._picture, self._rect, self._cells = picture, rect, QRect()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        seen = option.exposedRect.intersected(self._rect)
        if self._picture.isNull() or seen.isEmpty():
            return
        wide, high = self._rect.width() / self._picture.width(), self._rect.height() / self._picture.height()
        seen.translate(-self._rect.topLeft())
        cells = QRectF(seen.x() / wide, seen.y() / high, seen.width() / wide, seen.height() / high)
        self._enlarge(cells.toAlignedRect().intersected(self._picture.rect()))
        target = QRectF(
            self._rect.x() + self._cells.x() * wide,
            self._rect.y() + self._cells.y() * high,
            self._cells.width() * wide,
            self._cells.height() * high,
        )
        # Smooth scaling would claim to know more than the network does.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(target, self._enlarged)

    def _enlarge(self, seen: QRect) -> None:
        room = 2 + max(seen.width(), seen.height()) // 4  # a little more, so that panning needs no new one
        if self._cells.contains(seen) and self._cells.width() <= seen.width() + 4 * room:
            return
        self._cells = cells = seen.adjusted(-room, -room, room, room).intersected(self._picture.rect())
        times = 1  # a power of two: steps of 1/65536 then end exactly where a cell does
        while times * max(cells.width(), cells.height()) < _ENLARGED_PX:
            times *= 2
        self._enlarged = self._picture.copy(cells).scaled(cells.size() * times)

"""The outline of the tissue over the slide, and of what another threshold would find."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from lungviewer.core.tissue_map import Outline, TissueMap

_OVER_HEAT = 20.0
_DARK, _LIGHT, _PREVIEW = QColor(20, 20, 20), QColor(255, 255, 255, 170), QColor(0, 60, 200)
_LINE_PX, _EDGE_PX = 1.2, 3.2
_SLACK_PX = 0.5
"""Of the screen: by so much the line may leave the outline, so that few points are drawn from far away."""

Rings = list[Outline]
Segments = npt.NDArray[np.float64]
"""N×4 level-0 pixels: x0, y0, x1, y1."""


def rings_of(tissue: TissueMap) -> Rings:
    """Every closed line of a tissue map, holes among them."""
    return [ring for outline, holes in tissue.outlines() for ring in (outline, *holes)]


class TissueLayer:
    """Shows the tissue of the answer while it is on, and a preview in its place whatever is on."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._line = _OutlineItem()
        self._line.setZValue(_OVER_HEAT)
        scene.addItem(self._line)
        self._on = False
        self._tissue: TissueMap | None = None
        self._preview: TissueMap | None = None
        self._drawn: TissueMap | None = None

    @property
    def drawn(self) -> TissueMap | None:
        """Whose outline is seen."""
        return self._drawn

    def set_on(self, on: bool) -> None:
        self._on = on
        self._draw()

    def show(self, tissue: TissueMap | None) -> None:
        """The tissue that was looked for answers in; None: it is not known."""
        self._tissue = tissue
        self._draw()

    def preview(self, tissue: TissueMap | None) -> None:
        """What would be taken for tissue; None: no preview any more."""
        self._preview = tissue
        self._draw()

    def _draw(self) -> None:
        wanted = self._preview or (self._tissue if self._on else None)
        if wanted is self._drawn:
            return
        self._drawn = wanted
        colour = _PREVIEW if self._preview is not None else _DARK
        self._line.set_rings([] if wanted is None else rings_of(wanted), colour)


class _OutlineItem(QGraphicsItem):
    """Closed lines in level-0 pixels, as thin on the screen at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # for exposedRect
        self._rings: Rings = []
        self._bounds = QRectF()
        self._colour = _DARK
        self._octave: int | None = None
        self._segments = np.empty((0, 4))

    def set_rings(self, rings: Rings, colour: QColor) -> None:
        self.prepareGeometryChange()
        self._rings, self._colour, self._octave = rings, colour, None
        self._bounds = QRectF()
        if rings:
            points = np.concatenate(rings)
            (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
            self._bounds = QRectF(left, top, right - left, bottom - top)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if not self._rings or zoom <= 0:
            return
        octave = math.floor(math.log2(zoom))
        if octave != self._octave:
            self._octave, self._segments = octave, segments_of(self._rings, _SLACK_PX / 2.0 ** (octave + 1))
        edge = _EDGE_PX / zoom
        lines = [QLineF(*each) for each in _near(self._segments, option.exposedRect, edge).tolist()]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for colour, width in ((_LIGHT, _EDGE_PX), (self._colour, _LINE_PX)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            painter.drawLines(lines)


def segments_of(rings: Sequence[Outline], slack: float) -> Segments:
    """Closed lines as straight pieces that leave them by at most `slack` (Douglas & Peucker 1973)."""
    pieces = [np.empty((0, 4))]
    for ring in rings:
        points = cv2.approxPolyDP(ring.astype(np.float32)[:, None], slack, closed=True)[:, 0]
        pieces.append(np.hstack([points, np.roll(points, -1, axis=0)]).astype(np.float64))
    return np.concatenate(pieces)


def _near(segments: Segments, rect: QRectF, margin: float) -> Segments:
    """Those whose bounds touch a rectangle."""
    x0, y0, x1, y1 = segments.T
    seen = rect.adjusted(-margin, -margin, margin, margin)
    across = (np.maximum(x0, x1) >= seen.left()) & (np.minimum(x0, x1) <= seen.right())
    down = (np.maximum(y0, y1) >= seen.top()) & (np.minimum(y0, y1) <= seen.bottom())
    return segments[across & down]

"""The outline of the tissue over the slide, and of what another threshold would find."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from lungviewer.core.tissue_map import TissueMap
from lungviewer.ui.viewer.minimap import Minimap
from lungviewer.ui.viewer.outlines import Pieces, Rings, rings_of, straight_pieces

_OVER_HEAT = 20.0
_DARK, _LIGHT, _PREVIEW = QColor(20, 20, 20), QColor(255, 255, 255, 170), QColor(0, 60, 200)
_LINE_PX, _EDGE_PX = 1.2, 3.2
_SLACK_PX = 0.5
"""Of the screen: by so much the line may leave the outline, so that few points are drawn from far away."""


class TissueLayer:
    """Shows the tissue of the answer while it is on, and a preview in its place whatever is on; in the scene
    and in the minimap."""

    def __init__(self, scene: QGraphicsScene, minimap: Minimap) -> None:
        self._minimap = minimap
        self._line = _OutlineItem()
        self._line.setZValue(_OVER_HEAT)
        scene.addItem(self._line)
        self._on = False
        self._tissue: TissueMap | None = None
        self._preview: TissueMap | None = None
        self._drawn: TissueMap | None = None
        self._colour = _DARK

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
        colour = _DARK if self._preview is None else _PREVIEW
        if wanted is self._drawn and colour == self._colour:
            return
        self._drawn, self._colour = wanted, colour
        rings = [] if wanted is None else rings_of(wanted)
        self._line.set_rings(rings, colour)
        self._minimap.show_tissue([] if wanted is None else [outer for outer, _ in wanted.outlines()])


class _OutlineItem(QGraphicsItem):
    """Closed lines in level-0 pixels, as thin on the screen at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # for exposedRect
        self._rings: Rings = []
        self._bounds = QRectF()
        self._colour = _DARK
        self._octave: int | None = None
        self._pieces = np.empty((0, 4))

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
            self._octave, self._pieces = octave, straight_pieces(self._rings, _SLACK_PX / 2.0 ** (octave + 1))
        edge = _EDGE_PX / zoom
        lines = [QLineF(*each) for each in _near(self._pieces, option.exposedRect, edge).tolist()]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for colour, width in ((_LIGHT, _EDGE_PX), (self._colour, _LINE_PX)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            painter.drawLines(lines)


def _near(pieces: Pieces, rect: QRectF, margin: float) -> Pieces:
    """Those whose bounds touch a rectangle."""
    x0, y0, x1, y1 = pieces.T
    seen = rect.adjusted(-margin, -margin, margin, margin)
    across = (np.maximum(x0, x1) >= seen.left()) & (np.minimum(x0, x1) <= seen.right())
    down = (np.maximum(y0, y1) >= seen.top()) & (np.minimum(y0, y1) <= seen.bottom())
    return pieces[across & down]

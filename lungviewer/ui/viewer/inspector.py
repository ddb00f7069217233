"""The tile that is pointed at: a frame round it, and its numbers on a plate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QRectF, Signal, Slot

from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import Status
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.viewer.pointer import Pointer
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.tile_frame import TileFrame
from lungviewer.ui.viewer.tile_plate import TilePlate, TileWords
from lungviewer.ui.words import class_label, percent, reason_word, status_word, strangeness
from lungviewer.ui.words import share as area_share


class TileInspector(QObject):
    """`show` says of which slide; None: nothing may be told, or there is none."""

    changed = Signal()  # the plate says more or less than before
    moved = Signal()  # it says the same, but the cursor or the tile is elsewhere on the screen

    def __init__(self, view: SlideView, plate: TilePlate) -> None:
        super().__init__(view)
        self._view, self._plate = view, plate
        self._slide: SlideMap | None = None
        self._told = False
        self._spec: ModelSpec | None = None
        self._shares: tuple[TissueMap, TileGrid, npt.NDArray[np.float64]] | None = None
        self._frame = TileFrame()
        view.scene().addItem(self._frame)
        self._pointer = Pointer(view)
        self._pointer.moved.connect(self._point)

    def show(self, slide: SlideMap | None, spec: ModelSpec | None) -> None:
        """Tell of this slide's tiles from now on."""
        self._slide, self._spec = slide, spec
        self._point()

    @Slot()
    def _point(self) -> None:
        slide = self._slide
        if slide is None and not self._told:
            return  # somebody else may be speaking on the plate
        self._told = slide is not None
        at = self._pointer.l0_at if slide is not None else None
        number = None if slide is None or at is None else slide.grid.number_at(at.x(), at.y())
        words, moved = None, False
        if slide is not None and at is not None and number is not None:
            rect = slide.grid.rect(number)
            box, to_screen = QRectF(rect.x, rect.y, rect.width, rect.height), self._view.viewportTransform()
            self._frame.set_rect(box)
            moved = self._plate.keep_clear(
                to_screen.mapRect(box).toAlignedRect(), to_screen.map(at).toPoint()
            )
            words = self._words(slide, number)
        self._frame.setVisible(number is not None)
        if self._plate.say(words):
            self.changed.emit()
        elif moved:
            self.moved.emit()

    def _words(self, slide: SlideMap, number: int) -> TileWords:
        tile = slide.tiles.get(number)
        if tile is None:
            share = self._tissue_shares(slide)[number]
            least = 0.0 if self._spec is None else self._spec.trust.checks.min_tissue
            head = self.tr("Not looked at yet") if share >= max(least, 1e-9) else self.tr("No tissue")
            return TileWords(head, remarks=(self._tissue_words(float(share)),))
        return TileWords(self._head(tile), self._class_shares(slide, tile), self._remarks(tile))

    def _head(self, tile: SlideTile) -> str:
        if tile.predicted is not None:
            return class_label(tile.predicted, self._spec)
        words = (status_word(tile.status), *(reason_word(code) for code in tile.reasons[:1]))
        return ": ".join(words)

    def _class_shares(self, slide: SlideMap, tile: SlideTile) -> tuple[tuple[str, str], ...]:
        """None of a refused tile: what the model would have said is no answer."""
        if tile.status is Status.REFUSED:
            return ()
        pairs = zip(slide.probability, tile.probabilities, strict=False)
        return tuple((class_label(class_id, self._spec), percent(share)) for class_id, share in pairs)

    def _remarks(self, tile: SlideTile) -> tuple[str, ...]:
        remarks = []
        if tile.predicted is not None:
            said = [status_word(tile.status), *(reason_word(code) for code in tile.reasons)]
            remarks.append(": ".join((said[0], ", ".join(said[1:]))) if len(said) > 1 else said[0])
        elif len(tile.reasons) > 1:
            remarks.append(", ".join(reason_word(code) for code in tile.reasons[1:]))
        if tile.trust_score is not None and self._spec is not None:
            remarks.append(strangeness(tile.trust_score, self._spec.trust.refuse_above))
        remarks.append(self._tissue_words(tile.tissue))
        return tuple(remarks)

    def _tissue_words(self, share: float) -> str:
        return self.tr("Tissue: {share}").format(share=area_share(share))

    def _tissue_shares(self, slide: SlideMap) -> npt.NDArray[np.float64]:
        """Of all tiles, made when a tile without an answer is first pointed at."""
        kept = self._shares
        if kept is None or kept[0] is not slide.tissue or kept[1] != slide.grid:
            kept = self._shares = (slide.tissue, slide.grid, slide.tissue.shares(slide.grid))
        return kept[2]

"""The slices of a CT series: the one that is asked for, its neighbours read ahead, coloured by a window."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QRectF, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGraphicsScene

from lungviewer.core.ct import HU, CtSource
from lungviewer.core.errors import LungviewerError
from lungviewer.core.image import ImageSource
from lungviewer.ui.qimage import ct_colours, ct_image
from lungviewer.ui.viewer.hatch_item import HatchItem
from lungviewer.ui.viewer.part_loader import LoadedPart, PartLoader
from lungviewer.ui.viewer.shared_source import SharedSource
from lungviewer.ui.viewer.slice_item import SliceItem

KEPT_BYTES = 64 << 20
"""Slices kept here, ready to be coloured."""

READ_AHEAD_BYTES = 448 << 20
"""So much of a series is read ahead, the nearest slices first: what a source keeps, less some room."""

_AHEAD, _BEHIND = 8, 3
_NO_SLICE = -1


@dataclass(frozen=True, slots=True)
class _SliceWish:
    key: int


class SliceLayer(QObject):
    """`index` is the slice that is seen, which follows the one that was asked for as soon as it is read;
    until then the one before stays. Lives in the GUI thread."""

    shown = Signal(int)  # another slice is seen, or it is known that it cannot be
    kept = Signal()  # one more slice was read

    def __init__(self, scene: QGraphicsScene, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loader = PartLoader(_read_slice, self)
        self._loader.loaded.connect(self._take)
        self._item = SliceItem()
        self._broken = HatchItem()
        for item in (self._item, self._broken):
            item.setVisible(False)
            scene.addItem(item)
        self._source: SharedSource | None = None
        self._generation = 0
        self._count = 0
        self._slice_bytes = 1
        self._slices: OrderedDict[int, HU] = OrderedDict()
        self._read: set[int] = set()
        self._errors: dict[int, LungviewerError] = {}
        self._wanted = self._index = _NO_SLICE
        self._colours: npt.NDArray[np.uint32] = np.zeros(65536, np.uint32)

    def show(self, source: SharedSource, count: int) -> None:
        """Begin with a series; `select` says which slice. Owns `source` from now on."""
        self.clear()
        info = source.info
        rect = QRectF(0, 0, info.width, info.height)
        self._item.set_rect(rect)
        self._broken.set_rects([rect])
        self._item.setVisible(True)
        self._source, self._count = source, count
        self._slice_bytes = 2 * info.width * info.height
        self._generation = self._loader.begin(source)

    def clear(self) -> None:
        """Show nothing; the source is closed when nobody reads it any more."""
        self._generation = self._loader.begin(None)
        if self._source is not None:
            self._loader.retire(self._source)
        self._source, self._count = None, 0
        self._wanted = self._index = _NO_SLICE
        self._slices.clear()
        self._read.clear()
        self._errors.clear()
        self._item.show_image(QImage())
        for item in (self._item, self._broken):
            item.setVisible(False)

    # --- what is shown ---------------------------------------------------------------------------

    @property
    def source(self) -> SharedSource | None:
        return self._source

    @property
    def index(self) -> int | None:
        """The slice that is seen, or that cannot be."""
        return None if self._index == _NO_SLICE else self._index

    @property
    def values(self) -> HU | None:
        """Hounsfield units of what is seen."""
        return self._slices.get(self._index)

    @property
    def picture(self) -> QImage:
        """What is seen, a pixel for each of the slice; null when nothing is."""
        return self._item.image

    @property
    def error(self) -> LungviewerError | None:
        """Why the slice that was asked for cannot be seen."""
        return self._errors.get(self._index)

    @property
    def read_count(self) -> int:
        """How many slices were read at least once, or could not be."""
        return len(self._read) + len(self._errors)

    @property
    def is_settled(self) -> bool:
        """Whether the slice that was asked for last is seen."""
        return self._wanted == self._index

    @property
    def busy(self) -> bool:
        """Whether the slice that is wanted is still to be read; may be asked in any thread."""
        return self._wanted != self._index

    def select(self, index: int) -> None:
        """Show this slice, at once if it is kept."""
        if self._source is None or not 0 <= index < self._count:
            return
        backward = index < self._wanted
        self._wanted = index
        if getattr(self._errors.get(index), "transient", False):
            del self._errors[index]  # a drive may be back when one comes back
        if index in self._slices or index in self._errors:
            self._show(index)
        self._loader.want([_SliceWish(i) for i in self._wishes(backward)])

    def set_table(self, table: npt.NDArray[np.uint8]) -> None:
        """Colour slices by this `core.ct.window_table` from now on; nothing is read for it."""
        self._colours = ct_colours(table)
        self._paint()

    def stop(self) -> bool:
        """Show nothing and read nothing; waits for what is being read. False when that does not end."""
        self.clear()
        return self._loader.stop()

    # --- reading ---------------------------------------------------------------------------------

    def _wishes(self, backward: bool) -> list[int]:
        """What is to be read, the most urgent first: the slice itself, those that come next, and then the
        others, the nearer the sooner."""
        here, ahead = self._wanted, -1 if backward else 1
        near = [here, *(here + ahead * i for i in range(1, _AHEAD + 1))]
        near += [here - ahead * i for i in range(1, _BEHIND + 1)]
        wanted = [i for i in near if 0 <= i < self._count and i not in self._slices]
        room = READ_AHEAD_BYTES // self._slice_bytes
        within = range(max(0, here - room), min(self._count, here + room))
        others = sorted(set(within) - self._read - set(wanted), key=lambda i: abs(i - here))
        wanted += others[: max(0, room - len(self._read))]
        return [i for i in wanted if i not in self._errors]

    @Slot(object)
    def _take(self, part: LoadedPart) -> None:
        if part.generation != self._generation:
            return
        index = cast(int, part.key)
        # One that was asked for while it was on its way comes twice; it is seen already.
        seen = part.error is None and index == self._index and index in self._slices
        if part.error is not None:
            self._errors[index] = part.error
        else:
            self._keep(index, part.content)
        if index == self._wanted and not seen:
            self._show(index)
        self.kept.emit()

    def _keep(self, index: int, values: HU) -> None:
        """The slices nearest to what is looked at stay."""
        self._read.add(index)
        self._slices[index] = values
        while len(self._slices) * self._slice_bytes > KEPT_BYTES and len(self._slices) > 1:
            furthest = max(
                self._slices, key=lambda i: (i not in (self._index, self._wanted), abs(i - self._wanted))
            )
            del self._slices[furthest]

    def _show(self, index: int) -> None:
        self._index = index
        self._paint()
        self.shown.emit(index)

    def _paint(self) -> None:
        if self._index == _NO_SLICE:
            return
        values = self._slices.get(self._index)
        self._item.show_image(QImage() if values is None else ct_image(values, self._colours))
        self._broken.setVisible(values is None)


def _read_slice(image: ImageSource, wish: _SliceWish) -> HU:
    return cast(CtSource, image).values(wish.key)

"""The picture itself: tiles that sharpen in place, over coarser ones, over a thumbnail."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPixmapItem,
    QGraphicsScene,
    QStyleOptionGraphicsItem,
    QWidget,
)

from lungviewer.core.errors import LungviewerError
from lungviewer.ui.viewer.hatch_item import HatchItem
from lungviewer.ui.viewer.part_loader import LoadedPart, PartLoader
from lungviewer.ui.viewer.scales import best_level
from lungviewer.ui.viewer.shared_source import SharedSource
from lungviewer.ui.viewer.tile_cache import TileCache
from lungviewer.ui.viewer.tile_wish import TileWish, read_tile
from lungviewer.ui.viewer.tiles import TILE_PX, TileGrid, TileKey

_RING = 1
"""Tiles read ahead on every side of what is seen."""

_UNDER_ALL = -1000.0
_SEEN_SHARE = 0.75
_FEWEST_TILES = 64
"""What is seen may take this share of the cache, but at least so many tiles."""


class _Level(QGraphicsItem):
    """The parent of one level's tiles; finer levels lie above coarser ones."""

    def __init__(self, index: int, downsample: float) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
        self.setScale(downsample)
        self.setZValue(-float(index))

    def boundingRect(self) -> QRectF:
        return QRectF()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Its tiles paint themselves."""


class TileLayer(QObject):
    """Keeps the scene's tiles as what is looked at changes. Scene coordinates are level-0 pixels."""

    failed = Signal(object)  # LungviewerError: a tile cannot be read; once per image and reason
    settled = Signal()  # everything that is seen is as sharp as it gets

    def __init__(self, scene: QGraphicsScene, cache_bytes: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        self._loader = PartLoader(read_tile, self)
        self._loader.loaded.connect(self._take)
        self._cache = TileCache(cache_bytes)
        self._source: SharedSource | None = None
        self._grid: TileGrid | None = None
        self._generation = 0
        self._base: QGraphicsPixmapItem | None = None
        self._parents: dict[int, _Level] = {}
        self._items: dict[TileKey, QGraphicsItem] = {}
        self._errors: dict[TileKey, LungviewerError] = {}
        self._told: set[str] = set()  # codes of errors
        self._seen: list[TileKey] = []
        self._near: list[TileKey] = []
        self._seen_rect = QRectF()
        self._level = 0

    @property
    def level(self) -> int:
        """The level that is looked at."""
        return self._level

    @property
    def source(self) -> SharedSource | None:
        """The image that is shown."""
        return self._source

    @property
    def cache(self) -> TileCache:
        return self._cache

    @property
    def shown(self) -> frozenset[TileKey]:
        """The tiles that are in the scene."""
        return frozenset(self._items)

    @property
    def is_settled(self) -> bool:
        return self._grid is not None and all(self._is_done(key) for key in self._seen)

    @property
    def busy(self) -> bool:
        """Whether tiles that are wanted now are still to be read; may be asked in any thread."""
        return self._loader.busy

    def show(self, source: SharedSource, thumbnail: QImage) -> None:
        """Begin with an image. The layer owns `source` from now on, and closes the one before."""
        self.clear()
        self._source, self._grid = source, TileGrid(source.info)
        self._generation = self._loader.begin(source)
        self._base = _smooth(QPixmap.fromImage(thumbnail))
        info = source.info
        self._base.setTransform(
            self._base.transform().scale(info.width / thumbnail.width(), info.height / thumbnail.height())
        )
        self._base.setZValue(_UNDER_ALL)
        self._scene.addItem(self._base)

    def clear(self) -> None:
        """Show nothing; the image is closed when nobody reads it any more."""
        self._generation = self._loader.begin(None)
        if self._source is not None:
            self._loader.retire(self._source)
        for item in (self._base, *self._parents.values()):
            if item is not None:
                self._scene.removeItem(item)
        self._source = self._grid = self._base = None
        for kept in (
            self._parents,
            self._items,
            self._errors,
            self._told,
            self._seen,
            self._near,
            self._cache,
        ):
            kept.clear()

    def look_at(self, l0_rect: QRectF, device_pixels_per_l0: float) -> None:
        """Show this part of the image at this many pixels of the screen per level-0 pixel."""
        if self._grid is None:
            return
        self._level = self._level_for(self._grid, l0_rect, device_pixels_per_l0)
        self._seen_rect = l0_rect
        fits = self._grid.count_in(self._level, l0_rect) <= self._most_tiles
        self._seen = self._grid.tiles_in(self._level, l0_rect) if fits else []
        self._near = self._grid.tiles_in(self._level, l0_rect, _RING) if fits else []
        self._drop(self._cache.pin(self._seen))
        wishes = []
        seen = set(self._seen)
        for key in (*self._seen, *(key for key in self._near if key not in seen)):
            if key in self._items:
                self._cache.get(key)
            elif (pixmap := self._cache.get(key)) is not None:
                self._place(key, _smooth(pixmap))
            elif key not in self._errors:
                wishes.append(TileWish(key, self._grid.box(key)))
        self._loader.want(wishes)
        self._tidy()

    @property
    def _most_tiles(self) -> int:
        """More tiles than these are never on the screen: what is seen stays in memory whatever the limit."""
        return max(_FEWEST_TILES, round(_SEEN_SHARE * self._cache.limit / (4 * TILE_PX * TILE_PX)))

    def _level_for(self, grid: TileGrid, l0_rect: QRectF, device_pixels_per_l0: float) -> int:
        """The level that is as sharp as the screen, or a coarser one where that would be too many tiles:
        slides with wide steps from level to level, on large screens."""
        level = best_level(grid.levels, device_pixels_per_l0)
        while level + 1 < len(grid.levels) and grid.count_in(level, l0_rect) > self._most_tiles:
            level += 1
        return level

    def set_cache_limit(self, limit_bytes: int) -> None:
        self._drop(self._cache.set_limit(limit_bytes))

    def stop(self) -> bool:
        """Show nothing and read nothing; waits for what is being read. False when that does not end."""
        self.clear()
        return self._loader.stop()

    @Slot(object)
    def _take(self, tile: LoadedPart) -> None:
        if tile.generation != self._generation or self._grid is None:
            return
        if tile.content is not None:
            pixmap = QPixmap.fromImage(tile.content)
            self._drop(self._cache.put(tile.key, pixmap))
            if tile.key.level == self._level:
                self._place(tile.key, _smooth(pixmap))
        elif tile.error is not None:
            first = tile.error.code not in self._told
            self._told.add(tile.error.code)
            self._errors[tile.key] = tile.error
            box = self._grid.box(tile.key)
            self._place(tile.key, HatchItem([QRectF(0, 0, box.width, box.height)]))
            if first:
                self.failed.emit(tile.error)
        self._tidy()

    def _is_done(self, key: TileKey) -> bool:
        return key in self._items or key in self._errors

    def _place(self, key: TileKey, item: QGraphicsItem) -> None:
        """Put a tile where it belongs, in place of what is there."""
        self._remove(key)
        if self._grid is None:
            return
        box = self._grid.box(key)
        item.setPos(box.x, box.y)
        item.setParentItem(self._parent(key.level, self._grid.levels[key.level].downsample))
        self._items[key] = item

    def _parent(self, level: int, downsample: float) -> _Level:
        parent = self._parents.get(level)
        if parent is None:
            parent = self._parents[level] = _Level(level, downsample)
            self._scene.addItem(parent)
        return parent

    def _remove(self, key: TileKey) -> None:
        item = self._items.pop(key, None)
        if item is not None:
            self._scene.removeItem(item)

    def _drop(self, keys: list[TileKey]) -> None:
        """What the cache gave up may not stay in the scene either, or the limit would not be one."""
        for key in keys:
            self._remove(key)

    def _tidy(self) -> None:
        """Take away what is no longer seen, and coarser and finer tiles once this level is whole: painting
        the same place twice is most of what panning costs."""
        if self._grid is None or self._base is None:
            return
        whole = self.is_settled
        near = set(self._near)
        for key in list(self._items):
            if key.level == self._level:
                stays = key in near
            else:
                stays = not whole and self._grid.l0_rect(key).intersects(self._seen_rect)
            if not stays:
                self._remove(key)
                if getattr(self._errors.get(key), "transient", False):
                    del self._errors[key]  # a drive may be back when one comes back
        self._base.setVisible(not whole or not self._seen)
        if whole:
            self.settled.emit()


def _smooth(pixmap: QPixmap) -> QGraphicsPixmapItem:
    item = QGraphicsPixmapItem(pixmap)
    item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
    item.setShapeMode(QGraphicsPixmapItem.ShapeMode.BoundingRectShape)
    return item

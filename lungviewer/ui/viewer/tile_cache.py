"""Tiles that were read, the latest ones, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from PySide6.QtGui import QPixmap

from lungviewer.ui.viewer.tiles import TileKey


class TileCache:
    """Least recently used goes first. Pinned tiles stay, even when they alone are more than the limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._tiles: OrderedDict[TileKey, QPixmap] = OrderedDict()
        self._pinned: frozenset[TileKey] = frozenset()
        self._bytes = 0

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def bytes(self) -> int:
        return self._bytes

    def __contains__(self, key: object) -> bool:
        return key in self._tiles

    def get(self, key: TileKey) -> QPixmap | None:
        """A tile, which becomes the latest."""
        pixmap = self._tiles.get(key)
        if pixmap is not None:
            self._tiles.move_to_end(key)
        return pixmap

    def put(self, key: TileKey, pixmap: QPixmap) -> list[TileKey]:
        """Keep a tile. Returns what had to go for it."""
        old = self._tiles.pop(key, None)
        self._bytes += _size(pixmap) - (_size(old) if old is not None else 0)
        self._tiles[key] = pixmap
        return self._shrink()

    def pin(self, keys: Iterable[TileKey]) -> list[TileKey]:
        """Keep these, and no others, whatever happens. Returns what had to go."""
        self._pinned = frozenset(keys)
        return self._shrink()

    def set_limit(self, limit_bytes: int) -> list[TileKey]:
        """Returns what had to go."""
        self._limit = limit_bytes
        return self._shrink()

    def clear(self) -> None:
        self._tiles.clear()
        self._pinned = frozenset()
        self._bytes = 0

    def _shrink(self) -> list[TileKey]:
        if self._bytes <= self._limit:
            return []
        gone = []
        for key in list(self._tiles):
            if self._bytes <= self._limit:
                break
            if key not in self._pinned:
                self._bytes -= _size(self._tiles.pop(key))
                gone.append(key)
        return gone


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4

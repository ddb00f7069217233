"""A tile that is wanted, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QImage

from lungviewer.core.image import ImageSource
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.viewer.tiles import TileBox, TileKey


@dataclass(frozen=True, slots=True)
class TileWish:
    """A tile that is wanted, and where it lies in its level."""

    key: TileKey
    box: TileBox


def read_tile(image: ImageSource, wish: TileWish) -> QImage:
    """The pixels of one tile; may be called in any thread."""
    key, box = wish.key, wish.box
    downsample = image.info.levels[key.level].downsample
    origin = round(box.x * downsample), round(box.y * downsample)
    return rgb_image(image.read(origin, key.level, (box.width, box.height)))

"""The tiles of one page of a TIFF slide, decoded one by one, by the decoders of plain TIFF (tiff_blocks).

Only 8-bit RGB. Neither a page nor the file is ever read as a whole.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from lungviewer.core.errors import (
    ImageCorrupt,
    ImageTruncated,
    ReadFailed,
    UnsupportedFormat,
    UnsupportedPixels,
)
from lungviewer.core.image import RGB
from lungviewer.readers.pixels import on_white
from lungviewer.readers.slide_levels import check_slide
from lungviewer.readers.tiff_blocks import COMPRESSIONS, JPEG_COMPRESSION, Layout, sample_blocks

CACHE_BYTES = 64 << 20
_COMPRESSION_NAMES = {
    6: "JPEG of an old kind",
    33_003: "JPEG 2000",
    33_005: "JPEG 2000",
    34_712: "JPEG 2000",
    34_887: "LERC",
    34_892: "lossy JPEG",
    22_610: "JPEG XR",
    34_934: "JPEG XR",
    50_001: "WebP",
    50_002: "JPEG XL",
}
_RGB, _YCBCR = 2, 6
_ASSOCIATED, _UNASSOCIATED = 1, 2
_HEADER_BYTES = 8  # the decoders take no block that begins where a file's header is


@dataclass(frozen=True, slots=True, eq=False)
class TiledPage:
    """One page. `layout` describes one of its tiles (or strips) by itself; `offsets` and `sizes` say where
    the coded bytes of all of them lie in the file, colour planes one after the other.

    Equal to itself only: pages of one file may share tiles, or have none where another has none.
    """

    width: int
    height: int
    layout: Layout
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def tile(self) -> tuple[int, int]:
        """(width, height) of the tiles that it was filled up to; (1, 1) for strips, which end with it."""
        return (self.layout.block_width, self.layout.block_height) if self.layout.tiled else (1, 1)

    @property
    def columns(self) -> int:
        return math.ceil(self.width / self.layout.block_width)

    @property
    def rows(self) -> int:
        return math.ceil(self.height / self.layout.block_height)


def describe_page(page: Any) -> TiledPage:
    """From a `tifffile.TiffPage`, whose numbers may say anything.

    Raises:
        UnsupportedFormat, UnsupportedPixels: a compression or kind of pixels that is not read.
        ImageCorrupt, ImageTooLarge: its numbers contradict each other, or make no sense.
    """
    compression, colour = int(page.compression), int(page.photometric)
    if compression not in COMPRESSIONS:
        name = _COMPRESSION_NAMES.get(compression, f"number {compression}")
        raise UnsupportedFormat(
            f"The slide's compression ({name}) is not read in this kind of file.",
            hint="Export it again as pyramidal OME-TIFF with JPEG, Deflate, LZW or Zstandard compression.",
        )
    channels, jpeg = int(page.samplesperpixel), compression == JPEG_COMPRESSION
    colours = (_RGB, _YCBCR) if jpeg else (_RGB,)
    if (colour, channels) not in [(c, n) for c in colours for n in (3, 4)] or not _eight_bits(page):
        raise UnsupportedPixels("The slide is not stored as 8-bit RGB.", hint="Export it again as 8-bit RGB.")
    planar = int(page.planarconfig) == 2
    if jpeg and (planar or channels != 3):
        raise UnsupportedPixels("The slide's channels are JPEG-compressed in an unusual way.")
    width, height = int(page.imagewidth), int(page.imagelength)
    tiled = bool(page.is_tiled)
    block_width = int(page.tilewidth) if tiled else width
    block_height = int(page.tilelength) if tiled else min(int(page.rowsperstrip), height)
    check_slide(width, height, (block_width, block_height))
    if block_width < 1 or block_height < 1:
        raise ImageCorrupt("The size of its tiles makes no sense.")
    layout = Layout(
        width=block_width,
        height=block_height,
        order=page.parent.byteorder,
        compression=compression,
        predictor=int(page.predictor),
        colour=colour,
        channels=channels,
        bits=8,
        extra=int(page.extrasamples[0]) if page.extrasamples else 0,
        planar=planar,
        tiled=tiled,
        block_width=block_width,
        block_height=block_height,
        offsets=(),
        sizes=(),
        palette=(),
        jpeg_tables=page.jpegtables or b"",
    )
    described = TiledPage(width, height, layout, tuple(page.dataoffsets), tuple(page.databytecounts))
    blocks = described.columns * described.rows * (channels if planar else 1)
    if min(len(described.offsets), len(described.sizes)) < blocks:
        raise ImageCorrupt("The list of the slide's tiles is shorter than the slide.")
    return described


def _eight_bits(page: Any) -> bool:
    return bool(page.bitspersample == 8 and page.sampleformat == 1 and page.fillorder == 1)


class TileReader:
    """Decoded tiles of the pages of one file, the last ones kept. For any number of threads.

    Args:
        stream: the file, open for reading; closed by `close`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[TiledPage, int, int], RGB] = OrderedDict()
        self._bytes = 0
        self._closed = False

    def read(self, page: TiledPage, left: int, top: int, width: int, height: int) -> RGB:
        """A rectangle that lies inside a page.

        Raises:
            ImageCorrupt, ImageTruncated: a tile under it is damaged.
            ReadFailed: the file was closed, or its drive is gone.
        """
        out = np.empty((height, width, 3), np.uint8)
        across, down = page.layout.block_width, page.layout.block_height
        for row in range(top // down, (top + height - 1) // down + 1):
            for column in range(left // across, (left + width - 1) // across + 1):
                tile = self._tile(page, column, row)
                x, y = column * across, row * down
                x0, x1 = max(left, x), min(left + width, x + across)
                y0, y1 = max(top, y), min(top + height, y + down)
                out[y0 - top : y1 - top, x0 - left : x1 - left] = tile[y0 - y : y1 - y, x0 - x : x1 - x]
        return out

    def require_open(self) -> None:
        """Raises ReadFailed after `close`."""
        if self._closed:
            raise ReadFailed("The slide was already closed.")

    def close(self) -> None:
        """Safe to call twice."""
        with self._lock:
            self._closed = True
            self._stream.close()
            self._kept.clear()
            self._bytes = 0

    def _tile(self, page: TiledPage, column: int, row: int) -> RGB:
        key = (page, column, row)
        with self._lock:
            self.require_open()
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            coded = [self._coded(page, index) for index in _indices(page, column, row)]
        tile = _decode(page, coded, row)
        with self._lock:
            if key not in self._kept and not self._closed:
                self._kept[key] = tile
                self._bytes += tile.nbytes
            while self._bytes > CACHE_BYTES and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return tile

    def _coded(self, page: TiledPage, index: int) -> bytes:
        offset, size = page.offsets[index], page.sizes[index]
        if size > 4 * page.layout.block_height * page.layout.row_bytes + 65_536:
            raise ImageCorrupt("A tile of the slide says that it is larger than it can be.")
        try:
            self._stream.seek(offset)
            coded = self._stream.read(size)
        except (OSError, ValueError, OverflowError):
            raise ReadFailed("A part of the slide could not be read.") from None
        if len(coded) < size:
            raise ImageTruncated("A part of the slide lies behind the end of the file.")
        return coded


def _indices(page: TiledPage, column: int, row: int) -> list[int]:
    first = row * page.columns + column
    if not page.layout.planar:
        return [first]
    return [first + plane * page.columns * page.rows for plane in range(page.layout.channels)]


def _decode(page: TiledPage, coded: list[bytes], row: int) -> RGB:
    """One tile, whole (or what there is of the last strip)."""
    shape = page.layout
    rows = (
        shape.block_height if shape.tiled else min(shape.block_height, page.height - row * shape.block_height)
    )
    if not any(coded):  # left out by the writer, because there is nothing on it
        return np.full((rows, shape.block_width, 3), 255, np.uint8)
    starts = [_HEADER_BYTES]
    for part in coded:
        starts.append(starts[-1] + len(part))
    alone = replace(shape, height=rows, offsets=tuple(starts[:-1]), sizes=tuple(len(part) for part in coded))
    data = b"".join([bytes(_HEADER_BYTES), *coded])
    ((_, samples),) = sample_blocks(data, alone)
    rgb: RGB = samples[..., :3]
    if shape.extra in (_ASSOCIATED, _UNASSOCIATED):
        rgb = on_white(rgb, samples[..., 3], premultiplied=shape.extra == _ASSOCIATED)
    return np.ascontiguousarray(rgb)

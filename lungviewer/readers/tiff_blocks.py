"""From the coded strips and tiles of a checked TIFF layout to samples.

Each block is expanded to exactly the bytes that the layout asks for, or the file is refused. LZW, Zstandard
and PackBits go through Pillow's libtiff, wrapped as a plain 8-bit grey picture whose width is the length
of a row in bytes: so the C code sees six numbers that were checked here and never the file's own tags.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, ImageTooLarge, ImageTruncated
from lungviewer.readers import jpeg
from lungviewer.readers.pixels import DECODER_ERRORS

JPEG_COMPRESSION = 7
_PLAIN = 1
_DEFLATE = frozenset({8, 32_946})
_BY_LIBTIFF = frozenset({5, 32_773, 50_000})
_PREDICTED = frozenset({5, 50_000}) | _DEFLATE  # for the others the tag means nothing
COMPRESSIONS = frozenset({_PLAIN, JPEG_COMPRESSION}) | _DEFLATE | _BY_LIBTIFF

_BATCH_BYTES = 1 << 25
_LIBTIFF_LIMIT = 85_000_000
"""Pillow warns about pictures above 89 million pixels, and one byte counts as a pixel here."""

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Layout:
    """One page whose numbers agree with each other.

    Lengths in pixels; `bits` per sample; `order` is "<" or ">"; `colour` is PhotometricInterpretation;
    `extra` is what a channel beyond the colours means (ExtraSamples).
    """

    width: int
    height: int
    order: str
    compression: int
    predictor: int
    colour: int
    channels: int
    bits: int
    extra: int
    planar: bool
    tiled: bool
    block_width: int
    block_height: int
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    palette: tuple[int, ...]
    jpeg_tables: bytes

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of one block, as expanded."""
        return math.ceil(self.block_width * (1 if self.planar else self.channels) * self.bits / 8)

    @property
    def per_plane(self) -> int:
        return math.ceil(self.width / self.block_width) * math.ceil(self.height / self.block_height)

    def rows_in_block(self, index: int) -> int:
        """Tiles are always whole; the last strip holds what is left."""
        if self.tiled:
            return self.block_height
        top = (index % self.per_plane) * self.block_height
        return min(self.block_height, self.height - top)

    def corner(self, index: int) -> tuple[int, int]:
        across = math.ceil(self.width / self.block_width)
        return (index % across) * self.block_width, (index // across) * self.block_height


def sample_blocks(data: bytes, layout: Layout) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """(index, rows×columns×channels samples) of every strip or tile; uint8, or uint16 for 16 bits.

    JPEG blocks with three channels are RGB already.

    Raises:
        ImageTruncated, ImageCorrupt: a block does not expand to what the layout asks for.
        ImageTooLarge: one block alone is beyond what the decoders take.
    """
    if layout.planar:
        return _planar_blocks(data, layout)
    return enumerate(_blocks(data, layout, range(layout.per_plane)))


def _planar_blocks(data: bytes, layout: Layout) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Channels that are stored one after the other, brought together place by place."""
    for index in range(layout.per_plane):
        places = range(index, layout.per_plane * layout.channels, layout.per_plane)
        yield index, np.concatenate(list(_blocks(data, layout, places)), axis=2)


def _blocks(data: bytes, layout: Layout, indices: range) -> Iterator[npt.NDArray[Any]]:
    """rows×columns×channels samples of each block (uint8, or uint16 for 16 bits)."""
    if layout.compression == JPEG_COMPRESSION:
        for index in indices:
            yield _jpeg_block(_coded(data, layout, index), layout, layout.rows_in_block(index))
        return
    for rows, group in _groups(layout, indices):
        coded = [_coded(data, layout, index) for index in group]
        for expanded in _expand(coded, rows, layout):
            yield _samples(expanded, layout)


def _groups(layout: Layout, indices: range) -> Iterator[tuple[int, list[int]]]:
    """Neighbouring blocks with equally many rows, about 32 MB at a time."""
    group: list[int] = []
    rows = 0
    for index in indices:
        own = layout.rows_in_block(index)
        if group and (own != rows or (len(group) + 1) * rows * layout.row_bytes > _BATCH_BYTES):
            yield rows, group
            group = []
        rows = own
        group.append(index)
    if group:
        yield rows, group


def _coded(data: bytes, layout: Layout, index: int) -> bytes:
    offset, size = layout.offsets[index], layout.sizes[index]
    if size < 1 or offset < 8:
        raise ImageCorrupt("A strip or tile of the picture is missing.")
    return data[offset : offset + size]


def _expand(coded: list[bytes], rows: int, layout: Layout) -> Iterator[_Bytes]:
    """Each block as rows×row_bytes bytes."""
    wanted = rows * layout.row_bytes
    shape = (rows, layout.row_bytes)
    if layout.compression in _BY_LIBTIFF:
        whole = _through_libtiff(coded, rows, layout)
        for i in range(len(coded)):
            yield whole[i * rows : (i + 1) * rows]
        return
    for block in coded:
        content = block if layout.compression == _PLAIN else _inflate(block, wanted)
        if len(content) < wanted:
            raise ImageTruncated("A strip or tile of the picture is too short.")
        yield np.frombuffer(content, np.uint8, wanted).reshape(shape)


def _inflate(block: bytes, wanted: int) -> bytes:
    """Never more than `wanted` bytes, however much the block would grow to."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(block, wanted)
        if not stream.eof:
            stream.decompress(stream.unconsumed_tail, 1)  # as far as the checksum
    except zlib.error:
        raise ImageCorrupt("A strip or tile of the picture is damaged.") from None
    return content


def _through_libtiff(coded: list[bytes], rows: int, layout: Layout) -> _Bytes:
    if len(coded) * rows * layout.row_bytes > _LIBTIFF_LIMIT:
        raise ImageTooLarge("One strip of the picture is larger than 85 MB.")
    from PIL import TiffImagePlugin

    wrapped = _grey_tiff(coded, layout.row_bytes, rows, layout.compression)
    try:
        # The class itself, not Image.open: no other plug-in can be asked for its opinion.
        with TiffImagePlugin.TiffImageFile(io.BytesIO(wrapped)) as picture:
            picture.load()
            return np.asarray(picture)
    except DECODER_ERRORS:
        raise ImageCorrupt("A strip or tile of the picture is damaged or incomplete.") from None


def _grey_tiff(strips: list[bytes], width: int, rows: int, compression: int) -> bytes:
    """A little-endian TIFF with these strips: 8-bit grey, `rows` rows of `width` pixels each."""
    sizes = np.array([len(strip) for strip in strips], "<u4")
    offsets = (8 + np.concatenate([[0], np.cumsum(sizes, dtype=np.uint64)[:-1]])).astype("<u4")
    directory_at = 8 + int(sizes.sum())
    directory_at += directory_at % 2
    lists_at = directory_at + 2 + 9 * 12 + 4
    count = len(strips)
    many = count > 1
    tags = [
        (256, 1, width),
        (257, 1, rows * count),
        (258, 1, 8),
        (259, 1, compression),
        (262, 1, 1),
        (273, count, lists_at if many else int(offsets[0])),
        (277, 1, 1),
        (278, 1, rows),
        (279, count, lists_at + 4 * count if many else int(sizes[0])),
    ]
    packed = b"".join(struct.pack("<HHII", tag, 4, number, value) for tag, number, value in tags)
    head = b"II*\0" + struct.pack("<I", directory_at)
    body = b"".join(strips)
    padding = b"\0" * (directory_at - 8 - len(body))
    lists = offsets.tobytes() + sizes.tobytes() if many else b""
    return b"".join([head, body, padding, struct.pack("<H", len(tags)), packed, b"\0\0\0\0", lists])


def _jpeg_block(block: bytes, layout: Layout, rows: int) -> _Bytes:
    """One JPEG stream, its shared tables put back, told by Adobe's marker which colours it holds.

    Without that marker the decoder guesses from the channels' names; other application markers of the
    stream would take precedence and are left out, because in a TIFF the tag decides.
    """
    if not block.startswith(b"\xff\xd8"):
        raise ImageCorrupt("A strip or tile of the picture is damaged.")
    tables = layout.jpeg_tables
    shared = tables[2:-2] if tables.startswith(b"\xff\xd8") and tables.endswith(b"\xff\xd9") else b""
    grey = layout.channels == 1
    parts = jpeg.segments(block)
    kept = [block[start - 4 : end] for marker, start, end in parts if not 0xE0 <= marker <= 0xEF]
    colours = b"" if grey else _adobe_marker(1 if layout.colour == 6 else 0)
    stream = b"".join([b"\xff\xd8", colours, shared, *kept, block[parts[-1][2] :]])
    header = jpeg.read_header(stream)
    if len(header.components) != (1 if grey else 3):
        raise ImageCorrupt("A strip or tile has other channels than the picture.")
    if header.width != layout.block_width or not rows <= header.height <= layout.block_height:
        raise ImageCorrupt("A strip or tile has another size than the picture says.")
    jpeg.check_scans(stream, header)
    return jpeg.decode_stream(stream, "GRAY" if grey else "RGB")


def _adobe_marker(transform: int) -> bytes:
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


def _samples(expanded: _Bytes, layout: Layout) -> npt.NDArray[Any]:
    rows = expanded.shape[0]
    channels = 1 if layout.planar else layout.channels
    if layout.bits < 8:
        return _unpack(expanded, layout.bits)[:, : layout.block_width, None]
    dtype = np.dtype(np.uint8 if layout.bits == 8 else layout.order + "u2")
    samples = expanded.view(dtype).reshape(rows, layout.block_width, channels)
    if layout.bits == 16:
        samples = samples.astype(np.uint16)
    if layout.predictor == 2 and layout.compression in _PREDICTED:
        samples = np.add.accumulate(samples, axis=1, dtype=samples.dtype)  # wraps, as it should
    return samples


def _unpack(packed: _Bytes, bits: int) -> _Bytes:
    """Samples of 1, 2 or 4 bits, first one in the highest bits of a byte."""
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    spread = (packed[..., None] >> shifts) & np.uint8((1 << bits) - 1)
    return spread.reshape(packed.shape[0], -1)

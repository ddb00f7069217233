"""TIFF and BigTIFF: layout, completeness, kind of pixels, scale. The pixels: tiff_blocks, tiff_pixels.

Source: TIFF 6.0 (Adobe 1992) with Technical Note 2 (JPEG); OME-TIFF; ImageJ's description.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from lungviewer.core.errors import (
    ImageCorrupt,
    ImageTooLarge,
    ImageTruncated,
    UnsupportedFormat,
    UnsupportedPixels,
)
from lungviewer.readers import scale
from lungviewer.readers.pixels import Decoded, decoding, note_profile, orient
from lungviewer.readers.slide_kinds import refusal, tiff_kind
from lungviewer.readers.tiff_blocks import COMPRESSIONS, JPEG_COMPRESSION, Layout
from lungviewer.readers.tiff_pixels import read_pixels
from lungviewer.readers.tiff_tags import UM_PER_RESOLUTION_UNIT, Directory, TagFile, resolution

_SAMPLE_KINDS = {
    2: "signed whole numbers",
    3: "floating point numbers",
    5: "complex numbers",
    6: "complex numbers",
}
_COLOUR_KINDS = {
    4: "a mask",
    6: "YCbCr without JPEG",
    8: "CIELab",
    9: "ICCLab",
    10: "ITULab",
    32803: "raw sensor data",
}
_COLOUR_CHANNELS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3}
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 1: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 5: (8,), 6: (8,)}
_MAX_BLOCK_PIXELS = 1 << 24
_REDUCED = 1


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Where the coded strips or tiles of one page lie, and how large one is in pixels."""

    tiled: bool
    offsets: list[int]
    sizes: list[int]


def decode(data: bytes) -> Decoded:
    """Decode the first page of a TIFF file. Rules and notes: readers/raster.py."""
    file = TagFile(data)
    pages = file.directories()
    first = pages[0]
    kind = tiff_kind(pages)
    if kind is not None:
        raise refusal(kind)
    for page in pages:
        _check_complete(page, len(data))
    width, height = first.integer(256, 0), first.integer(257, 0)
    notes: list[str] = []
    with decoding(width, height):
        layout = _layout(first, file.order, width, height, len(data))
        pixels = read_pixels(data, layout, notes)
        frames = max(
            1 + sum(not page.integer(254, 0) & _REDUCED for page in pages[1:]), _imagej_frames(first)
        )
        if frames > 1:
            notes.append(f"first_frame_of_{frames}")
        note_profile(first.raw(34_675), notes)
        orientation = first.integer(274, 1)
        pixels = orient(pixels, orientation, notes)
    return Decoded(pixels, tuple(notes), scale.resolve(_claims(first)))


def _blocks(page: Directory) -> _Blocks:
    tiled = 324 in page
    return _Blocks(tiled, page.integers(324 if tiled else 273), page.integers(325 if tiled else 279))


def _check_complete(page: Directory, size: int) -> None:
    """Every page's data must lie inside the file: a file that was cut is refused whole."""
    blocks = _blocks(page)
    if len(blocks.offsets) != len(blocks.sizes):
        if len(blocks.offsets) == 1 and not blocks.sizes and page.integer(259, 1) == 1:
            return  # old writers leave the size of a single plain strip out; it is computed later
        raise ImageCorrupt("The list of its strips is damaged.")
    if not blocks.offsets:
        return
    ends = np.asarray(blocks.offsets, np.float64) + np.asarray(blocks.sizes, np.float64)
    if float(ends.max()) > size:
        raise ImageTruncated("A part of the picture lies behind the end of the file.")


def _layout(page: Directory, order: str, width: int, height: int, size: int) -> Layout:
    """The page's layout in a file of `size` bytes, if it is one that is read.

    Raises:
        UnsupportedFormat: a compression that is not read.
        UnsupportedPixels: samples or colours that are not read.
        ImageCorrupt: numbers that contradict each other.
    """
    compression = page.integer(259, 1)
    if compression not in COMPRESSIONS:
        raise UnsupportedFormat(f"TIFF files with compression {compression} are not read.")
    colour = page.integer(262, -1)
    channels = page.integer(277, 1)
    bits = _bits(page, channels)
    _check_samples(page, colour, channels, bits, compression)
    planar = page.integer(284, 1) == 2 and channels > 1
    blocks = _blocks(page)
    if blocks.tiled:
        block_width, block_height = page.integer(322, 0), page.integer(323, 0)
        if block_width < 1 or block_height < 1 or block_width % 16 or block_height % 16:
            raise ImageCorrupt("The size of its tiles makes no sense.")  # TIFF 6.0, section 15
        if block_width * block_height > max(_MAX_BLOCK_PIXELS, 4 * width * height):
            raise ImageTooLarge("One of its tiles is larger than any picture that is read.")
    else:
        block_width, block_height = width, min(max(page.integer(278, height), 1), height)
    per_plane = math.ceil(width / block_width) * math.ceil(height / block_height)
    wanted = per_plane * (channels if planar else 1)
    sizes = blocks.sizes or [width * height * channels * bits // 8]
    if len(blocks.offsets) < wanted:
        raise ImageCorrupt("The list of its strips is shorter than the picture.")
    if sum(sizes[:wanted]) > 4 * size:
        raise ImageCorrupt("Its strips overlap.")
    alpha = page.integers(338)[:1] if channels == _COLOUR_CHANNELS[colour] + 1 else []
    return Layout(
        width=width,
        height=height,
        order=order,
        compression=compression,
        predictor=page.integer(317, 1),
        colour=colour,
        channels=channels,
        bits=bits,
        extra=alpha[0] if alpha else 0,
        planar=planar,
        tiled=blocks.tiled,
        block_width=block_width,
        block_height=block_height,
        offsets=tuple(blocks.offsets[:wanted]),
        sizes=tuple(sizes[:wanted]),
        palette=tuple(page.integers(320)) if colour == 3 else (),
        jpeg_tables=page.raw(347),
    )


def _bits(page: Directory, channels: int) -> int:
    values = page.integers(258) or [1]
    if len(values) not in (1, channels) and len(values) < channels:
        raise ImageCorrupt("The depths of its channels are incomplete.")
    if len(set(values[:channels])) != 1:
        raise UnsupportedPixels("Its channels have different depths.")
    return values[0]


def _check_samples(page: Directory, colour: int, channels: int, bits: int, compression: int) -> None:
    kinds = set(page.integers(339)[:channels]) or {1}
    if kinds != {1}:
        names = {_SAMPLE_KINDS.get(kind, "samples of an unknown kind") for kind in kinds - {1}}
        raise UnsupportedPixels(f"Its pixels are {bits}-bit {' and '.join(sorted(names))}.")
    if colour not in _COLOUR_CHANNELS or (colour == 6 and compression != JPEG_COMPRESSION):
        raise UnsupportedPixels(f"Its colours are {_COLOUR_KINDS.get(colour, 'of an unknown kind')}.")
    if channels not in (_COLOUR_CHANNELS[colour], _COLOUR_CHANNELS[colour] + 1) or channels > 4:
        raise UnsupportedPixels(f"Its number of channels is {channels}.")
    if bits not in _BIT_DEPTHS[colour] or (bits < 8 and channels > 1):
        raise UnsupportedPixels(f"Its samples have {bits} bits.")
    if compression == JPEG_COMPRESSION and (
        bits != 8 or colour not in (0, 1, 2, 6) or channels not in (1, 3)
    ):
        raise UnsupportedPixels("It is a JPEG-compressed TIFF of an unusual kind.")
    if compression == JPEG_COMPRESSION and page.integer(284, 1) != 1:
        raise UnsupportedPixels("Its channels are JPEG-compressed one by one.")
    if page.integer(266, 1) != 1:
        raise UnsupportedPixels("Its bits are stored in reverse order.")
    if page.integer(317, 1) not in (1, 2) or (page.integer(317, 1) == 2 and bits < 8):
        raise UnsupportedPixels("It was prepared for compression in a way that is not read.")


def _imagej_frames(page: Directory) -> int:
    """ImageJ may write a stack as one page and the number of its images into the description."""
    text = page.text(270)
    match = re.search(r"^images=(\d{1,9})$", text, re.MULTILINE) if text.startswith("ImageJ=") else None
    return int(match.group(1)) if match else 1


def _claims(page: Directory) -> list[scale.ScaleClaim]:
    description = page.text(270)
    x, y, unit = resolution(page)
    claims = scale.from_ome_xml(description)
    if description.startswith("ImageJ="):
        claims += scale.from_imagej(description, x, y)
    return claims + scale.per_unit(x, y, UM_PER_RESOLUTION_UNIT.get(unit, 0.0), "resolution tag")

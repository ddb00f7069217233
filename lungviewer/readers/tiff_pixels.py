"""From the samples of a checked TIFF layout to RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, UnsupportedPixels
from lungviewer.core.image import RGB
from lungviewer.readers.pixels import grey_to_rgb, on_white, rgb_of, to_8_bit
from lungviewer.readers.tiff_blocks import JPEG_COMPRESSION, Layout, sample_blocks

_ASSOCIATED, _UNASSOCIATED = 1, 2
_Bytes = npt.NDArray[np.uint8]


def read_pixels(data: bytes, layout: Layout, notes: list[str]) -> RGB:
    """Expand and place every block; codes of what was changed are added to `notes`.

    Raises:
        ImageTruncated, ImageCorrupt, ImageTooLarge: as `sample_blocks`.
        UnsupportedPixels: a palette that can be read in two ways.
    """
    out = np.empty((layout.height, layout.width, 3), np.uint8)
    found: set[str] = set()
    lookup = _palette(layout) if layout.colour == 3 else None
    for index, samples in sample_blocks(data, layout):
        x, y = layout.corner(index)
        width, height = min(layout.block_width, layout.width - x), min(layout.block_height, layout.height - y)
        out[y : y + height, x : x + width] = _to_rgb(samples[:height, :width], layout, lookup, found)
    notes.extend(sorted(found | _layout_notes(layout)))
    return out


def _layout_notes(layout: Layout) -> set[str]:
    notes = set()
    if layout.colour in (0, 1):
        notes.add("bilevel" if layout.bits == 1 else "grey")
    if layout.colour == 3:
        notes.add("palette")
    if layout.colour == 5:
        notes.add("cmyk_converted")
    if layout.bits == 16:
        notes.add("16bit_scaled")
    return notes


def _to_rgb(samples: npt.NDArray[Any], layout: Layout, lookup: _Bytes | None, found: set[str]) -> RGB:
    if layout.compression == JPEG_COMPRESSION and layout.colour in (2, 6):
        return samples
    if lookup is not None:
        rgb: RGB = lookup[samples[..., 0]]
    else:
        eight = to_8_bit(samples) if layout.bits == 16 else samples
        if layout.bits < 8:
            eight = eight * np.uint8(255 // ((1 << layout.bits) - 1))
        if layout.colour == 5:
            return _cmyk_to_rgb(eight)
        rgb = eight[..., :3] if layout.colour == 2 else grey_to_rgb(eight[..., 0])
        if layout.colour == 0:
            rgb = 255 - rgb
    colours = 3 if layout.colour == 2 else 1
    if layout.channels == colours:
        return rgb
    extra = to_8_bit(samples[..., -1]) if layout.bits == 16 else samples[..., -1]
    if layout.extra not in (_ASSOCIATED, _UNASSOCIATED):
        found.add("extra_channel_ignored")
        return rgb
    if int(extra.min()) == 255:
        return rgb
    found.add("alpha_on_white")
    return on_white(rgb, extra, premultiplied=layout.extra == _ASSOCIATED)


def _palette(layout: Layout) -> _Bytes:
    """2^bits×3 colours. Entries are 16-bit; writers put the 8-bit value into the upper half, or both."""
    entries = 1 << layout.bits
    if len(layout.palette) != 3 * entries:
        raise ImageCorrupt("The palette is incomplete.")
    values = np.array(layout.palette, np.uint16)
    if int(values.max()) < 256:
        raise UnsupportedPixels("The palette holds values of half the usual depth.")
    return np.ascontiguousarray((values >> 8).astype(np.uint8).reshape(3, entries).T)


def _cmyk_to_rgb(inks: _Bytes) -> RGB:
    from PIL import Image

    height, width = inks.shape[:2]
    content = np.ascontiguousarray(inks).tobytes()
    return rgb_of(Image.frombuffer("CMYK", (width, height), content, "raw", "CMYK", 0, 1))

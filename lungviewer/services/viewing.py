"""An image or slide opened for looking at: whatever its format, with levels to zoom through."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.ct import CT, CtSeries, CtSource
from lungviewer.core.image import ImageSource
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_ct, open_image, open_slide
from lungviewer.readers.pyramid import PyramidSource
from lungviewer.readers.slide_kinds import is_slide
from lungviewer.readers.slide_pyramid import with_levels

_READERS = 2
"""Processes that read a slide which is looked at: as many as the window has threads for tiles."""


def open_view(
    path: Path, um_per_px: float | None = None, decoder: IsolatedDecoder | None = None
) -> ImageSource:
    """Open an image or slide of any format that is read, so that coarse levels of it can be read fast.

    What has levels of its own is given as it is; an image of one level gets coarser ones, and so does a slide
    of one level that is small enough (slide_pyramid.LARGEST_HELD_PIXELS). A slide (`info.kind`) is a
    `SlideSource` either way, in sRGB; CT is a `CtSource`.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the file says.
        decoder: where risky formats are decoded. A slide is closed when it is.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
        UsageError: the scale makes no sense.
    """
    if is_slide(path):
        return with_levels(
            open_slide(path, um_per_px, readers=_READERS, colour_managed=True, decoder=decoder)
        )
    source = open_image(path, um_per_px, isolated=decoder)
    plain = len(source.info.levels) == 1 and source.info.kind != CT
    return PyramidSource(source) if plain else source


def open_series(series: CtSeries, decoder: IsolatedDecoder | None = None) -> CtSource:
    """Open the slices of a CT series, to be looked at one by one. See `readers.opening.open_ct`."""
    return open_ct(series, readers=_READERS, decoder=decoder)

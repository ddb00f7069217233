"""An image opened for looking at: whatever its format, with levels to zoom through."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.image import ImageSource
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image
from lungviewer.readers.pyramid import PyramidSource


def open_view(
    path: Path, um_per_px: float | None = None, decoder: IsolatedDecoder | None = None
) -> ImageSource:
    """Open an image of any format that is read, so that coarse levels of it can be read fast.

    Files with levels of their own are given as they are; an image of one level gets coarser ones.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the file says.
        decoder: where risky formats are decoded.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
        UsageError: the scale makes no sense.
    """
    source = open_image(path, um_per_px, isolated=decoder)
    return PyramidSource(source) if len(source.info.levels) == 1 else source

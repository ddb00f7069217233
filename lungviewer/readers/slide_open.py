"""By which way a slide is opened in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lungviewer.core.errors import FileEmpty, ImageError, NotAnImage, UnsupportedFormat, UnsupportedPixels
from lungviewer.core.image import SlideSource
from lungviewer.readers.files import read_head
from lungviewer.readers.slide import open_openslide, openslide_vendor
from lungviewer.readers.slide_tiff import OME_FORMAT, open_tiff_slide
from lungviewer.readers.sniff import FORMAT_NAMES, sniff

_TIFF = frozenset({"tiff", "bigtiff"})
_Outcome = SlideSource | ImageError


def open_slide_here(path: Path, um_per_px: float | None = None, colour_managed: bool = False) -> SlideSource:
    """Open a slide of any format that is read, in this process.

    By OpenSlide where it can. TIFF files that it cannot open, and OME pyramids, whose levels it does not see,
    are opened by slide_tiff.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the slide says.
        colour_managed: give pixels in sRGB, through the slide's colour profile; else as they are stored.

    Raises:
        NotAnImage, UnsupportedFormat: it is no slide, or of a kind that is not read.
        ImageError: another of its classes says what is wrong with the file.
        UsageError: `um_per_px` is not between 0.02 and 20.
    """
    head = read_head(path)
    if not head:
        raise FileEmpty("The file is empty.")
    file_format = sniff(head)
    vendor = openslide_vendor(path)
    if file_format not in _TIFF:
        if vendor is None:
            raise _no_slide(file_format)
        return open_openslide(path, um_per_px, colour_managed)

    def attempt(opener: Callable[[Path, float | None, bool], SlideSource]) -> _Outcome:
        try:
            return opener(path, um_per_px, colour_managed)
        except ImageError as error:
            return error

    if vendor is None:
        return open_tiff_slide(path, um_per_px, colour_managed)
    if vendor == "generic-tiff":
        plain = attempt(open_tiff_slide)
        if not isinstance(plain, ImageError):
            if plain.info.format == OME_FORMAT:
                return plain
            plain.close()
    slide = attempt(open_openslide)
    if not isinstance(slide, ImageError):
        return slide
    other = attempt(open_tiff_slide)
    if not isinstance(other, ImageError):
        return other
    # The second one knows by name what it does not read.
    raise other if isinstance(other, UnsupportedFormat | UnsupportedPixels) else slide


def _no_slide(file_format: str | None) -> ImageError:
    if file_format is None:
        return NotAnImage("The file is no whole slide of a known format.")
    return UnsupportedFormat(
        f"This {FORMAT_NAMES[file_format]} file is no whole slide that can be read.",
        hint="If it is a picture of one field, open it as an image.",
    )

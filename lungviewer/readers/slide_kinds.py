"""Which files are whole slides: from their names and headers, no pixel decoded, and little of them read.

Slides are, by content:

- TIFF with what a slide scanner leaves in its first page, or named as slides are (`SLIDE_SUFFIXES`);
- TIFF of 8-bit colour in tiles that has reduced levels (SubIFDs, or later pages of the same shape), or more
  pixels than are read as a picture;
- a JPEG called `.mrxs`, which is the thumbnail of its slide; the list of a Hamamatsu slide (VMS, VMU); an
  SQLite file called `.svslide`; DICOM of the class VL Whole Slide Microscopy.

Everything else is a picture or nothing, also under the name of a slide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from lungviewer.core.errors import ImageError, UnsupportedFormat
from lungviewer.readers.file_content import FileContent
from lungviewer.readers.files import open_regular
from lungviewer.readers.pixels import MAX_PIXELS
from lungviewer.readers.sniff import HEAD_BYTES, SLIDE_SUFFIXES, sniff
from lungviewer.readers.tiff_tags import Directory, TagFile

# What slide scanners leave in the first directory: tag (270 description, 305 software, 700 XMP), how it
# begins or what it holds, and whose it is.
_SLIDE_SIGNS: tuple[tuple[int, str, str], ...] = (
    (270, "^aperio", "Aperio"),
    (270, "<scn", "Leica"),
    (700, "<iscan", "Ventana"),
    (305, "^philips", "Philips"),
    (305, "medscan", "Trestle"),
)
_NDPI_TAG = 65_420
_SIGN_BYTES = 4096
_MOST_PAGES = 64
"""So many pages are looked at: the levels of a slide stand near the beginning, stacks may have thousands."""

_LEAST_REDUCTION = 1.5
_TIFF_SUFFIXES = frozenset({".svs", ".ndpi", ".scn", ".bif"})
_MAY_BE_SLIDES = frozenset({"tiff", "bigtiff", "dicom", "hamamatsu", "sqlite"})


def is_slide(path: Path) -> bool:
    """Whether a file is a whole slide, to be opened by `opening.open_slide`. False also for whatever is no
    regular file, or cannot be read: opening it as a picture says why."""
    return slide_kind(path) is not None


def slide_kind(path: Path) -> str | None:
    """The maker or format of a slide, as people call it; None if the file is no slide or cannot be read."""
    try:
        with open_regular(path) as stream:
            return _kind(stream, path.suffix.lower())
    except ImageError:
        return None


def may_be_slide(file_format: str | None, suffix: str) -> bool:
    """Whether it is worth asking `slide_kind`, by the answer of `sniff` and the name's suffix."""
    return file_format in _MAY_BE_SLIDES or suffix.lower() == ".mrxs"


def refusal(kind: str) -> UnsupportedFormat:
    """Said by whatever reads pictures."""
    return UnsupportedFormat(
        f"Whole slides ({kind}) are not read as pictures.", hint="Open it as a slide, and map it."
    )


def kind_by_name(file_format: str | None, suffix: str) -> str | None:
    """The kind of slide that a name with a lower-case suffix makes of a content, if it makes one of it."""
    if suffix not in SLIDE_SUFFIXES:
        return None
    named = (
        (file_format in ("tiff", "bigtiff") and suffix in _TIFF_SUFFIXES)
        or (file_format == "jpeg" and suffix == ".mrxs")
        or (file_format == "sqlite" and suffix == ".svslide")
    )
    return suffix[1:].upper() if named else None


def tiff_kind(pages: Iterable[Directory]) -> str | None:
    """The kind of slide that the pages of a TIFF file make. No more of them are read than needed.

    Raises:
        ImageTruncated, ImageCorrupt: a page cannot be read.
    """
    larger: list[Directory] = []
    for number, page in zip(range(_MOST_PAGES), pages, strict=False):
        maker = _maker(page) if number == 0 else None
        if maker is not None:
            return maker
        if any(_is_reduced(other, page) for other in larger):
            return "TIFF with levels"
        if _is_tiled_colour(page):
            width, height = _size(page)
            if width * height > MAX_PIXELS:
                return "TIFF"
            if page.integers(330):
                return "TIFF with levels"
            larger.append(page)
    return None


def _kind(stream: BinaryIO, suffix: str) -> str | None:
    head = stream.read(HEAD_BYTES)
    file_format = sniff(head)
    named = kind_by_name(file_format, suffix)
    if named is not None:
        return named
    if file_format in ("tiff", "bigtiff"):
        return tiff_kind(TagFile(FileContent(stream)).chain())
    if file_format == "dicom":
        from lungviewer.readers.dicom_header import HEADER_BYTES, slide_instance

        return "DICOM" if slide_instance(head + stream.read(HEADER_BYTES - len(head))) else None
    return "Hamamatsu" if file_format == "hamamatsu" else None


def _maker(page: Directory) -> str | None:
    for tag, sign, name in _SLIDE_SIGNS:
        if re.search(sign, page.text(tag, _SIGN_BYTES).lower()):
            return name
    return "Hamamatsu" if _NDPI_TAG in page else None


def _size(page: Directory) -> tuple[int, int]:
    return page.integer(256, 0), page.integer(257, 0)


def _is_tiled_colour(page: Directory) -> bool:
    """Eight-bit RGB or YCbCr in tiles, which is all that slides are read from without a maker's sign."""
    bits = page.integers(258)
    return 324 in page and page.integer(262, -1) in (2, 6) and set(bits) == {8} and min(_size(page)) > 0


def _is_reduced(larger: Directory, page: Directory) -> bool:
    """Whether a page is another one, smaller: of the same shape, in tiles or marked as reduced."""
    (width, height), (w, h) = _size(larger), _size(page)
    if min(w, h) < 1 or width < _LEAST_REDUCTION * w or not (324 in page or page.integer(254, 0) & 1):
        return False
    return abs(h - height * w / width) <= 1 or abs(w - width * h / height) <= 1

"""TIFF pyramids that OpenSlide does not read as such: OME-TIFF with its levels in SubIFDs, and others.

The largest 8-bit RGB image of the file is the slide; other RGB images lie beside it. tifffile reads the
structure, never another file that this one names; tiff_tiles decodes.

Notes in `ImageInfo.notes`: those of readers/slide.py, and
one_of_<n>_regions    several images have levels and are no label or macro: scanned regions of one glass, of
                      which the largest is read and the others are pictures beside it
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungviewer.core.errors import ImageError, OutOfMemory, UnsupportedFormat, UnsupportedPixels
from lungviewer.core.image import RGB, ImageInfo
from lungviewer.readers import scale
from lungviewer.readers.files import read_head
from lungviewer.readers.levelled_slide import LevelledSlide
from lungviewer.readers.pixels import check_size, note_profile
from lungviewer.readers.slide_colour import ToSrgb, to_srgb
from lungviewer.readers.slide_content import slide_sha256
from lungviewer.readers.slide_levels import FileLevel, image_levels, useful_levels
from lungviewer.readers.tiff_structure import tiff_structure
from lungviewer.readers.tiff_tags import UM_PER_RESOLUTION_UNIT
from lungviewer.readers.tiff_tiles import TiledPage, TileReader, describe_page

OME_FORMAT = "OME-TIFF"
_PROFILE_TAG, _X_TAG, _Y_TAG, _UNIT_TAG = 34_675, 282, 283, 296
_BESIDE = ("label", "macro", "overview", "thumbnail")
"""What pictures that show no tissue of their own have in their names."""

_MAGNIFICATION = re.compile(r"\bNominalMagnification\s*=\s*[\"'](\d{1,4}(?:\.\d{1,4})?)[\"']")


@dataclass(frozen=True, slots=True)
class _Contents:
    """What was found: the pages of the slide, largest first, and those of pictures beside it, by name;
    `regions` counts the images that may be slides, this one with them."""

    pages: tuple[TiledPage, ...]
    beside: dict[str, TiledPage]
    format: str
    claims: tuple[scale.ScaleClaim, ...]
    magnification: float | None
    profile: bytes
    regions: int


class TiffSlide(LevelledSlide):
    """A `SlideSource` over the pages of a TIFF file. Reads may come from several threads at once."""

    def __init__(
        self,
        tiles: TileReader,
        contents: _Contents,
        info: ImageInfo,
        levels: tuple[FileLevel, ...],
        convert: ToSrgb | None,
    ) -> None:
        super().__init__(info, levels, convert)
        self._tiles = tiles
        self._pages = contents.pages
        self._beside = contents.beside

    @property
    def associated(self) -> tuple[str, ...]:
        return tuple(sorted(self._beside))

    def associated_image(self, name: str) -> RGB:
        page = self._beside[name]
        check_size(page.width, page.height)
        return self._tiles.read(page, 0, 0, page.width, page.height)

    def close(self) -> None:
        self._tiles.close()

    def _require_open(self) -> None:
        self._tiles.require_open()

    def _decode(self, level: FileLevel, l_x: int, l_y: int, width: int, height: int) -> RGB:
        return self._tiles.read(self._pages[level.number], l_x, l_y, width, height)


def open_tiff_slide(path: Path, um_per_px: float | None = None, colour_managed: bool = False) -> TiffSlide:
    """Open a TIFF pyramid in this process.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the file says.
        colour_managed: give pixels in sRGB, through the slide's colour profile; else as they are stored.

    Raises:
        UnsupportedFormat: no TIFF, no slide, or a compression that is not read.
        ImageError: another of its classes says what is wrong with the file.
        UsageError: `um_per_px` is not between 0.02 and 20.
    """
    given = None if um_per_px is None else scale.user_scale(um_per_px)
    read_head(path, 1)  # nothing but a regular file that may be read is touched
    try:
        with tiff_structure(path) as file:
            contents = _contents(file)
        levels = useful_levels(
            [(page.width, page.height) for page in contents.pages],
            tiles=[page.tile for page in contents.pages],
        )
    except MemoryError:
        raise OutOfMemory("There is not enough memory to open the slide.") from None
    judged = given or scale.resolve(contents.claims)
    notes = list(judged.notes)
    convert = to_srgb(contents.profile) if colour_managed else None
    if convert is None:
        note_profile(contents.profile, notes)
    if contents.regions > 1:
        notes.append(f"one_of_{contents.regions}_regions")
    info = ImageInfo(
        path=path,
        kind="slide",
        format=contents.format,
        width=levels[0].width,
        height=levels[0].height,
        levels=image_levels(levels),
        um_per_px=judged.um_per_px,
        um_per_px_source=judged.source,
        notes=tuple(notes),
        magnification=contents.magnification,
        identity=slide_sha256(path)[0],
    )
    return TiffSlide(TileReader(path.open("rb")), contents, info, levels, convert)


def _contents(file: Any) -> _Contents:
    images: list[tuple[str, Any, tuple[TiledPage, ...]]] = []
    refused: list[tuple[int, ImageError]] = []
    for series in file.series:
        first = series.levels[0].keyframe
        try:
            images.append((str(series.name), first, tuple(_pages(series))))
        except ImageError as error:
            refused.append((int(first.imagewidth) * int(first.imagelength), error))
    images.sort(key=lambda image: image[2][0].width * image[2][0].height, reverse=True)
    largest = images[0][2][0].width * images[0][2][0].height if images else 0
    # A label that is read must not be taken for the slide that is not.
    for area, reason in refused:
        if area > largest:
            raise reason
    if not images:
        raise UnsupportedFormat("The TIFF file holds no picture.")
    _, page, pages = images[0]
    if len(pages) == 1 and not pages[0].layout.tiled:
        raise UnsupportedFormat("The TIFF file holds a plain picture, no slide.", hint="Open it as an image.")
    ome = str(file.ome_metadata or "")
    magnification = _MAGNIFICATION.search(ome)
    return _Contents(
        pages=pages,
        beside=dict(_named((name, own[0]) for name, _, own in images[1:])),
        format=OME_FORMAT if ome else "tiled TIFF",
        claims=tuple(_claims(page, ome)),
        magnification=float(magnification[1]) if magnification else None,
        profile=bytes(page.tags.valueof(_PROFILE_TAG, default=b"")),
        regions=1
        + sum(_is_region(series) for series in file.series if series.levels[0].keyframe is not page),
    )


def _is_region(series: Any) -> bool:
    """Some programs make levels for every image of a file, of its label too."""
    return len(series.levels) > 1 and not any(word in str(series.name).lower() for word in _BESIDE)


def _pages(series: Any) -> Iterator[TiledPage]:
    """The levels of one image; coarser ones that are not read are left out."""
    for number, level in enumerate(series.levels):
        try:
            if len(level.pages) != 1:
                raise UnsupportedPixels("The slide has several planes or separate channels.")
            yield describe_page(level.keyframe)
        except ImageError:
            if number == 0:
                raise


def _named(images: Iterable[tuple[str, TiledPage]]) -> Iterator[tuple[str, TiledPage]]:
    """No name twice."""
    seen: Counter[str] = Counter()
    for name, page in images:
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name} {seen[name]}"), page


def _claims(page: Any, ome: str) -> list[scale.ScaleClaim]:
    claims = scale.from_ome_xml(ome, (int(page.imagewidth), int(page.imagelength)))
    x, y = (page.tags.valueof(tag, default=(0, 1)) for tag in (_X_TAG, _Y_TAG))
    if 0 in (x[1], y[1]):
        return claims
    unit = UM_PER_RESOLUTION_UNIT.get(int(page.tags.valueof(_UNIT_TAG, default=2)), 0.0)
    return claims + scale.per_unit(x[0] / x[1], y[0] / y[1], unit, "resolution tag")

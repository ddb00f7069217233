"""Whole slides that OpenSlide reads: Aperio, Hamamatsu, Leica, MIRAX, Philips, Ventana, Trestle, Sakura,
Zeiss, DICOM and plain tiled TIFF.

What is read, by rule. Level 0 is cropped to the bounds that the slide states. Pixels are given as stored, or
in sRGB when that is asked for; transparent ones lie on the slide's own background colour, or white.

Which pixels. Those of the level itself, wherever they can be had. OpenSlide takes the place of a read in
whole level-0 pixels and interpolates where that is no whole pixel of the level: wherever its ratio of the
sizes is no whole number, because a scanner left odd rows out (4443 / 2221). Plain pages of Aperio and tiled
TIFF are therefore read directly (slide_direct). What remains, JPEG 2000 and other formats with such ratios,
begins at the nearest level-0 pixel and shows pixels between two of the level.

Notes in `ImageInfo.notes`: icc_ignored, implausible_scale_ignored, anisotropic_scale_ignored
(readers/raster.py).
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from lungviewer.core.errors import (
    DecoderUnavailable,
    ImageCorrupt,
    ImageError,
    OutOfMemory,
    UnsupportedFormat,
)
from lungviewer.core.image import RGB, ImageInfo
from lungviewer.readers import scale
from lungviewer.readers.files import read_head
from lungviewer.readers.levelled_slide import LevelledSlide
from lungviewer.readers.pixels import check_size, note_profile
from lungviewer.readers.slide_colour import ToSrgb, to_srgb
from lungviewer.readers.slide_content import slide_sha256
from lungviewer.readers.slide_direct import DirectLevels, direct_levels
from lungviewer.readers.slide_facts import SlideFacts, read_facts
from lungviewer.readers.slide_handle import SlideHandle
from lungviewer.readers.slide_levels import FileLevel, check_slide, image_levels, useful_levels

if TYPE_CHECKING:
    from openslide import OpenSlide
    from PIL.Image import Image

_READ_SIDE = 4096
"""OpenSlide divides larger reads itself, and rounds where their parts begin."""

_DAMAGED_PROFILE = b"damaged"
"""Converts nothing, and is noted as one that was ignored."""

_HINT = "Export it again from the scanner's own program, for example as pyramidal OME-TIFF."


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a slide is read from: `ratios` are OpenSlide's own downsamples, by its numbers of the levels;
    `associated` the sizes (width, height) of the pictures beside the tissue."""

    handle: SlideHandle
    direct: DirectLevels | None
    ratios: tuple[float, ...]
    background: tuple[int, int, int]
    associated: dict[str, tuple[int, int]]


class OpenSlideSource(LevelledSlide):
    """A `SlideSource` over an open slide. Reads may come from several threads at once."""

    def __init__(
        self,
        opened: _Opened,
        info: ImageInfo,
        levels: tuple[FileLevel, ...],
        colour_managed: bool,
        convert: ToSrgb | None,
    ) -> None:
        super().__init__(info, levels, convert)
        self._opened = opened
        self._colour_managed = colour_managed

    @property
    def associated(self) -> tuple[str, ...]:
        return tuple(sorted(self._opened.associated))

    def associated_image(self, name: str) -> RGB:
        check_size(*self._opened.associated[name])
        picture = self._opened.handle.ask(lambda slide: slide.associated_images[name])
        pixels = _flatten(picture, (255, 255, 255))
        convert = to_srgb(picture.info.get("icc_profile", b"")) if self._colour_managed else None
        return pixels if convert is None else convert(pixels)

    def close(self) -> None:
        self._opened.handle.close()
        if self._opened.direct is not None:
            self._opened.direct.tiles.close()

    def _require_open(self) -> None:
        self._opened.handle.require_open()

    def _decode(self, level: FileLevel, l_x: int, l_y: int, width: int, height: int) -> RGB:
        direct = self._opened.direct
        if direct is not None and level.number in direct.pages:
            return direct.tiles.read(direct.pages[level.number], l_x, l_y, width, height)
        if width <= _READ_SIDE and height <= _READ_SIDE:
            return self._read_piece(level, l_x, l_y, width, height)
        out = np.empty((height, width, 3), np.uint8)
        for y in range(0, height, _READ_SIDE):
            for x in range(0, width, _READ_SIDE):
                across, down = min(_READ_SIDE, width - x), min(_READ_SIDE, height - y)
                out[y : y + down, x : x + across] = self._read_piece(level, l_x + x, l_y + y, across, down)
        return out

    def _read_piece(self, level: FileLevel, l_x: int, l_y: int, width: int, height: int) -> RGB:
        ratio = self._opened.ratios[level.number]
        l0_origin = round(l_x * ratio), round(l_y * ratio)
        picture = self._opened.handle.ask(
            lambda slide: slide.read_region(l0_origin, level.number, (width, height))
        )
        return _flatten(picture, self._opened.background)


def open_openslide(
    path: Path, um_per_px: float | None = None, colour_managed: bool = False
) -> OpenSlideSource:
    """Open a slide with OpenSlide, in this process.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the slide says.
        colour_managed: give pixels in sRGB, through the slide's colour profile; else as they are stored.

    Raises:
        UnsupportedFormat: OpenSlide knows no such format, or no way to decode its pixels.
        ImageError: another of its classes says what is wrong with the file.
        UsageError: `um_per_px` is not between 0.02 and 20.
    """
    given = None if um_per_px is None else scale.user_scale(um_per_px)
    read_head(path, 1)  # nothing but a regular file that may be read is touched
    slide = _open(path)
    try:
        return _describe(slide, path, given, colour_managed)
    except MemoryError:
        slide.close()
        raise OutOfMemory("There is not enough memory to open the slide.") from None
    except ImageError:
        slide.close()
        raise


def openslide_vendor(path: Path) -> str | None:
    """What OpenSlide calls the format of a regular file ("aperio", "generic-tiff", …); None: unknown."""
    openslide = _library()
    vendor: str | None = openslide.OpenSlide.detect_format(path)
    return vendor


def _library() -> ModuleType:
    try:
        import openslide
    except (ImportError, OSError):  # its shared library is missing, or of another machine
        raise DecoderUnavailable(
            "The library that reads whole slides cannot be loaded.", hint="Install lungviewer again."
        ) from None
    return openslide


def _open(path: Path) -> OpenSlide:
    openslide = _library()
    try:
        slide: OpenSlide = openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError:
        raise UnsupportedFormat("The file is no whole slide of a known format.", hint=_HINT) from None
    except openslide.OpenSlideError as error:  # its text may hold the name of the file: never shown
        if "compression" in str(error):
            raise UnsupportedFormat(
                "The slide is compressed in a way that is not read.", hint=_HINT
            ) from None
        raise ImageCorrupt("The slide cannot be opened: its description is damaged or incomplete.") from None
    return slide


def _describe(
    slide: OpenSlide, path: Path, given: scale.Scale | None, colour_managed: bool
) -> OpenSlideSource:
    import openslide

    try:
        sizes, ratios = slide.level_dimensions, slide.level_downsamples
        properties = _properties(slide)
        associated = {name: _associated_size(properties, name) for name in slide.associated_images}
        profile = _profile(slide)
    except (openslide.OpenSlideError, OSError):
        raise ImageCorrupt("The slide's description of itself is damaged.") from None
    facts = read_facts(properties, sizes)
    check_slide(*sizes[0], max(facts.tiles, key=math.prod))
    levels = useful_levels(sizes, facts.bounds, facts.tiles)
    judged = given or scale.resolve(facts.claims)
    notes = list(judged.notes)
    convert = to_srgb(profile) if colour_managed else None
    if convert is None:
        note_profile(profile, notes)
    identity = facts.identity or slide_sha256(path)[0]
    info = _info(path, facts, identity, levels, judged, tuple(notes))
    direct = direct_levels(path, facts.vendor, sizes)
    opened = _Opened(SlideHandle(slide, path), direct, ratios, facts.background, associated)
    return OpenSlideSource(opened, info, levels, colour_managed, convert)


def _info(
    path: Path,
    facts: SlideFacts,
    identity: str,
    levels: tuple[FileLevel, ...],
    judged: scale.Scale,
    notes: tuple[str, ...],
) -> ImageInfo:
    return ImageInfo(
        path=path,
        kind="slide",
        format=facts.format,
        width=levels[0].width,
        height=levels[0].height,
        levels=image_levels(levels),
        um_per_px=judged.um_per_px,
        um_per_px_source=judged.source,
        notes=notes,
        offset=(levels[0].left, levels[0].top),
        magnification=facts.magnification,
        identity=identity,
    )


def _properties(slide: OpenSlide) -> dict[str, str]:
    """Without those whose names are no UTF-8: such a one is listed under a name by which it is not found."""
    found = {}
    for name in slide.properties:
        with contextlib.suppress(KeyError):
            found[name] = slide.properties[name]
    return found


def _profile(slide: OpenSlide) -> bytes:
    from PIL import ImageCms

    try:
        profile = slide.color_profile
    except ImageCms.PyCMSError:
        return _DAMAGED_PROFILE
    return b"" if profile is None else profile.tobytes()


def _associated_size(properties: dict[str, str], name: str) -> tuple[int, int]:
    width, height = (
        properties.get(f"openslide.associated.{name}.{side}", "0") for side in ("width", "height")
    )
    return int(width), int(height)


def _flatten(picture: Image, background: tuple[int, int, int]) -> RGB:
    """RGBA on a colour."""
    from PIL import Image as Pillow

    if picture.getchannel("A").getextrema() == (255, 255):
        return np.array(picture.convert("RGB"))
    ground = Pillow.new("RGB", picture.size, background)
    ground.paste(picture, mask=picture.getchannel("A"))
    return np.array(ground)

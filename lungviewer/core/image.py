"""What an open image is, whatever file format it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from lungviewer.core.geometry import Rect

RGB = npt.NDArray[np.uint8]
"""H×W×3, uint8, contiguous, red first. Never BGR, alpha or a PIL object."""


@dataclass(frozen=True, slots=True)
class ImageLevel:
    """One level of a pyramid. `downsample` is level-0 pixels per pixel of this level (≥ 1)."""

    width: int
    height: int
    downsample: float


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Facts about an open image.

    `kind` is "image", "slide" or "ct"; `um_per_px` is micrometres per level-0 pixel, or None when the
    file does not say; `um_per_px_source` says where it came from ("ome", "imagej", "resolution tag",
    "dicom", "user"). `notes` are codes of what a written rule changed on the way in (see readers/raster.py).

    For slides: `offset` is where this image's level-0 pixel (0, 0) lies in the frame of the file, larger than
    (0, 0) where a slide was cropped to the bounds that it states; `magnification` is the objective that the
    file states, which is no scale; `identity` recognises the slide wherever its file lies.
    """

    path: Path
    kind: str
    format: str
    width: int
    height: int
    levels: tuple[ImageLevel, ...]
    um_per_px: float | None = None
    um_per_px_source: str = ""
    frames: int = 1
    notes: tuple[str, ...] = field(default=())
    offset: tuple[int, int] = (0, 0)
    magnification: float | None = None
    identity: str = ""


class ImageSource(Protocol):
    """An open image. All coordinates are level-0 pixels, x to the right, y down."""

    @property
    def info(self) -> ImageInfo: ...

    def read(self, l0_origin: tuple[int, int], level: int, size: tuple[int, int], frame: int = 0) -> RGB:
        """Pixels of one rectangle.

        Args:
            l0_origin: (x, y) of the top left corner in level-0 pixels; may lie outside the image. The
                nearest whole pixel of the level is where the rectangle begins.
            level: index into `info.levels`.
            size: (width, height) in pixels *of that level*.
            frame: 0-based index, for files with several frames.

        Returns:
            height×width×3 uint8 RGB, contiguous, owned by the caller; white outside the image.

        Raises:
            ImageError: the pixels cannot be decoded.
        """

    def thumbnail(self, max_side: int) -> RGB:
        """The whole image, longest side at most `max_side` pixels, never enlarged."""

    def close(self) -> None:
        """Give back files and memory. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A whole slide, small: `pixels` H×W×3, and `readable` H×W, False where a damaged part could not be read
    (white in `pixels`)."""

    pixels: RGB
    readable: npt.NDArray[np.bool_]


class SlideSource(ImageSource, Protocol):
    """An open whole slide. `read` of a damaged part raises, and every other part can still be read."""

    def overview(self, max_side: int) -> Overview:
        """The whole slide, longest side at most `max_side` pixels, however much of it is damaged."""

    def read_fields(
        self, rects: Sequence[Rect], level: int, size: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Square fields, cut and resized where the slide is open.

        Args:
            rects: squares in level-0 pixels, fractions allowed; what lies outside the slide is white.
            level: index into `info.levels`; the level whose pixels are resized.
            size: side of the results in pixels.

        Returns:
            (N×size×size×3 uint8 RGB, N bool): the fields by `core.preprocess.resize_field`, and which of them
            could be read. One that is damaged, or ends the process that reads it, is False and white.

        Raises:
            ImageError: the slide as a whole cannot be read any more (it changed, or is gone).
        """

    @property
    def associated(self) -> tuple[str, ...]:
        """Names of pictures beside the tissue ("label", "macro", …). A label may name a patient: they are
        shown on request only, and never kept."""

    def associated_image(self, name: str) -> RGB:
        """One of them. Raises ImageError when it cannot be read, KeyError when there is none."""

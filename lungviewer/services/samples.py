"""Sample images that show no patient: drawn by the program, and labelled as such in every file.

`lungviewer samples` writes them; `resources/samples` holds what it draws when asked for nothing else:
512 pixels a side, mostly JPEG, and one small slide, because a repository should stay small.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import lungviewer
from lungviewer.core.errors import OutputError, OutputUnwritable, UsageError
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.paths import atomic_write
from lungviewer.services.phantom.fields import (
    KINDS,
    REFUSAL_KINDS,
    TISSUE_KINDS,
    UM_PER_PX,
    make_field,
)
from lungviewer.services.phantom.slide import write_phantom_slide
from lungviewer.services.phantom.slide_truth import SlideRegion, SlideTruth

__all__ = [
    "KINDS",
    "REFUSAL_KINDS",
    "TISSUE_KINDS",
    "SlideRegion",
    "SlideTruth",
    "make_field",
    "write_phantom_slide",
    "write_sample_slide",
    "write_samples",
]

FIELD_UM = 768 * UM_PER_PX
"""Width of a sample in µm whatever its size in pixels: that of the usual training tiles."""

SAMPLE_SLIDE = "synthetic_slide_1.tiff"
_SLIDE_SIZE, _SLIDE_UM_PER_PX, _SLIDE_SEED = (4096, 3072), 0.5, 1

_SUFFIX = {"jpeg": ".jpg", "png": ".png"}
_JPEG_QUALITY = 90
_EXIF_DESCRIPTION = 0x010E
_EXIF_SOFTWARE = 0x0131


@dataclass(frozen=True, slots=True)
class _Sample:
    """One file to be: `aspect` is width through height, `scaled` whether the file says its µm/px."""

    kind: str
    number: int
    format: str
    aspect: float = 1.0
    scaled: bool = False

    @property
    def name(self) -> str:
        return f"synthetic_{self.kind}_{self.number}{_SUFFIX[self.format]}"


def write_samples(
    folder: Path,
    count_per_kind: int = 2,
    size: int = 512,
    formats: Sequence[str] = ("jpeg",),
    *,
    ctx: JobContext | None = None,
) -> list[Path]:
    """Draw sample images into a folder, which is made where it does not exist.

    Per kind of tissue `count_per_kind` square fields, taking turns through `formats`; then one field that
    is not square, one PNG that says its µm per pixel, and one of each thing that should be refused
    (glass, out of focus, felt pen). Whatever the size, a field is about 130 µm high.

    Args:
        size: height in pixels, 64 to 4096.
        formats: any of "jpeg" and "png".

    Returns:
        The files written, in order.

    Raises:
        UsageError: sizes, counts or formats that make no sense.
        OutputError: a file of one of the names exists (nothing is written then), or writing failed.
        Cancelled: `ctx` asked to stop.
    """
    ctx = ctx or NullContext()
    if not 0 <= count_per_kind <= 1000 or not 64 <= size <= 4096:
        raise UsageError("Samples are 64 to 4096 pixels high, at most 1000 of a kind.")
    if not formats or not set(formats) <= set(_SUFFIX):
        raise UsageError("Samples are written as jpeg or png.")
    plan = _plan(count_per_kind, formats)
    targets = [folder / sample.name for sample in plan]
    if any(os.path.lexists(target) for target in targets):
        raise OutputError(
            "The folder already holds samples of these names.",
            hint="Choose an empty folder; nothing was overwritten.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"The folder could not be made ({error.strerror or error}).") from error
    for done, (sample, target) in enumerate(zip(plan, targets, strict=True)):
        ctx.check()
        ctx.progress(done, len(plan))
        encoded = _encode(sample, size)
        with atomic_write(target) as stream:
            stream.write(encoded)
    ctx.progress(len(plan), len(plan))
    return targets


def write_sample_slide(folder: Path, *, ctx: JobContext | None = None) -> Path:
    """Draw the sample slide, 2.0 × 1.5 mm at 0.5 µm per pixel, into a folder that is there.

    Raises:
        OutputError: a file of its name exists, or writing failed.
        Cancelled: `ctx` asked to stop; nothing is left behind.
    """
    target = folder / SAMPLE_SLIDE
    write_phantom_slide(target, *_SLIDE_SIZE, _SLIDE_UM_PER_PX, seed=_SLIDE_SEED, compression="jpeg", ctx=ctx)
    return target


def _plan(count_per_kind: int, formats: Sequence[str]) -> list[_Sample]:
    plan = [
        _Sample(kind, number, formats[(number - 1) % len(formats)])
        for kind in TISSUE_KINDS
        for number in range(1, count_per_kind + 1)
    ]
    extra = count_per_kind + 1
    plan.append(_Sample("adenocarcinoma", extra, formats[0], aspect=1.5))
    plan.append(_Sample("squamous_cell_carcinoma", extra, "png", scaled=True))
    plan.extend(_Sample(kind, 1, formats[0]) for kind in REFUSAL_KINDS)
    return plan


def _encode(sample: _Sample, size: int) -> bytes:
    # PNG counts in whole pixels per metre; draw at the scale that the file can state exactly.
    um_per_px = 1e6 / round(1e6 * size / FIELD_UM)
    picture = _draw(sample, size, um_per_px)
    note = (
        f"SYNTHETIC, drawn by lungviewer {lungviewer.__version__}, not a patient "
        f"({sample.kind}, seed {sample.number}, {um_per_px:.4f} um per pixel)"
    )
    if sample.format == "png":
        return _png(picture, note, um_per_px if sample.scaled else None)
    return _jpeg(picture, note)


def _draw(sample: _Sample, size: int, um_per_px: float) -> RGB:
    if sample.aspect == 1.0:
        return make_field(sample.kind, sample.number, size, um_per_px)
    width = round(size * sample.aspect)
    return np.ascontiguousarray(make_field(sample.kind, sample.number, width, um_per_px)[:size])


def _jpeg(picture: RGB, note: str) -> bytes:
    exif = Image.Exif()
    exif[_EXIF_DESCRIPTION] = note
    exif[_EXIF_SOFTWARE] = "lungviewer"
    stream = io.BytesIO()
    # The scale of a JPEG counts in whole dots per inch and means print size: none is written.
    Image.fromarray(picture).save(stream, "JPEG", quality=_JPEG_QUALITY, comment=note, exif=exif)
    return stream.getvalue()


def _png(picture: RGB, note: str, um_per_px: float | None) -> bytes:
    text = PngInfo()
    text.add_text("Description", note)
    text.add_text("Software", "lungviewer")
    dots = {} if um_per_px is None else {"dpi": (25400 / um_per_px, 25400 / um_per_px)}
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", pnginfo=text, compress_level=9, **dots)
    return stream.getvalue()

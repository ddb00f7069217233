"""Does every reader read here? Each is given a file that is drawn on the spot, and gives back its pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lungviewer.core.errors import LungviewerError
from lungviewer.core.image import RGB, ImageSource
from lungviewer.core.job import JobContext
from lungviewer.core.paths import bundled
from lungviewer.core.registry import READERS, load
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image, open_slide
from lungviewer.services.phantom.ct_files import write_phantom_series
from lungviewer.services.phantom.fields import make_field
from lungviewer.services.samples import SAMPLE_SLIDE

Outcome = tuple[str, str, bool]
"""What was tried, what came of it, whether that is well."""

_PICTURES: dict[str, tuple[dict[str, Any], float]] = {
    "jpg": ({"quality": 95, "subsampling": 0}, 3.0),
    "png": ({}, 0.0),
    "tiff": ({"compression": "tiff_lzw"}, 0.0),
    "bmp": ({}, 0.0),
    "webp": ({"lossless": True}, 0.0),
}
"""Suffix → how Pillow writes it, and the mean difference in grey levels of 255 that its coding costs."""

_SIZE = 256
_TILE = (2048, 1536), (_SIZE, _SIZE)


def read_back(folder: Path, ctx: JobContext) -> Iterator[Outcome]:
    """Draw a file for every reader into an empty folder, and read it in the way that a scan does."""
    picture = make_field("benign", 1, _SIZE)
    with IsolatedDecoder() as decoder:
        for suffix, (how, tolerance) in _PICTURES.items():
            ctx.check()
            path = folder / f"picture.{suffix}"
            Image.fromarray(picture).save(path, **how)

            def pixels(path: Path = path) -> RGB:
                return _whole(open_image(path, isolated=decoder, force_isolation=True))

            yield _outcome(f"{suffix} picture", pixels, picture, tolerance)
    yield from _slides(ctx)
    yield from _slices(folder, ctx)


def _slides(ctx: JobContext) -> Iterator[Outcome]:
    from lungviewer.readers.slide_tiff import open_tiff_slide

    path = bundled("resources") / "samples" / SAMPLE_SLIDE
    ctx.check()
    try:
        expected = _tile(open_tiff_slide(path))
    except LungviewerError as error:
        yield "slide, read directly", error.message, False
        return
    yield "slide, read directly", f"{_SIZE} × {_SIZE} pixels", bool(np.ptp(expected) > 0)
    yield _outcome("slide by OpenSlide", lambda: _by_openslide(path), expected)
    yield _outcome("slide in its process", lambda: _tile(open_slide(path)), expected)


def _by_openslide(path: Path) -> RGB:
    from lungviewer.readers.slide import openslide_vendor

    if openslide_vendor(path) is None:
        raise LungviewerError("OpenSlide does not know the slide.")
    import openslide

    with openslide.OpenSlide(path) as slide:
        return np.asarray(slide.read_region(_TILE[0], 0, _TILE[1]).convert("RGB"))


def _slices(folder: Path, ctx: JobContext) -> Iterator[Outcome]:
    plain = write_phantom_series(folder, 1, size=_SIZE)[0]
    open_dicom = load(READERS["dicom"])
    expected = open_dicom(plain).values(0)
    yield "CT slice, plain", f"{expected.min()} to {expected.max()} HU", bool(np.ptp(expected) > 0)
    for name, pack in _PACKINGS.items():
        ctx.check()
        path = folder / "packed.dcm"

        def values(pack: Callable[[Path, Path], None] = pack, path: Path = path) -> npt.NDArray[Any]:
            pack(plain, path)
            found: npt.NDArray[Any] = open_dicom(path).values(0)
            return found

        yield _outcome(f"CT slice, {name}", values, expected)


def _deflated(plain: Path, packed: Path) -> None:
    from pydicom import dcmread
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    found = dcmread(plain)
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    found.save_as(packed)


def _run_lengths(plain: Path, packed: Path) -> None:
    from pydicom import dcmread
    from pydicom.uid import RLELossless

    found = dcmread(plain)
    found.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    found.save_as(packed)


def _jpeg_2000(plain: Path, packed: Path) -> None:
    from openjpeg.utils import encode_array
    from pydicom import dcmread
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless

    found = dcmread(plain)
    found.PixelData = encapsulate([encode_array(found.pixel_array)])
    found["PixelData"].is_undefined_length = True
    found.file_meta.TransferSyntaxUID = JPEG2000Lossless
    found.save_as(packed)


def _by_gdcm(syntax: str) -> Callable[[Path, Path], None]:
    def pack(plain: Path, packed: Path) -> None:
        import gdcm

        reader = gdcm.ImageReader()
        reader.SetFileName(str(plain))
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
        if not reader.Read():
            raise LungviewerError("GDCM could not read the slice.")
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise LungviewerError("GDCM could not pack the slice.")
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(packed))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not writer.Write():
            raise LungviewerError("GDCM could not write the slice.")

    return pack


_PACKINGS: dict[str, Callable[[Path, Path], None]] = {
    "deflated": _deflated,
    "RLE": _run_lengths,
    "JPEG lossless": _by_gdcm("JPEGLosslessProcess14_1"),
    "JPEG-LS": _by_gdcm("JPEGLSLossless"),
    "JPEG 2000": _jpeg_2000,
}


def _outcome(
    what: str, read: Callable[[], npt.NDArray[Any]], expected: npt.NDArray[Any], tolerance: float = 0.0
) -> Outcome:
    try:
        found = read()
    except LungviewerError as error:
        return what, error.message, False
    except (ImportError, OSError) as error:  # a library is missing; its message may name folders
        return what, f"A library could not be loaded ({type(error).__name__}).", False
    if found.shape != expected.shape:
        return what, "Other pixels than were drawn came back.", False
    difference = float(np.abs(found.astype(np.float64) - expected).mean())
    if not difference <= tolerance:
        return what, f"Other pixels than were drawn came back ({difference:.1f} apart).", False
    return what, "as drawn" if difference == 0 else f"as drawn, {difference:.1f} grey levels apart", True


def _whole(source: ImageSource) -> RGB:
    try:
        return source.read((0, 0), 0, (source.info.width, source.info.height))
    finally:
        source.close()


def _tile(source: ImageSource) -> RGB:
    try:
        return source.read(_TILE[0], 0, _TILE[1])
    finally:
        source.close()

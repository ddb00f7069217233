"""Plain pictures: JPEG, PNG, TIFF, BMP and WebP, by their content, whatever their name says.

The rule for pixels. A model was trained on 8-bit RGB; whatever is not that is converted as written here
and leaves a code in `ImageInfo.notes`, or is refused by name. Nothing is guessed.

grey                      grey, repeated to three channels
bilevel                   one bit per pixel, black and white
palette                   looked up
16bit_scaled              16 bits per channel (PNG, TIFF), scaled by the whole range: v / 257, rounded
alpha_on_white            something was transparent; laid on white
extra_channel_ignored     TIFF with one channel more than it has colours, of unstated meaning
cmyk_converted            CMYK (TIFF; JPEG with Adobe's marker) by Pillow's plain conversion, no profile
exif_rotated              EXIF or TIFF orientation other than 1; turned upright
exif_unreadable           damaged EXIF; pixels as they lie
icc_ignored               a colour profile that is not sRGB; pixels as they are
gamma_ignored             PNG gamma other than the usual 1/2.2; pixels as they are
first_frame_of_<n>        several pages, frames or stack images; the first one is read
suffix_mismatch           the suffix of another image format; the content wins
anisotropic_scale_ignored   µm/px that differ by more than 2 % in x and y; no scale
implausible_scale_ignored   µm/px outside 0.02–20 in OME-XML or ImageJ's description; no scale

Reduced pages of a TIFF pyramid are not counted as frames. A second picture behind the end of a JPEG
(phones store previews there) is not looked for. Progressive JPEGs must carry their last scan.

Refused as unsupported_pixels: floating point, signed, complex, 32-bit, 12-bit samples; CIELab, raw
sensor data, YCbCr outside JPEG; more than four channels; CMYK JPEG without Adobe's marker; lossless,
arithmetic and hierarchical JPEG; compressed BMP; TIFF channels of different depths.
Refused as unsupported_format: every other format, whole slides (readers/slide_kinds.py), TIFF
compressions other than none, LZW, Deflate, PackBits, JPEG and Zstandard.
Refused as too_large: more than 100 megapixels, a side above 65,535 pixels, a file above 1 GiB.
Refused as synthetic: pictures of the progression simulator, by text or pattern (core/synthetic.py).
Refused as truncated or corrupt: whatever is not complete and consistent to its last byte of picture
data; no decoder's best effort is ever shown.

Nothing here logs, prints or keeps a file name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lungviewer.core.errors import NotAnImage, OutOfMemory, UnsupportedFormat
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.core.registry import load
from lungviewer.core.synthetic import refuse_bars, refuse_marked
from lungviewer.readers import scale
from lungviewer.readers.array_source import ArraySource
from lungviewer.readers.files import read_regular_file
from lungviewer.readers.pixels import Decoded
from lungviewer.readers.slide_kinds import kind_by_name, refusal
from lungviewer.readers.sniff import FORMAT_NAMES, name_disagrees, sniff

_DECODERS: dict[str, str] = {
    "jpeg": "lungviewer.readers.jpeg:decode",
    "png": "lungviewer.readers.png:decode",
    "tiff": "lungviewer.readers.tiff:decode",
    "bigtiff": "lungviewer.readers.tiff:decode",
    "bmp": "lungviewer.readers.bmp:decode",
    "webp": "lungviewer.readers.webp:decode",
}


def open_raster(path: Path, um_per_px: float | None = None) -> ArraySource:
    """Read and decode a plain picture, wholly and at once.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the file says.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
        UsageError: `um_per_px` is not between 0.02 and 20.
    """
    given = None if um_per_px is None else scale.user_scale(um_per_px)
    suffix = path.suffix.lower()
    data = read_regular_file(path, inspect=lambda head: _judge(head, suffix))
    file_format = _judge(data, suffix)
    decode: Callable[[bytes], Decoded] = load(_DECODERS[file_format])
    try:
        decoded = decode(data)
    except MemoryError:
        raise OutOfMemory("There is not enough memory to decode the image.") from None
    refuse_bars(decoded.pixels)
    return ArraySource(decoded.pixels, _describe(path, file_format, decoded, given or decoded.scale))


def _judge(head: bytes, suffix: str) -> str:
    """The format of the content, if it is one that is decoded here."""
    refuse_marked(head)  # before the format counts: the simulator writes GIFs, too
    file_format = sniff(head)
    if file_format is None:
        raise NotAnImage("The file does not begin like a picture of any known format.")
    kind = kind_by_name(file_format, suffix)
    if kind is not None:
        raise refusal(kind)
    if file_format not in _DECODERS:
        raise UnsupportedFormat(f"{FORMAT_NAMES[file_format]} files are not read as pictures.")
    return file_format


def _describe(path: Path, file_format: str, decoded: Decoded, judged: scale.Scale) -> ImageInfo:
    height, width = decoded.pixels.shape[:2]
    notes = [*decoded.notes, *judged.notes]
    if name_disagrees(file_format, path.suffix):
        notes.append("suffix_mismatch")
    return ImageInfo(
        path=path,
        kind="image",
        format="tiff" if file_format == "bigtiff" else file_format,
        width=width,
        height=height,
        levels=(ImageLevel(width, height, 1.0),),
        um_per_px=judged.um_per_px,
        um_per_px_source=judged.source,
        notes=tuple(notes),
    )

"""One packed frame into numbers: of the size that the file states, complete to its last bit, or refused.

JPEG of all kinds and JPEG-LS are decoded by GDCM, JPEG 2000 by OpenJPEG, RLE by pydicom. GDCM's libjpeg
paints what is missing and only complains on the standard error output of the process: it is listened to, and
what it complains about is refused. So this runs in a worker process, one frame at a time.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import ImageCorrupt, ImageTruncated
from lungviewer.readers.dicom_facts import DicomFacts
from lungviewer.readers.dicom_syntaxes import JPEG_2000, JPEG_DCT, JPEG_LOSSLESS, JPEG_LS, RLE
from lungviewer.readers.dicom_values import be_quiet
from lungviewer.readers.jpeg import JpegHeader, check_scans, segments
from lungviewer.readers.pixels import DECODER_ERRORS

Codes = npt.NDArray[np.uint16]
"""H×W: the bits of each sample as they were packed, not yet numbers with a sign."""

_FRAME_MARKERS = {
    **dict.fromkeys(JPEG_DCT, frozenset({0xC0, 0xC1, 0xC2})),
    **dict.fromkeys(JPEG_LOSSLESS, frozenset({0xC3})),
    **dict.fromkeys(JPEG_LS, frozenset({0xF7})),
}
_HEARD_BYTES = 1 << 16
_END = b"\xff\xd9"
_SOS = 0xDA
_HARMLESS = re.compile(rb"Unsupported JPEG data precision \d+\s*")
"""GDCM tries its decoder for 8 bits first."""

_DAMAGED = "The DICOM file's packed pixels are damaged."
_OTHER_SIZE = "The DICOM file's packed pixels are not of the size that it states."


def unpack(data: bytes, facts: DicomFacts) -> tuple[Codes, int]:
    """The samples of one frame, and how many of their bits count.

    Raises:
        ImageTruncated, ImageCorrupt: the frame is incomplete, damaged, or not what the file states.
    """
    if facts.syntax == RLE:
        return _rle(data, facts), facts.stored
    if facts.high_bit != facts.stored - 1:
        raise ImageCorrupt("The DICOM file contradicts itself about the bits of its pixels.")
    if facts.syntax in JPEG_2000:
        codes, precision = _jpeg_2000(data, facts)
    else:
        precision = _jpeg_precision(data, facts)
        codes = _gdcm(data, facts, precision)
    return codes, min(precision, facts.stored)


def _jpeg_precision(data: bytes, facts: DicomFacts) -> int:
    """Bits per sample of a JPEG or JPEG-LS stream, which is looked through for what no decoder notices."""
    if data[:3] != b"\xff\xd8\xff":
        raise ImageCorrupt(_DAMAGED)
    if not data.rstrip(b"\0").endswith(_END):
        raise ImageTruncated("The DICOM file's packed pixels end too early.")
    header = JpegHeader()
    for marker, start, end in segments(data):
        body = data[start:end]
        if marker in _FRAME_MARKERS[facts.syntax] and len(body) >= 9:
            header.frame, header.precision, header.components = marker, body[0], (body[6],)
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            if (width, height, body[5]) != (facts.width, facts.height, 1):
                raise ImageCorrupt(_OTHER_SIZE)
            header.width, header.height = width, height
        elif marker == _SOS:
            header.scan_offset = start - 4
    if not 2 <= header.precision <= facts.allocated:
        raise ImageCorrupt(_DAMAGED)
    check_scans(data, header)
    return header.precision


def _gdcm(data: bytes, facts: DicomFacts, precision: int) -> Codes:
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(data)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((facts.width, facts.height, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(facts.syntax)))
    bits = 8 if precision <= 8 else 16
    image.SetPixelFormat(gdcm.PixelFormat(1, bits, precision, precision - 1, 0))
    with _LISTENING() as heard:
        text = image.GetBuffer()
    if text is None or _HARMLESS.sub(b"", b"".join(heard)):
        raise ImageCorrupt(_DAMAGED)
    return _samples(text.encode("utf-8", "surrogateescape"), facts, bits)


def _jpeg_2000(data: bytes, facts: DicomFacts) -> tuple[Codes, int]:
    from openjpeg.utils import decode_pixel_data, get_parameters

    if data[:4] != b"\xff\x4f\xff\x51":
        raise ImageCorrupt(_DAMAGED)
    try:
        stated = get_parameters(data, 0)
        if (stated["columns"], stated["rows"], stated["samples_per_pixel"]) != (
            facts.width,
            facts.height,
            1,
        ):
            raise ImageCorrupt(_OTHER_SIZE)
        precision = int(stated["precision"])
        if not 1 <= precision <= facts.allocated or (stated["is_signed"] and not facts.signed):
            raise ImageCorrupt(_DAMAGED)
        pixels = bytes(decode_pixel_data(data, version=2))
    except DECODER_ERRORS:
        raise ImageCorrupt(_DAMAGED) from None
    return _samples(pixels, facts, 8 if precision <= 8 else 16), precision


def _rle(data: bytes, facts: DicomFacts) -> Codes:
    """Runs of bytes, the high bytes of all samples first (PS3.5, G)."""
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import RLELossless

    be_quiet()
    options: dict[str, Any] = {
        "transfer_syntax_uid": RLELossless,
        "rows": facts.height,
        "columns": facts.width,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "bits_allocated": facts.allocated,
        "bits_stored": facts.allocated,
        "pixel_representation": 0,
        "photometric_interpretation": "MONOCHROME2",
        "pixel_keyword": "PixelData",
        "decoding_plugin": "pydicom",  # the faster one in Rust ends the process on damaged runs
    }
    try:
        whole = encapsulate([data], has_bot=False)
        codes, _ = get_decoder(RLELossless).as_array(whole, index=0, raw=True, **options)
    except DECODER_ERRORS:
        raise ImageCorrupt(_DAMAGED) from None
    return _samples(codes.tobytes(), facts, facts.allocated)


def _samples(data: bytes, facts: DicomFacts, bits: int) -> Codes:
    if len(data) != facts.width * facts.height * bits // 8:
        raise ImageCorrupt(_OTHER_SIZE)
    codes = np.frombuffer(data, np.uint8 if bits == 8 else "<u2")
    return codes.reshape(facts.height, facts.width).astype(np.uint16, copy=False)


@contextlib.contextmanager
def listening_on_a_pipe() -> Iterator[list[bytes]]:
    """What is written to the standard error output of this process meanwhile is in the list afterwards, as
    much of it as a pipe holds."""
    listener, speaker = os.pipe()
    os.set_blocking(speaker, False)  # whoever says more than a pipe holds is not waited for
    heard: list[bytes] = []
    try:
        with _spoken_into(speaker):
            yield heard
        heard.append(os.read(listener, _HEARD_BYTES))
    finally:
        os.close(listener)


@contextlib.contextmanager
def listening_in_a_file() -> Iterator[list[bytes]]:
    """The same where pipes always wait (Windows): nobody could empty one while a decoder holds Python's lock.
    The file has no name that others could find, and is gone afterwards."""
    heard: list[bytes] = []
    with tempfile.TemporaryFile(buffering=0) as file:
        with _spoken_into(os.dup(file.fileno())):
            yield heard
        file.seek(0)
        heard.append(file.read(_HEARD_BYTES))


@contextlib.contextmanager
def _spoken_into(speaker: int) -> Iterator[None]:
    """The standard error output leads there meanwhile; `speaker` is closed afterwards."""
    kept = os.dup(2)
    try:
        os.dup2(speaker, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(speaker)


_LISTENING = listening_on_a_pipe if os.name == "posix" else listening_in_a_file

"""Whether a DICOM file belongs to a whole slide, and to which: from its first bytes, no pixel decoded."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import ImageError
from lungviewer.readers.dicom_values import Elements, be_quiet, elements_of, raw, text
from lungviewer.readers.files import read_head
from lungviewer.readers.pixels import DECODER_ERRORS

HEADER_BYTES = 1 << 16
"""What is asked for stands near the beginning of a file; nothing behind that is ever read."""

_WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
"""VL Whole Slide Microscopy Image Storage (DICOM PS3.4, B.5)."""

_DEFLATED = b"1.2.840.10008.1.2.1.99"
_SOP_CLASS, _IMAGE_TYPE, _SERIES = 0x00080016, 0x00080008, 0x0020000E
_COLUMNS, _ROWS = 0x00480006, 0x00480007


@dataclass(frozen=True, slots=True)
class SlideInstance:
    """One file of a slide. `series` is shared by all of them; `pixels` is the size of what the file
    is a level of, and `volume` whether that is tissue, not a label or a macro."""

    series: str
    volume: bool
    pixels: int


def read_slide_instance(path: Path) -> SlideInstance | None:
    """What a file's header says about it; None if it is no whole slide's, or cannot be read."""
    try:
        return slide_instance(read_head(path, HEADER_BYTES))
    except ImageError:
        return None


def slide_instance(head: bytes) -> SlideInstance | None:
    """What the first `HEADER_BYTES` of a file say about it; None if it is no whole slide's, or damaged."""
    # A deflated file names its transfer syntax in the clear; a few bytes of it may unpack to gigabytes.
    if head[128:132] != b"DICM" or _DEFLATED in head[:4096] or _WHOLE_SLIDE.encode() not in head:
        return None
    from pydicom.errors import BytesLengthException, InvalidDicomError
    from pydicom.filereader import read_partial

    be_quiet()

    try:
        found = elements_of(
            read_partial(
                io.BytesIO(head),
                lambda tag, *_: tag > _ROWS,
                specific_tags=[_SOP_CLASS, _IMAGE_TYPE, _SERIES, _COLUMNS, _ROWS],
            )
        )
        if text(found, _SOP_CLASS) != _WHOLE_SLIDE:
            return None
        kinds = text(found, _IMAGE_TYPE).split("\\")
        return SlideInstance(
            text(found, _SERIES), "VOLUME" in kinds, _number(found, _COLUMNS) * _number(found, _ROWS)
        )
    except (InvalidDicomError, BytesLengthException, *DECODER_ERRORS):
        return None


def _number(found: Elements, tag: int) -> int:
    value, little = raw(found, tag)
    return int.from_bytes(value[:4], "little" if little else "big")

"""What a DICOM file states about its pixels and where they lie: numbers and codes, no field of a patient."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

from lungviewer.core.ct_order import Point, as_point
from lungviewer.core.errors import ImageCorrupt
from lungviewer.core.window import Window
from lungviewer.readers.dicom_values import (
    Elements,
    be_quiet,
    binary,
    decimals,
    elements_of,
    first_item,
    items,
    text,
    texts,
    whole_number,
)
from lungviewer.readers.dicom_walk import UNDEFINED_LENGTH, walk
from lungviewer.readers.pixels import DECODER_ERRORS

MOST_FRAMES = 10_000
"""More frames than any scanner puts into one file."""

PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS = 0x7FE00010, 0x7FE00008, 0x7FE00009
_PIXELS = (PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS)

_SOP_CLASS, _IMAGE_TYPE, _MODALITY = 0x00080016, 0x00080008, 0x00080060
_SERIES, _SERIES_NUMBER, _INSTANCE = 0x0020000E, 0x00200011, 0x00200013
_POSITION, _ORIENTATION, _THICKNESS = 0x00200032, 0x00200037, 0x00180050
_SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS = 0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011
_SPACING, _ALLOCATED, _STORED, _HIGH_BIT, _SIGNED = 0x00280030, 0x00280100, 0x00280101, 0x00280102, 0x00280103
_LOSSY = 0x00282110
_PADDING, _PADDING_LIMIT, _CENTRE, _WIDTH = 0x00280120, 0x00280121, 0x00281050, 0x00281051
_INTERCEPT, _SLOPE, _RESCALE_TYPE, _MODALITY_TABLE = 0x00281052, 0x00281053, 0x00281054, 0x00283000
_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_PLANE_POSITION, _PLANE_ORIENTATION, _MEASURES = 0x00209113, 0x00209116, 0x00289110
_TRANSFORMATION, _FRAME_WINDOWS = 0x00289145, 0x00289132

_WANTED = frozenset(
    (
        *(_SOP_CLASS, _IMAGE_TYPE, _MODALITY, _SERIES, _SERIES_NUMBER, _INSTANCE, _POSITION, _ORIENTATION),
        *(
            _THICKNESS,
            _SAMPLES,
            _PHOTOMETRIC,
            _FRAMES,
            _ROWS,
            _COLUMNS,
            _SPACING,
            _ALLOCATED,
            _STORED,
            _HIGH_BIT,
        ),
        *(
            _SIGNED,
            _PADDING,
            _PADDING_LIMIT,
            _CENTRE,
            _WIDTH,
            _INTERCEPT,
            _SLOPE,
            _RESCALE_TYPE,
            _MODALITY_TABLE,
        ),
        *(_LOSSY, _SHARED, _PER_FRAME),
    )
)


@dataclass(frozen=True, slots=True)
class Located:
    """Where the value of the pixel element begins in the content, its tag, its kind ("" where the encoding is
    implicit) and its stated length in bytes."""

    tag: int
    kind: str
    length: int
    offset: int


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """Fields as in the standard (DICOM PS3.3, C.7.6 and C.8.2); None, empty or −1: not stated, or no number.

    `series` is a hash. `padding` is (lowest, highest) of the stored values that stand for nothing. `rescales`
    are (slope, intercept), one for the file or one a frame; `positions` one a frame. `row`, `column` and
    `spacing_mm` are those of all frames. `pixels` is None where the content ends before them; `complete`
    says whether everything before the pixels was there.
    """

    syntax: str
    sop_class: str
    modality: str
    image_type: tuple[str, ...]
    series: str
    number: int | None
    instance: int | None
    width: int
    height: int
    frames: int
    samples: int
    photometric: str
    allocated: int
    stored: int
    high_bit: int
    signed: int
    padding: tuple[int, int] | None
    rescales: tuple[tuple[float, float], ...]
    rescale_type: str
    has_table: bool
    lossy: bool
    positions: tuple[Point, ...]
    row: Point | None
    column: Point | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    windows: tuple[Window, ...]
    pixels: Located | None
    complete: bool


def read_facts(content: bytes) -> DicomFacts:
    """The facts of a file from its content, or from as much of its beginning as holds them.

    The content must not be deflated: a few bytes of that may unpack to gigabytes.

    Raises:
        ImageCorrupt: it is no DICOM file, or damaged.
    """
    walked = walk(content, _WANTED, FLOAT_PIXELS)
    if walked is not None and walked.tag in _PIXELS:
        at = Located(walked.tag, walked.kind, walked.length, walked.offset)
        return _facts(walked.found, walked.syntax, at, True)
    return _facts_by_pydicom(content)


def _facts_by_pydicom(content: bytes) -> DicomFacts:
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        return _read_by_pydicom(content)
    except (InvalidDicomError, BytesLengthException, *DECODER_ERRORS):
        raise ImageCorrupt("The DICOM file's structure is damaged.") from None


def _read_by_pydicom(content: bytes) -> DicomFacts:
    from pydicom.filereader import read_partial

    be_quiet()
    stream = io.BytesIO(content)
    last: list[Located] = []

    def at_pixels(tag: int, kind: str | None, length: int) -> bool:
        last[:] = [Located(int(tag), kind or "", length, stream.tell())]
        return tag >= FLOAT_PIXELS

    found = read_partial(stream, at_pixels, specific_tags=list(_WANTED))
    syntax = str(found.file_meta.get("TransferSyntaxUID", "")).strip(" \0")
    elements = elements_of(found)
    if not last:
        return _facts(elements, syntax, None, False)
    (at,) = last
    has_pixels = at.tag in _PIXELS
    # An element that the content does not hold to its end was cut; so was one that has only half a header.
    whole = at.tag >= FLOAT_PIXELS or at.length == UNDEFINED_LENGTH or at.offset + at.length == len(content)
    return _facts(elements, syntax, at if has_pixels else None, whole)


def _facts(found: Elements, syntax: str, pixels: Located | None, complete: bool) -> DicomFacts:
    frames = _frame_count(found)
    shared = first_item(found, _SHARED)
    each = [item for _, item in zip(range(min(frames, MOST_FRAMES)), items(found, _PER_FRAME), strict=False)]
    signed = binary(found, _SIGNED)
    number = -1 if signed is None else signed
    row, column = _axes(_agreed(_of_frames(found, shared, each, _PLANE_ORIENTATION, _ORIENTATION)))
    measures = [first_item(place, _MEASURES) for place in (shared, *each)]
    transforms = [first_item(place, _TRANSFORMATION) for place in (shared, *each)]
    uid = text(found, _SERIES)
    return DicomFacts(
        syntax=syntax,
        sop_class=text(found, _SOP_CLASS),
        modality=text(found, _MODALITY),
        image_type=texts(found, _IMAGE_TYPE),
        series=hashlib.sha256(uid.encode()).hexdigest() if uid else "",
        number=whole_number(found, _SERIES_NUMBER),
        instance=whole_number(found, _INSTANCE),
        width=_stated(binary(found, _COLUMNS)),
        height=_stated(binary(found, _ROWS)),
        frames=frames,
        samples=_stated(binary(found, _SAMPLES)),
        photometric=text(found, _PHOTOMETRIC),
        allocated=_stated(binary(found, _ALLOCATED)),
        stored=_stated(binary(found, _STORED)),
        high_bit=_stated(binary(found, _HIGH_BIT)),
        signed=number,
        padding=_padding(found, number == 1),
        rescales=_rescales(found, shared, each),
        rescale_type=next((t for t in (text(p, _RESCALE_TYPE) for p in (found, *transforms)) if t), ""),
        has_table=_MODALITY_TABLE in found,
        lossy=text(found, _LOSSY) == "01",
        positions=_points(_of_frames(found, shared, each, _PLANE_POSITION, _POSITION), frames),
        row=row,
        column=column,
        spacing_mm=_spacing(_agreed(_of_frames(found, shared, each, _MEASURES, _SPACING))),
        thickness_mm=next(
            (d[0] for d in (decimals(p, _THICKNESS) for p in (found, *measures)) if d and d[0] > 0), None
        ),
        windows=_windows(found, *(first_item(place, _FRAME_WINDOWS) for place in (shared, *each[:1]))),
        pixels=pixels,
        complete=complete,
    )


def _stated(number: int | None) -> int:
    return -1 if number is None else number


def _frame_count(found: Elements) -> int:
    if _FRAMES not in found:
        return 1
    return _stated(whole_number(found, _FRAMES))


def _of_frames(
    found: Elements, shared: Elements, each: list[Elements], group: int, tag: int
) -> list[tuple[float, ...]]:
    """The numbers of every frame (PS3.3, C.7.6.16), or the one set of the whole file."""
    own = [decimals(first_item(item, group), tag) for item in each]
    common = decimals(first_item(shared, group), tag) or decimals(found, tag)
    return [numbers or common for numbers in own] or [common]


def _agreed(values: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    """What all frames share; () if they differ."""
    kinds = set(values)
    return kinds.pop() if len(kinds) == 1 else ()


def _points(numbers: list[tuple[float, ...]], frames: int) -> tuple[Point, ...]:
    points = tuple(point for point in map(as_point, numbers) if point is not None)
    return points if len(points) == len(numbers) == frames else ()


def _axes(numbers: tuple[float, ...]) -> tuple[Point | None, Point | None]:
    return (as_point(numbers[:3]), as_point(numbers[3:])) if len(numbers) == 6 else (None, None)


def _spacing(numbers: tuple[float, ...]) -> tuple[float, float] | None:
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) > 0 else None


def _padding(found: Elements, signed: bool) -> tuple[int, int] | None:
    first = binary(found, _PADDING, signed)
    last = binary(found, _PADDING_LIMIT, signed)
    if first is None:
        return None
    return (first, first) if last is None else (min(first, last), max(first, last))


def _rescale(place: Elements) -> tuple[float, float] | None:
    slope, intercept = decimals(place, _SLOPE), decimals(place, _INTERCEPT)
    return (slope[0], intercept[0]) if len(slope) == len(intercept) == 1 else None


def _rescales(found: Elements, shared: Elements, each: list[Elements]) -> tuple[tuple[float, float], ...]:
    common = _rescale(first_item(shared, _TRANSFORMATION)) or _rescale(found)
    own = [_rescale(first_item(item, _TRANSFORMATION)) or common for item in each] or [common]
    known = tuple(one for one in own if one is not None)
    if len(known) != len(own):
        return ()
    return known[:1] if len(set(known)) == 1 else known


def _windows(*places: Elements) -> tuple[Window, ...]:
    for place in places:
        pairs = zip(decimals(place, _CENTRE), decimals(place, _WIDTH), strict=False)
        windows = tuple(Window(centre, width) for centre, width in pairs if width > 1)
        if windows:
            return windows
    return ()

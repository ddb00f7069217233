"""Which files are worth opening, and by which way a file is opened."""

from __future__ import annotations

import contextlib
import stat
import struct
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lungviewer.core.ct import CtSeries, CtSource
from lungviewer.core.ct_order import ordered
from lungviewer.core.errors import ImageError, OutOfMemory, UsageError
from lungviewer.core.image import RGB, ImageSource, SlideSource
from lungviewer.core.registry import READERS, load
from lungviewer.readers.array_source import shrink
from lungviewer.readers.files import read_head, read_regular_file
from lungviewer.readers.pixels import MAX_PIXELS
from lungviewer.readers.slide_kinds import may_be_slide, refusal, slide_kind
from lungviewer.readers.sniff import CANDIDATE_FORMATS, IMAGE_SUFFIXES, sniff

if TYPE_CHECKING:
    from lungviewer.readers.isolated import IsolatedDecoder
    from lungviewer.readers.isolated_ct_client import CtWorkers

_HEADER_BYTES = 1 << 18
"""Profiles and thumbnails can stand before a JPEG's size."""

_MOST_BYTES = 3 * MAX_PIXELS
"""Larger pictures are refused before they are decoded (readers/pixels.py)."""

RISKY_FORMATS = frozenset({"tiff", "bigtiff"})
"""Formats whose decoders have a record of crashing or never ending on damaged files."""


def open_image(
    path: Path,
    um_per_px: float | None = None,
    isolated: IsolatedDecoder | None = None,
    force_isolation: bool = False,
) -> ImageSource:
    """Open a plain picture of any format that is read, or a DICOM file of CT slices (a `CtSource`). Slides
    are for `open_slide`, and refused here.

    Args:
        path: a regular file or a symbolic link to one.
        um_per_px: a scale that a person gave; wins over whatever the file says, except in CT: microscopes
            and scanners have none in common.
        isolated: where risky formats are decoded; without it everything is decoded in this process, except
            CT, which gets a process of its own.
        force_isolation: decode every format there, for a file that has already ended a process.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
        UsageError: the scale makes no sense, or isolation is asked for and no decoder given.
    """
    if force_isolation and isolated is None:
        raise UsageError("Isolated decoding was asked for without a decoder process.")
    file_format = sniff(read_head(path))
    if may_be_slide(file_format, path.suffix):
        kind = slide_kind(path)
        if kind is not None:
            raise refusal(kind)
    if file_format == "dicom":
        return _open_ct_file(path, isolated, force_isolation)
    if isolated is not None and (force_isolation or file_format in RISKY_FORMATS):
        return isolated.open(path, um_per_px)
    source: ImageSource = load(READERS["raster"])(path, um_per_px)
    return source


def open_slide(
    path: Path,
    um_per_px: float | None = None,
    *,
    readers: int = 1,
    colour_managed: bool = False,
    polite: bool = False,
    decoder: IsolatedDecoder | None = None,
) -> SlideSource:
    """Open a whole slide, to be read in processes of its own (readers/isolated_slide.py).

    Args:
        path: a regular file or a symbolic link to one, of which `slide_kinds.is_slide` is true.
        um_per_px: a scale that a person gave; wins over whatever the slide says.
        readers: processes, and with that reads that go side by side. May be used from more threads.
        colour_managed: pixels in sRGB, for looking at; else as they are stored, for a model.
        polite: the processes leave the processor to others.
        decoder: the slide is closed when this is, at any moment, and keeps to its deadline; opening may take
            twice as long.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
        UsageError: the scale makes no sense.
        Cancelled: `decoder` was closed.
    """
    from lungviewer.readers.isolated_slide import DEADLINE_S, IsolatedSlide

    deadline_s = DEADLINE_S if decoder is None else decoder.deadline_s
    slide = IsolatedSlide(
        path,
        um_per_px,
        readers=readers,
        colour_managed=colour_managed,
        polite=polite,
        deadline_s=deadline_s,
        opening_deadline_s=2 * deadline_s,
        opener=READERS["slide"],
    )
    opened = False
    try:
        if decoder is not None:
            decoder.end_too(slide)
        slide.open()
        opened = True
    finally:
        if not opened:
            slide.close()
    return slide


def open_ct(
    series: CtSeries, *, readers: int = 1, polite: bool = False, decoder: IsolatedDecoder | None = None
) -> CtSource:
    """Open a CT series, to be read slice by slice in processes of its own (readers/isolated_ct.py), or in
    this one where nothing is decoded (readers/ct_plain.py). Nothing is read yet.

    Args:
        readers: processes, and with that slices that are read side by side. May be used from more threads.
        polite: the processes leave the processor to others.
        decoder: lends processes in place of those (readers/lent_workers.py); the series is closed when this
            is, at any moment, and keeps to its deadline for each slice.

    Raises:
        Cancelled: `decoder` was closed.
    """
    from lungviewer.readers.isolated_ct import IsolatedCt

    if decoder is None:
        workers = _ct_workers(readers, polite)
        return IsolatedCt(series, workers, end=workers.close)
    lent, workers = decoder.lent, decoder.lent.lend()
    # A process keeps the last file that it read, which is as large as all its slices.
    one_each = all(place.frame == 0 for place in series.slices)
    end = partial(lent.take_back, workers) if one_each else workers.close
    with contextlib.ExitStack() as failing:
        failing.callback(end)
        decoder.end_too(workers)
        failing.pop_all()
    return IsolatedCt(series, workers, end=end)


def _ct_workers(readers: int, polite: bool) -> CtWorkers:
    from lungviewer.readers.isolated import DEADLINE_S
    from lungviewer.readers.isolated_ct_client import CtWorkers
    from lungviewer.readers.isolated_ct_worker import serve
    from lungviewer.readers.worker_process import WorkerPool

    return CtWorkers(WorkerPool(readers, serve, (READERS["dicom"], polite)), DEADLINE_S)


def _open_ct_file(path: Path, decoder: IsolatedDecoder | None, force_isolation: bool) -> CtSource:
    """One file as a series, read in the processes of `decoder` if there is one, else in one of its own. A
    file of one slice is decoded at once, as every picture is: what opens can be read."""
    from lungviewer.readers.isolated_ct import IsolatedCt

    with contextlib.ExitStack() as failing:
        if decoder is None:
            workers = _ct_workers(1, False)
            failing.callback(workers.close)
        else:
            workers = decoder.slices.in_processes() if force_isolation else decoder.slices
        header, notes = workers.describe(path)
        (series,) = ordered([header])
        end = failing.pop_all().close
        source = IsolatedCt(series, workers, notes, end)
        failing.callback(source.close)
        if source.info.frames == 1:
            source.values(0)
        failing.pop_all()
    return source


def read_thumbnail(path: Path, max_side: int, isolated: IsolatedDecoder | None = None) -> RGB:
    """The whole picture or slide with its longest side at most `max_side` pixels, never enlarged.

    Refuses whatever cannot be opened, but a JPEG is decoded at a fraction of its size. Of a slide the tissue
    is shown, never the label or the macro.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
    """
    file_format = sniff(read_head(path))
    source: ImageSource
    if may_be_slide(file_format, path.suffix) and slide_kind(path) is not None:
        source = open_slide(path, colour_managed=True, polite=True, decoder=isolated)
    elif file_format == "jpeg":
        from lungviewer.readers import jpeg

        try:
            return shrink(jpeg.decode(read_regular_file(path), max_side).pixels, max_side)
        except MemoryError:
            raise OutOfMemory("There is not enough memory to decode the image.") from None
    else:
        source = open_image(path, isolated=isolated)
    try:
        return source.thumbnail(max_side)
    finally:
        source.close()


def expected_bytes(path: Path) -> int:
    """Bytes that a JPEG's or PNG's decoded pixels will take, from its header; 0 when that cannot be told.

    A hint for who shares out memory; nothing is decided by it.
    """
    try:
        head = read_head(path, _HEADER_BYTES)
        if head.startswith(b"\x89PNG") and len(head) >= 24:
            width, height = struct.unpack(">II", head[16:24])
        elif sniff(head) == "jpeg":
            import simplejpeg

            height, width, *_ = simplejpeg.decode_jpeg_header(head)
        else:
            return 0
    except (ImageError, ValueError):
        return 0
    return min(3 * int(width) * int(height), _MOST_BYTES)


def is_candidate(path: Path) -> bool:
    """True if a folder scan should report on this file.

    A suffix of `IMAGE_SUFFIXES` is enough, even for pipes and dangling links, which then get a row that
    says what is wrong. Without one the content must begin like a picture; a file that has no suffix at
    all and may not be read counts too, because nobody can tell. Folders never count.
    """
    named = path.suffix.lower() in IMAGE_SUFFIXES
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return named or not path.suffix
    except (OSError, ValueError):
        return named
    if stat.S_ISDIR(mode):
        return False
    if named or not stat.S_ISREG(mode):
        return named
    try:
        return sniff(read_head(path)) in CANDIDATE_FORMATS
    except ImageError:
        return not path.suffix

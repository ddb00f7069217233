"""CT slices whose pixels lie in their file as they are, read in this process.

Slices are read in processes that may be ended (readers/isolated_ct.py) because a file can take over, exhaust
or hang what decodes it. None of that has a hold where nothing is decoded. What is left of the threat, and
what meets it:

a hostile header    is read in this process anyway, to list the file (readers/ct_header.py), and here only
                    from its first 16 KiB; deflated ones never are
hostile pixels      exactly the bytes that one slice of the stated size has, at most 32 MB, become numbers by
                    `numpy.frombuffer` and units by a table with an entry for every number there is: no byte
                    leads to another branch, size or address
a file that shrinks is read, not mapped into memory: then there are fewer bytes, and no signal
pipes, devices      are not opened (readers/files.py)
a drive that hangs  whoever calls waits for no longer than a deadline (readers/leavable.py)

Everything else is read by a process, which also says what is wrong with it: big endian, deflated and packed
pixels, longer headers, what `judge` refuses, files that are not what was listed, or too short. Both ways give
the same numbers (a test).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lungviewer.core.ct import HU, CtSlice
from lungviewer.core.ct_order import SliceHeader, stated
from lungviewer.core.errors import ImageError
from lungviewer.readers.ct_header import facts_of_beginning, slice_header
from lungviewer.readers.dicom_facts import DicomFacts
from lungviewer.readers.dicom_frames import native_frames
from lungviewer.readers.dicom_rules import notes_of
from lungviewer.readers.dicom_syntaxes import PLAIN
from lungviewer.readers.dicom_units import hounsfield, hounsfield_table, native_codes
from lungviewer.readers.files import MAX_FILE_BYTES, open_regular

_HEADER_BYTES = 1 << 14


class Plain(NamedTuple):
    """A file that is read here: `notes` by the rule, `starts` of its frames, in bytes."""

    header: SliceHeader
    notes: tuple[str, ...]
    facts: DicomFacts
    starts: range


def describe_plain(path: Path) -> Plain | None:
    """What a file states, if its pixels can be read here; None: its process may say."""
    try:
        with open_regular(path) as stream:
            return _plain(stream, path)
    except ImageError:
        return None


def read_plain(wanted: CtSlice, size: tuple[int, int]) -> HU | None:
    """The Hounsfield units of a slice of `size` (width, height); None: its process may read it, or say why
    it cannot be read."""
    try:
        with open_regular(wanted.path) as stream:
            plain = _plain(stream, wanted.path)
            if plain is None or not _is_it(plain.header, wanted, size):
                return None
            stream.seek(plain.starts[wanted.frame])
            content = stream.read(plain.starts.step)
            if len(content) < plain.starts.step:
                return None
        table = hounsfield_table(plain.facts, wanted.frame, plain.facts.stored)
        return hounsfield(native_codes(content, plain.facts), table)
    except (ImageError, MemoryError):
        return None


def _plain(stream: BinaryIO, path: Path) -> Plain | None:
    size = os.fstat(stream.fileno()).st_size
    facts = facts_of_beginning(stream.read(_HEADER_BYTES))
    if facts is None or facts.syntax not in PLAIN or size > MAX_FILE_BYTES:
        return None
    notes, pixels = notes_of(facts, path.suffix), facts.pixels
    if pixels is None:
        return None
    return Plain(slice_header(path, facts), notes, facts, native_frames(size, facts, pixels))


def _is_it(header: SliceHeader, wanted: CtSlice, size: tuple[int, int]) -> bool:
    there = (header.width, header.height) == size and wanted.frame < header.frames
    return there and wanted.stated in ("", stated(header, wanted.frame))

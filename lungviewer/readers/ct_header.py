"""What a DICOM file says about its CT slices: from its beginning, no pixel decoded, bounded."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.ct_order import SliceHeader
from lungviewer.core.errors import ImageError
from lungviewer.readers.dicom_facts import DicomFacts, read_facts
from lungviewer.readers.dicom_rules import judge
from lungviewer.readers.dicom_syntaxes import DEFLATED, NATIVE
from lungviewer.readers.files import read_head
from lungviewer.readers.sniff import sniff

_BEGINNINGS = (1 << 14, 1 << 20)
"""Bytes that are read: what is asked for stands within the first, or private fields and the places of many
frames come before it."""

_MOST_ITEMS = 20_000
"""Items of sequences within that: 1,500 frames have fewer, and ten times as many take seconds to read."""

_ITEM = b"\xfe\xff\x00\xe0"


def read_slice_header(path: Path) -> SliceHeader | None:
    """What a file states about its slices, if it is one that is read as CT (readers/dicom_rules.py).

    None: it is something else, cannot be read, is deflated, states more than can be read in a moment, or its
    pixels do not begin within the first MiB.
    """
    try:
        for size in _BEGINNINGS:
            head = read_head(path, size)
            facts = facts_of_beginning(head)
            if facts is None:
                return None
            if facts.pixels is not None:
                judge(facts)
                return slice_header(path, facts)
            if len(head) < size:
                return None
    except ImageError:
        pass
    return None


def facts_of_beginning(head: bytes) -> DicomFacts | None:
    """What a file states, from its first bytes, if that can be read in bounded time and memory.

    Raises:
        ImageCorrupt: it is damaged.
    """
    if sniff(head) != "dicom" or DEFLATED.encode() in head or head.count(_ITEM) > _MOST_ITEMS:
        return None
    return read_facts(head)


def slice_header(path: Path, facts: DicomFacts) -> SliceHeader:
    """What a file's facts say about its slices."""
    return SliceHeader(
        path=path,
        series=facts.series,
        width=facts.width,
        height=facts.height,
        frames=facts.frames,
        number=facts.number,
        instance=facts.instance,
        positions=facts.positions,
        row=facts.row,
        column=facts.column,
        spacing_mm=facts.spacing_mm,
        thickness_mm=facts.thickness_mm,
        windows=facts.windows,
        packed=facts.syntax not in NATIVE,
    )

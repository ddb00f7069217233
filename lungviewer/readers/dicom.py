"""A DICOM CT file, open: its slices as Hounsfield units. For a worker process: see isolated_ct.py.

What is read, and what is refused: readers/dicom_rules.py; encodings: readers/dicom_syntaxes.py.
"""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.ct import HU
from lungviewer.core.ct_order import SliceHeader
from lungviewer.core.errors import ImageTruncated, NotAnImage
from lungviewer.readers.ct_header import slice_header
from lungviewer.readers.dicom_facts import read_facts
from lungviewer.readers.dicom_frames import bytes_in_order, locate_frames
from lungviewer.readers.dicom_inflate import inflated
from lungviewer.readers.dicom_j2k import is_lossy
from lungviewer.readers.dicom_rules import notes_of
from lungviewer.readers.dicom_streams import unpack
from lungviewer.readers.dicom_syntaxes import JPEG_2000, NATIVE
from lungviewer.readers.dicom_units import hounsfield, hounsfield_table, native_codes
from lungviewer.readers.files import read_regular_file
from lungviewer.readers.sniff import sniff


def open_dicom(path: Path) -> DicomFile:
    """Read a DICOM file of CT slices, whole, and find its frames. No pixel is unpacked yet.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
    """
    return DicomFile(path, inflated(read_regular_file(path, inspect=_require_dicom)))


class DicomFile:
    """`header` is what the file states about its slices, `notes` what is changed on the way in."""

    def __init__(self, path: Path, content: bytes) -> None:
        facts = read_facts(content)
        self.notes = notes_of(facts, path.suffix)
        if facts.pixels is None:  # which `judge` has refused
            raise ImageTruncated("The DICOM file ends before its pixels.")
        self.header: SliceHeader = slice_header(path, facts)
        self._frames = locate_frames(content, facts, facts.pixels)
        self._content, self._facts = bytes_in_order(content, facts, facts.pixels), facts
        streams = (content[slice(*frame[0])] for frame in self._frames if facts.syntax in JPEG_2000)
        if "lossy" not in self.notes and any(map(is_lossy, streams)):
            self.notes = ("lossy", *self.notes)

    def values(self, frame: int) -> HU:
        """Hounsfield units of one frame, H×W.

        Raises:
            ImageTruncated, ImageCorrupt: its pixels are incomplete or damaged; other frames may be whole.
            ValueError: there is no such frame.
        """
        if not 0 <= frame < len(self._frames):
            raise ValueError(f"no frame {frame}: there are {len(self._frames)}")
        facts = self._facts
        data = b"".join(self._content[start:end] for start, end in self._frames[frame])
        if facts.syntax in NATIVE:
            codes, bits = native_codes(data, facts), facts.stored
        else:
            codes, bits = unpack(data, facts)
        return hounsfield(codes, hounsfield_table(facts, frame, bits))


def _require_dicom(head: bytes) -> None:
    if sniff(head) != "dicom":
        raise NotAnImage("The file does not begin like a DICOM file.")

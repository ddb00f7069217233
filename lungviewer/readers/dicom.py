"""A DICOM CT file, open: its slices as Hounsfield units. For a worker process: see isolated_ct.py.

What is read, and what is refused: readers/dicom_rules.py; encodings: readers/dicom_syntaxes.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import HU
from lungviewer.core.ct_order import SliceHeader
from lungviewer.core.errors import ImageCorrupt, ImageTruncated, NotAnImage
from lungviewer.readers.ct_header import slice_header
from lungviewer.readers.dicom_facts import read_facts
from lungviewer.readers.dicom_frames import bytes_in_order, locate_frames
from lungviewer.readers.dicom_inflate import inflated
from lungviewer.readers.dicom_j2k import is_lossy
from lungviewer.readers.dicom_rules import judge
from lungviewer.readers.dicom_streams import unpack
from lungviewer.readers.dicom_syntaxes import BIG_ENDIAN, JPEG_2000, NATIVE
from lungviewer.readers.dicom_units import hounsfield, hounsfield_table
from lungviewer.readers.files import read_regular_file
from lungviewer.readers.pixels import DECODER_ERRORS
from lungviewer.readers.sniff import name_disagrees, sniff


def open_dicom(path: Path) -> DicomFile:
    """Read a DICOM file of CT slices, whole, and find its frames. No pixel is unpacked yet.

    Raises:
        ImageError: one of its classes says what is wrong with the file.
    """
    return DicomFile(path, inflated(read_regular_file(path, inspect=_require_dicom)))


class DicomFile:
    """`header` is what the file states about its slices, `notes` what is changed on the way in."""

    def __init__(self, path: Path, content: bytes) -> None:
        from pydicom.errors import BytesLengthException, InvalidDicomError

        try:
            facts = read_facts(content)
        except (InvalidDicomError, BytesLengthException, *DECODER_ERRORS):
            raise ImageCorrupt("The DICOM file's structure is damaged.") from None
        self.notes = judge(facts)
        if name_disagrees("dicom", path.suffix):
            self.notes += ("suffix_mismatch",)
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
            codes, bits = self._plain(data), facts.stored
        else:
            codes, bits = unpack(data, facts)
        table = hounsfield_table(facts, frame, bits, facts.high_bit - facts.stored + 1)
        return hounsfield(codes, table)

    def _plain(self, data: bytes) -> npt.NDArray[np.uint16]:
        facts = self._facts
        wide = ">u2" if facts.syntax == BIG_ENDIAN else "<u2"
        codes = np.frombuffer(data, np.uint8 if facts.allocated == 8 else wide)
        return codes.reshape(facts.height, facts.width).astype(np.uint16, copy=False)


def _require_dicom(head: bytes) -> None:
    if sniff(head) != "dicom":
        raise NotAnImage("The file does not begin like a DICOM file.")

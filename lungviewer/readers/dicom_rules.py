"""Which DICOM files are read as CT slices. The written rule:

A file is read when it says that it is CT (its class is CT Image, Enhanced CT or Legacy Converted Enhanced CT,
or its modality is CT and its class is no other kind of object), holds grey pixels of 8 or 16 bits as whole
numbers in an encoding of `dicom_syntaxes.py`, and states how they become Hounsfield units: slope and
intercept, of type HU or of none (`US`, unspecified, counts as none). Without them the values mean nothing
that can be relied on, and the file is refused rather than shown as a picture without units.

Refused by name: other modalities; objects that are no pictures of a scanner (segmentations, reports,
encapsulated documents, presentation states, radiotherapy, waveforms, maps of other quantities); colour; scout
views (LOCALIZER in ImageType: a projection through the body, no cross-section); floating point; look-up
tables in place of a slope; quantities other than HU; absurd sizes.

What is changed on the way in leaves a code in `ImageInfo.notes`:

monochrome1               stored for display with white as lowest value; Hounsfield units are what they are
padding_ignored           the padding value that is stated is one that tissue or metal has; taken as measured
anisotropic_scale_ignored   rows and columns lie more than 2 % differently far apart; no scale
no_spacing                the file does not say how far apart pixels lie; no scale
implausible_scale_ignored   pixels less than 0.02 mm or more than 20 mm apart; no scale
lossy                     compressed with loss, once at least
coarse_units              stored in steps of more than 5 HU
suffix_mismatch           the suffix of another image format; the content wins
"""

from __future__ import annotations

from lungviewer.core.errors import (
    ImageCorrupt,
    ImageTooLarge,
    ImageTruncated,
    UnsupportedFormat,
    UnsupportedPixels,
)
from lungviewer.readers.dicom_facts import MOST_FRAMES, PIXEL_DATA, DicomFacts
from lungviewer.readers.dicom_syntaxes import LOSSY, require_known
from lungviewer.readers.pixels import check_size
from lungviewer.readers.sniff import name_disagrees

MOST_SIDE = 4096
"""Pixels along a side of a slice: twice the largest that scanners reconstruct."""

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_CT_CLASSES = frozenset({_STORAGE + "2", _STORAGE + "2.1", _STORAGE + "2.2"})

_OTHER_OBJECTS: tuple[tuple[str, str], ...] = (
    ("66.4", "a segmentation"),
    ("66.7", "a segmentation"),
    ("66.5", "a segmentation"),
    ("66", "measured data, not a picture"),
    ("67", "a table of values"),
    ("68", "a surface or a scan of one"),
    ("30", "a map of computed values"),
    ("88", "a structured report"),
    ("104", "an encapsulated document"),
    ("11", "a presentation state"),
    ("481", "an object of radiotherapy"),
    ("9", "a recording of signals"),
    ("4", "a magnetic resonance picture or measurement"),
    ("77", "a photograph or microscope picture"),
)
"""Storage classes (PS3.4, B.5) below `_STORAGE` that are never CT slices, more special ones first."""

_DIRECTORY = "1.2.840.10008.1.3.10"

_MODALITIES = {
    "MR": "magnetic resonance (MR)",
    "CR": "computed radiography (CR)",
    "DX": "digital radiography (DX)",
    "DR": "digital radiography (DR)",
    "RG": "radiography (RG)",
    "PX": "radiography (PX)",
    "US": "ultrasound (US)",
    "IVUS": "ultrasound (IVUS)",
    "PT": "positron emission (PT)",
    "NM": "nuclear medicine (NM)",
    "MG": "mammography (MG)",
    "XA": "angiography (XA)",
    "RF": "fluoroscopy (RF)",
    "ES": "endoscopy (ES)",
    "SM": "slide microscopy (SM)",
    "GM": "microscopy (GM)",
    "XC": "photography (XC)",
    "OP": "eye photography (OP)",
    "ECG": "an electrocardiogram (ECG)",
    "SC": "a secondary capture (SC)",
    "OT": "an object of no stated modality (OT)",
    "SEG": "a segmentation (SEG)",
    "SR": "a structured report (SR)",
    "DOC": "a document (DOC)",
    "PR": "a presentation state (PR)",
    "KO": "a selection of key objects (KO)",
    "REG": "a registration (REG)",
    "RTDOSE": "radiotherapy (RTDOSE)",
    "RTSTRUCT": "radiotherapy (RTSTRUCT)",
    "RTPLAN": "radiotherapy (RTPLAN)",
    "RTIMAGE": "radiotherapy (RTIMAGE)",
}
"""Only words of this list are told: whatever else stands in the field could be somebody's name."""

_ONLY_CT = "Of DICOM files only CT slices and whole slides are read."
_NO_HU = "Export the slices as the scanner made them."

_COARSE_HU = 5.0
_MEASURED = (-950.0, 31_000.0)
"""HU of bodies and of metal in them, on the largest scale that scanners have: padding between them would
erase measured pixels. A scanner of 12 bits saturates at 3071."""


def judge(facts: DicomFacts) -> tuple[str, ...]:
    """Whether a file is read, by the rule above, from what it states: the notes that this leaves.

    Raises:
        UnsupportedFormat: it is no CT slice, or in an encoding that is not read.
        UnsupportedPixels: its pixels are no Hounsfield units.
        ImageTruncated: it ends before its pixels.
        ImageCorrupt: what it states contradicts itself.
        ImageTooLarge: more than 4,096 pixels along a side, or more than 10,000 frames.
    """
    _require_ct(facts)
    _require_pixels(facts)
    require_known(facts.syntax)
    notes = []
    if facts.lossy or facts.syntax in LOSSY:
        notes.append("lossy")
    if max(abs(slope) for slope, _ in facts.rescales) > _COARSE_HU:
        notes.append("coarse_units")
    if facts.photometric == "MONOCHROME1":
        notes.append("monochrome1")
    if facts.padding is not None and usable_padding(facts) is None:
        notes.append("padding_ignored")
    return tuple(notes)


def notes_of(facts: DicomFacts, suffix: str) -> tuple[str, ...]:
    """`judge`, and the note about a name that ends as those of another format."""
    return (*judge(facts), *(("suffix_mismatch",) if name_disagrees("dicom", suffix) else ()))


def usable_padding(facts: DicomFacts) -> tuple[int, int] | None:
    """The (lowest, highest) stored value that stands for nothing; None: not stated, or bodies have it."""
    if facts.padding is None:
        return None
    for slope, intercept in facts.rescales:
        lowest, highest = sorted(value * slope + intercept for value in facts.padding)
        if highest > _MEASURED[0] and lowest < _MEASURED[1]:
            return None
    return facts.padding


def _require_ct(facts: DicomFacts) -> None:
    if facts.sop_class == _DIRECTORY:
        raise UnsupportedFormat(
            "The file is the directory of a disc (DICOMDIR).", hint="Open the folder of slices beside it."
        )
    if facts.sop_class not in _CT_CLASSES:
        for ending, words in _OTHER_OBJECTS:
            if (facts.sop_class + ".").startswith(_STORAGE + ending + "."):
                raise UnsupportedFormat(f"The DICOM file is {words}.", hint=_ONLY_CT)
    if facts.modality not in ("", "CT"):
        words = _MODALITIES.get(facts.modality, "of another modality than CT")
        raise UnsupportedFormat(f"The DICOM file is {words}.", hint=_ONLY_CT)
    if facts.pixels is None and not facts.complete:
        raise ImageTruncated("The DICOM file ends before its pixels.")
    if not facts.modality and facts.sop_class not in _CT_CLASSES:
        raise UnsupportedFormat("The DICOM file does not say that it is CT.", hint=_ONLY_CT)
    if "LOCALIZER" in facts.image_type:
        raise UnsupportedFormat(
            "The DICOM file is a scout view (localizer), not a cross-section.",
            hint="Open the slices of the series instead.",
        )


def _require_pixels(facts: DicomFacts) -> None:
    if facts.pixels is None:
        raise UnsupportedFormat("The DICOM file holds no pixels.", hint=_ONLY_CT)
    if facts.pixels.tag != PIXEL_DATA:
        raise UnsupportedPixels("The DICOM file holds floating point pixels.", hint=_NO_HU)
    if facts.samples == 3 or facts.photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        raise UnsupportedPixels("The DICOM file is a colour picture, not Hounsfield units.", hint=_NO_HU)
    if facts.samples != 1 or not facts.photometric:
        raise ImageCorrupt("The DICOM file does not say what its pixels mean.")
    if facts.frames < 1:
        raise ImageCorrupt("The DICOM file says that it has no frames.")
    if facts.frames > MOST_FRAMES:
        raise ImageTooLarge(
            f"The DICOM file says that it has more than {MOST_FRAMES:,} frames.", hint="Split it."
        )
    check_size(facts.width, facts.height)
    if max(facts.width, facts.height) > MOST_SIDE:
        raise ImageTooLarge(
            f"The slice is {facts.width} × {facts.height} pixels; up to {MOST_SIDE:,} a side are read.",
            hint=_NO_HU,
        )
    _require_samples(facts)
    _require_units(facts)


def _require_samples(facts: DicomFacts) -> None:
    if facts.allocated not in (8, 16):
        raise UnsupportedPixels("DICOM pixels are read in 8 or 16 bits, no others.", hint=_NO_HU)
    if not 1 <= facts.stored <= facts.allocated or not facts.stored - 1 <= facts.high_bit < facts.allocated:
        raise ImageCorrupt("The DICOM file contradicts itself about the bits of its pixels.")
    if facts.signed not in (0, 1):
        raise ImageCorrupt("The DICOM file does not say whether its pixels are signed.")


def _require_units(facts: DicomFacts) -> None:
    if facts.rescale_type not in ("", "HU", "US"):
        raise UnsupportedPixels("The DICOM file holds another quantity than Hounsfield units.", hint=_NO_HU)
    if not facts.rescales or facts.has_table:
        raise UnsupportedPixels(
            "The DICOM file does not say how its values become Hounsfield units.", hint=_NO_HU
        )
    if len(facts.rescales) not in (1, facts.frames) or any(slope == 0 for slope, _ in facts.rescales):
        raise ImageCorrupt("The DICOM file contradicts itself about its Hounsfield units.")

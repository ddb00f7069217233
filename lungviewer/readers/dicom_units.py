"""Hounsfield units of stored samples: one look-up per sample, whatever bits, sign and scale are stated."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import AIR_HU, HU
from lungviewer.readers.dicom_facts import DicomFacts
from lungviewer.readers.dicom_rules import usable_padding
from lungviewer.readers.dicom_syntaxes import BIG_ENDIAN

_LARGEST = 32767


def native_codes(data: bytes, facts: DicomFacts) -> npt.NDArray[np.uint16]:
    """H×W: the bits of each sample of a frame that is not packed."""
    wide = ">u2" if facts.syntax == BIG_ENDIAN else "<u2"
    codes = np.frombuffer(data, np.uint8 if facts.allocated == 8 else wide)
    return codes.reshape(facts.height, facts.width).astype(np.uint16, copy=False)


def hounsfield_table(facts: DicomFacts, frame: int, bits: int) -> npt.NDArray[np.int16]:
    """Hounsfield units of every 16-bit code, 65,536 of them, not to be written to.

    The sample is the `bits` bits up to the stated high one: overlays that old files keep above or below it
    (PS3.5, 8.1.1) fall away. Units are rounded; padding, and what lies below air, is air.
    """
    rescale = facts.rescales[frame if len(facts.rescales) > 1 else 0]
    shift = facts.high_bit - facts.stored + 1
    return _table(bits, shift, bool(facts.signed), rescale, usable_padding(facts))


@functools.lru_cache(maxsize=8)  # slices of a series share one, which takes as long to make as to apply
def _table(
    bits: int, shift: int, signed: bool, rescale: tuple[float, float], padding: tuple[int, int] | None
) -> npt.NDArray[np.int16]:
    codes = np.arange(1 << 16) >> shift & (1 << bits) - 1
    stored = codes - (codes >> bits - 1 << bits) if signed else codes
    slope, intercept = rescale
    with np.errstate(over="ignore"):  # absurd numbers end at the largest one
        units = np.clip(np.rint(stored * slope + intercept), AIR_HU, _LARGEST)
    if padding is not None:
        units[(stored >= padding[0]) & (stored <= padding[1])] = AIR_HU
    table = units.astype(np.int16)
    table.setflags(write=False)
    return table


def hounsfield(codes: npt.NDArray[np.uint16], table: npt.NDArray[np.int16]) -> HU:
    """H×W Hounsfield units of H×W codes."""
    return np.take(table, codes)

"""What a row is worth beside another answer: whether it is about the same image and says the same."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lungviewer.core.ct import CT
from lungviewer.core.types import ImageRecord, Provenance

_NEAR = 1e-3
"""What shares and strangeness may differ by between two runs of one model over one image: other batches round
by 1e-6, a GPU by more, and tables give strangeness four digits."""

_CSV_SCALE = 1e-6
"""The last digit that tables give to µm/px."""


def same_answer(row: ImageRecord, other: ImageRecord) -> bool:
    """Whether two rows are about pictures of one size and say the same about them, but for rounding."""
    return (
        same_size(row, other.width_px, other.height_px)
        and row.status is other.status
        and row.predicted_class == other.predicted_class
        and _near(row.confidence, other.confidence)
        and _near(row.trust_score, other.trust_score)
        and _near(row.tumour_share, other.tumour_share)
        and _all_near(row.probabilities, other.probabilities)
    )


def same_size(row: ImageRecord, width_px: int | None, height_px: int | None) -> bool:
    """Whether a row is about a picture of this size; None: it could not be read."""
    return (row.width_px, row.height_px) == (width_px, height_px)


def same_scale(one: float | None, other: float | None) -> bool:
    """Whether two scales, µm/px, are one, to the digits of a table."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _CSV_SCALE


def is_newer(row: ImageRecord, other: ImageRecord) -> bool:
    """Whether a row was made after the other one; rows of one second are not told apart."""
    return row.analysed_at > other.analysed_at


def would_be_said(
    row: ImageRecord,
    made_by: Provenance,
    *,
    scanned_um_per_px: float | None,
    scale: float | None,
    usual: float | None,
) -> bool:
    """Whether the model in force would give this row of a scan itself.

    Args:
        made_by: the model in force; rows of another model or precision do not count.
        scanned_um_per_px: the scale that the scan laid over what files say; None: none.
        scale: the scale, µm/px, that is known to be used for this image instead of the file's; None: none.
        usual: the scale that counts for a file that says none; None: none.
    """
    if (row.model_sha256, row.backend) != (made_by.model_sha256, made_by.backend):
        return False
    if row.kind == CT:  # one field a slice, whatever its scale
        return True
    if scale is not None:
        return same_scale(row.um_per_px, scale)
    return scanned_um_per_px is None and (row.um_per_px is not None or usual is None)


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_NEAR, abs_tol=_NEAR)


def _all_near(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() == other.keys() and all(_near(share, other[name]) for name, share in one.items())

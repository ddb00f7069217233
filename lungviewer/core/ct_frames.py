"""The answer for a file of several CT slices: that of one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.types import Prediction, Status

_GRAVEST_FIRST = (Role.TUMOUR, Role.BENIGN, Role.NORMAL)
_SHOWN = re.compile(r"slice_(\d+)_of_(\d+)")


def decide(predictions: Sequence[Prediction], spec: ModelSpec) -> tuple[Prediction, int]:
    """The answer for slices that lie in one file, and the index of the one that it is the answer of.

    A mean over a whole chest would drown what is in a few slices, so the surest of the slices with the
    gravest call speaks for the file (tumour before benign before normal), and it always asks for review: how
    often that is right was never measured. A file that lost more than nine tenths of its slices is refused
    for their commonest reason.
    """
    kept = [i for i, p in enumerate(predictions) if p.predicted is not None]
    if len(kept) * 10 < len(predictions):
        refused = [p.reasons for p in predictions if p.predicted is None]
        commonest = Counter(refused).most_common(1)[0][0]
        index = next(i for i, p in enumerate(predictions) if p.predicted is None and p.reasons == commonest)
        return predictions[index], index

    def rank(index: int) -> tuple[int, float]:
        call = predictions[index]
        role = spec.class_by_id(call.predicted or "").role
        return _GRAVEST_FIRST.index(role), -(call.confidence or 0.0)

    index = min(kept, key=rank)
    call = predictions[index]
    many = ("mostly_refused",) if len(kept) * 2 < len(predictions) else ()
    reasons = (*call.reasons, *many, "frames_not_validated")
    return (
        Prediction(
            Status.REVIEW, reasons, call.probabilities, call.predicted, call.confidence, call.trust_score
        ),
        index,
    )


def shown_slice(index: int, slices: int) -> str:
    """The code that says of which slice, an index from 0 in the order of `ct_order.ordered`, an answer is."""
    return f"slice_{index + 1}_of_{slices}"


def slice_shown(code: str) -> tuple[int, int] | None:
    """The number of the slice, from 1, and how many there are, if a code is one of `shown_slice`."""
    found = _SHOWN.fullmatch(code)
    return (int(found[1]), int(found[2])) if found else None

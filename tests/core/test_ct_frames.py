"""Which of the slices in a file speaks for it."""

from __future__ import annotations

from lungviewer.core.ct_frames import decide, shown_slice, slice_shown
from lungviewer.core.types import Prediction, Status
from tests.fixtures.ct_packs import ct_spec

SPEC = ct_spec()


def called(class_id: str, confidence: float = 0.9) -> Prediction:
    return Prediction(Status.OK, (), {class_id: confidence}, class_id, confidence, 1.0)


def refused(reason: str = "empty") -> Prediction:
    return Prediction(Status.REFUSED, (reason,), {"normal": 0.9}, None, None, 9.0)


def test_the_surest_of_the_gravest_calls_speaks_and_asks_for_review():
    slices = [
        called("normal", 0.99),
        called("malignant", 0.7),
        called("malignant", 0.8),
        called("benign", 0.95),
    ]
    answer, index = decide(slices, SPEC)
    assert (index, answer.predicted, answer.confidence) == (2, "malignant", 0.8)
    assert (answer.status, answer.reasons) == (Status.REVIEW, ("frames_not_validated",))
    assert decide(slices[::3], SPEC)[1] == 1
    assert decide([called("normal", 0.6), called("normal", 0.7)], SPEC)[1] == 1


def test_slices_that_were_refused_are_said_when_they_are_most():
    answer, index = decide([refused(), refused(), called("normal"), refused()], SPEC)
    assert (index, answer.reasons) == (2, ("mostly_refused", "frames_not_validated"))
    assert "mostly_refused" not in decide([refused(), called("normal")], SPEC)[0].reasons


def test_a_file_of_hardly_anything_but_refused_slices_is_refused_for_their_commonest_reason():
    slices = [refused("unlike_training"), *[refused() for _ in range(10)], called("malignant")]
    answer, index = decide(slices, SPEC)
    assert (answer.status, answer.reasons, answer.predicted, index) == (Status.REFUSED, ("empty",), None, 1)


def test_the_code_says_which_slice():
    assert slice_shown(shown_slice(40, 128)) == (41, 128)
    assert slice_shown("series_gap") is None

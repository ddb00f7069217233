import csv

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from lungviewer.core.backend import RawOutput
from lungviewer.core.model import REVIEW_ALL, ImageCheckLimits
from lungviewer.core.outliers import outlier_model
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import (
    REASON_SENTENCES,
    calibrated_probabilities,
    check_field,
    combine_fields,
    judge_fields,
)
from lungviewer.core.types import Prediction, Status
from tests.fixtures.packs import tiny_spec

LIMITS = ImageCheckLimits()
SPEC = tiny_spec(review_below=0.6, score="gaussian", refuse_above=2.0)


def tissue(seed=0, size=224):
    """Purple blobs on pink: enough of H&E's look for the checks."""
    rng = np.random.default_rng(seed)
    field = np.full((size, size, 3), (225, 160, 200), np.uint8)
    for _ in range(150):
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        cv2.circle(field, centre, 5, (95, 60, 140), -1)
    return field


def raw(logits, embedding=None):
    values = np.asarray(logits, np.float32)
    n, c = values.shape
    hidden = np.zeros((n, 2), np.float32) if embedding is None else np.asarray(embedding, np.float32)
    return RawOutput(values, np.zeros((n, c, 4, 4), np.float32), hidden)


GAUSSIAN = {
    "centre": np.zeros(2, np.float32),
    "projection": np.eye(2, dtype=np.float32),
    "class_means": np.zeros((3, 2), np.float32),
}


# --- image checks


def test_tissue_passes_every_check():
    assert check_field(tissue(), LIMITS, "histology") is None


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (np.full((224, 224, 3), 242, np.uint8), "glass"),
        (np.zeros((224, 224, 3), np.uint8), "empty"),
        (cv2.GaussianBlur(tissue(), (0, 0), 6), "blur"),
        (cv2.cvtColor(cv2.cvtColor(tissue(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), "no_colour"),
    ],
)
def test_each_fault_is_named(field, code):
    assert check_field(field, LIMITS, "histology") == code


@pytest.mark.parametrize("ink", [(20, 140, 60), (10, 20, 200), (15, 15, 15), (0, 150, 160)])
def test_pen_in_any_common_colour_is_seen(ink):
    field = tissue()
    cv2.line(field, (0, 30), (223, 120), ink, 40)
    assert check_field(field, LIMITS, "histology") == "pen"


def test_colour_is_refused_by_a_ct_model_and_grey_is_not():
    grey = cv2.cvtColor(cv2.cvtColor(tissue(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert check_field(grey, LIMITS, "ct") is None
    assert check_field(tissue(), LIMITS, "ct") == "colour"


def test_every_reason_has_a_sentence():
    for code in ("glass", "empty", "blur", "pen", "no_colour", "colour", "unlike_training", "low_confidence"):
        assert REASON_SENTENCES[code].endswith(".")
    for code in ("aim_not_met", "tumour_fields", "fields_disagree", "partly_refused", "mostly_refused"):
        assert REASON_SENTENCES[code].endswith(".")


@pytest.mark.parametrize(
    ("folder", "limit"), [("lung_histology", 0.01), ("external_dev", 0.02), ("stain_pool/lung_lab_b", 0.02)]
)
def test_real_tissue_is_rarely_refused_by_the_image_checks(shared_data, folder, limit):
    paths = sorted(p for p in (shared_data / folder).rglob("*.*g") if p.is_file())[::7]
    assert len(paths) > 20
    refused = 0
    for path in paths:
        with Image.open(path) as image:
            field = resize_field(np.asarray(image.convert("RGB")), 224)
        refused += check_field(field, LIMITS, "histology") is not None
    assert refused / len(paths) <= limit, f"{refused} of {len(paths)}"


def test_ct_slices_are_refused_by_a_histology_model(shared_data):
    with (shared_data / "lung_ct" / "manifest.csv").open() as stream:
        rows = list(csv.DictReader(stream))[::40]
    for row in rows:
        with Image.open(shared_data / "lung_ct" / row["path"]) as image:
            field = resize_field(np.ascontiguousarray(np.asarray(image.convert("RGB"))[:200, :200]), 224)
        assert check_field(field, LIMITS, "histology") is not None


# --- probabilities and scores


@given(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), st.floats(0.05, 20))
def test_probabilities_sum_to_one_and_keep_the_order_of_the_logits(logits, temperature):
    values = calibrated_probabilities(np.array([logits], np.float32), temperature)[0]
    assert values.sum() == pytest.approx(1)
    assert values.argmax() == np.float32(logits).argmax() or np.isclose(
        values.max(), values[np.float32(logits).argmax()]
    )


def test_a_higher_temperature_is_less_sure():
    logits = np.array([[2.0, 0.0, 0.0]], np.float32)
    assert calibrated_probabilities(logits, 2.0)[0, 0] < calibrated_probabilities(logits, 1.0)[0, 0]


# --- judging


def judge(logits, embedding=None, check=None):
    outlier = outlier_model("gaussian", GAUSSIAN)
    return judge_fields(raw([logits], embedding), [check], SPEC, outlier)[0]


def test_a_sure_answer_on_familiar_tissue_is_a_call():
    answer = judge([5, 0, 0])
    assert (answer.status, answer.predicted, answer.reasons) == (Status.OK, "tumour_a", ())


def test_an_unsure_answer_is_a_call_that_asks_for_review():
    answer = judge([0.1, 0, 0])
    assert (answer.status, answer.reasons) == (Status.REVIEW, ("low_confidence",))
    assert answer.predicted == "tumour_a"


def test_strange_tissue_is_refused_however_sure_the_model_is():
    answer = judge([50, 0, 0], embedding=[[30, 40]])
    assert (answer.status, answer.reasons) == (Status.REFUSED, ("unlike_training",))
    assert answer.predicted is None
    assert answer.confidence is None
    assert answer.probabilities["tumour_a"] > 0.99  # kept for the export


def test_a_score_that_is_not_a_number_is_refused():
    assert judge([5, 0, 0], embedding=[[np.nan, 0]]).status is Status.REFUSED


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_never_a_call(value):
    answer = judge([value, 1, 2])
    assert (answer.status, answer.reasons, answer.predicted) == (Status.REFUSED, ("not_a_number",), None)


def test_a_doubt_from_outside_asks_for_review_but_does_not_undo_a_refusal():
    sure, refused = field_answer(Status.OK, 0.9), field_answer(Status.REFUSED, 0.9, ("pen",))
    assert combine_fields([sure], SPEC, ("low_resolution",)).reasons == ("low_resolution",)
    assert combine_fields([sure], SPEC, ("low_resolution",)).status is Status.REVIEW
    assert combine_fields([refused], SPEC, ("low_resolution",)).status is Status.REFUSED


def test_a_model_that_nobody_validated_never_makes_a_plain_call():
    spec = tiny_spec(validated=False)
    (answer,) = judge_fields(raw([[9, 0, 0]]), [None], spec, None)
    assert (answer.status, answer.reasons) == (Status.REVIEW, ("not_validated",))


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3), st.booleans())
@example([1e4, -1e4, -1e4], True)
def test_a_model_that_did_not_reach_its_aim_never_makes_a_plain_call(logits, validated):
    """Also where its probability is rounded to 1.0, alone and as the mean of several fields."""
    spec = tiny_spec(review_below=REVIEW_ALL, validated=validated)
    fields = judge_fields(raw([logits, logits]), [None, None], spec, None)
    for answer in (fields[0], combine_fields(fields, spec), combine_fields(fields[:1], spec)):
        assert (answer.status, answer.reasons) == (Status.REVIEW, spec.standing_doubts)
        assert answer.reasons[0] == "aim_not_met"
        assert answer.confidence == answer.probabilities[answer.predicted], "what it says is still told"
    assert combine_fields(fields, spec, ("no_hu",)).reasons == ("no_hu", *spec.standing_doubts)


def test_a_refusal_of_such_a_model_stays_one_and_a_little_less_than_all_is_a_threshold():
    (refused,) = judge_fields(raw([[9, 0, 0]]), ["pen"], tiny_spec(review_below=REVIEW_ALL), None)
    assert (refused.status, refused.reasons) == (Status.REFUSED, ("pen",))
    (call,) = judge_fields(raw([[90, 0, 0]]), [None], tiny_spec(review_below=0.9999), None)
    assert (call.status, call.reasons) == (Status.OK, ())


def test_the_failed_check_comes_before_the_strangeness():
    assert judge([5, 0, 0], embedding=[[30, 40]], check="pen").reasons == ("pen", "unlike_training")


def field_answer(status, p, reasons=()):
    by_class = {"tumour_a": p, "tumour_b": 1 - p, "benign": 0.0}
    call = "tumour_a" if p >= 0.5 else "tumour_b"
    counted = status is not Status.REFUSED
    return Prediction(status, reasons, by_class, call if counted else None, p if counted else None, 1.0)


def test_refused_fields_do_not_take_part_in_the_average():
    fields = [
        field_answer(Status.OK, 0.9),
        field_answer(Status.OK, 0.8),
        field_answer(Status.REFUSED, 0.0, ("glass",)),
    ]
    answer = combine_fields(fields, SPEC)
    assert answer.status is Status.OK
    assert answer.confidence == pytest.approx(0.85)


def test_an_image_that_lost_most_fields_asks_for_review():
    fields = [field_answer(Status.OK, 0.9)] + [field_answer(Status.REFUSED, 0.9, ("blur",))] * 2
    assert combine_fields(fields, SPEC).reasons == ("mostly_refused",)


def test_a_call_is_not_made_from_a_few_fields_of_many():
    fields = [field_answer(Status.OK, 0.9)] + [field_answer(Status.REFUSED, 0.9, ("glass",))] * 19
    assert combine_fields(fields, SPEC).status is Status.REFUSED


def test_an_image_of_refused_fields_is_refused_for_the_commonest_reason():
    fields = [field_answer(Status.REFUSED, 0.9, (r,)) for r in ("glass", "glass", "pen")]
    answer = combine_fields(fields, SPEC)
    assert (answer.status, answer.reasons, answer.predicted) == (Status.REFUSED, ("glass",), None)


def calls(*class_ids, refused=()):
    """Sure answers for fields of an image: one of each class named, then those refused for a reason."""
    sure = [
        Prediction(Status.OK, (), {c: 0.98 if c == call else 0.01 for c in SPEC.class_ids}, call, 0.98, 0.0)
        for call in class_ids
    ]
    return sure + [
        Prediction(Status.REFUSED, (reason,), dict.fromkeys(SPEC.class_ids, 1 / 3), None, None, 9.0)
        for reason in refused
    ]


BENIGN, A, B = "benign", "tumour_a", "tumour_b"


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        # A third tumour and a third of the fields refused: found by a reviewer as "Benign 86 %, OK".
        (calls(*[BENIGN] * 12, B, B, refused=["unlike_training"] * 6), ("tumour_fields", "partly_refused")),
        (calls(*[BENIGN] * 18, A, B), ("tumour_fields",)),
        (calls(*[BENIGN] * 200, A, A), ("tumour_fields",)),
        (calls(*[BENIGN] * 9, A), ("tumour_fields",)),
        (calls(BENIGN, BENIGN, A), ("tumour_fields", "fields_disagree")),
        (calls(*[A] * 14, *[B] * 6), ("fields_disagree",)),
        (calls(*[A] * 14, *[BENIGN] * 6), ("fields_disagree",)),
        (calls(*[A] * 14, refused=["blur"] * 6), ("partly_refused",)),
        (calls(*[A] * 3, refused=["glass"] * 2 + ["blur"] * 2), ("mostly_refused",)),
    ],
)
def test_fields_that_contradict_or_miss_ask_for_review(fields, reasons):
    answer = combine_fields(fields, SPEC)
    assert (answer.status, answer.reasons) == (Status.REVIEW, reasons)


@pytest.mark.parametrize(
    "fields",
    [
        calls(*[BENIGN] * 19, A),  # a stray
        calls(*[A] * 15, *[B] * 5),
        calls(*[A] * 15, *[BENIGN] * 5),  # tumour seldom fills an image
        calls(*[A] * 15, refused=["blur"] * 5),
        calls(*[A] * 12, refused=["glass"] * 8 + ["pen"]),  # nothing to read is nothing missed
        calls(A),
        calls(BENIGN, refused=["glass"]),
    ],
)
def test_fields_that_agree_well_enough_are_a_call(fields):
    answer = combine_fields(fields, SPEC)
    assert (answer.status, answer.reasons) == (Status.OK, ())


def test_field_doubts_stand_beside_those_from_outside():
    answer = combine_fields(calls(*[BENIGN] * 18, A, A), SPEC, ("scale_unknown",))
    assert answer.reasons == ("scale_unknown", "tumour_fields")


def test_a_refused_image_has_no_doubts_about_its_fields():
    answer = combine_fields(calls(A, refused=["blur"] * 19), SPEC)
    assert (answer.status, answer.reasons) == (Status.REFUSED, ("blur",))

"""Rows beside other answers: which say the same, and which a model in force would give itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lungviewer.core.types import ImageRecord, Provenance, Status
from lungviewer.services.rows import same_answer, same_scale, would_be_said

ROW = ImageRecord(
    path="a.png",
    kind="png",
    status=Status.REVIEW,
    width_px=768,
    height_px=512,
    um_per_px=0.25,
    predicted_class="benign",
    confidence=0.612345,
    probabilities={"benign": 0.612345, "tumour": 0.387655},
    trust_score=0.1818,
    model_sha256="a" * 64,
    backend="onnxruntime",
    seconds=1.0,
)
MADE_BY = Provenance("m", "1", "a" * 64, "onnxruntime", "cpu", "0")
NONE = {"scanned_um_per_px": None, "scale": None, "usual": None}


def test_rows_that_differ_by_rounding_and_time_say_the_same() -> None:
    again = replace(ROW, path="b/a.png", confidence=0.6123456, trust_score=0.18184, seconds=9.0)
    assert same_answer(ROW, again)
    refused = replace(ROW, status=Status.REFUSED, predicted_class="", confidence=None)
    assert same_answer(refused, replace(refused, trust_score=0.1819))


@pytest.mark.parametrize(
    "other",
    [
        {"width_px": 512, "height_px": 768},
        {"width_px": None, "height_px": None},
        {"status": Status.OK},
        {"predicted_class": "tumour"},
        {"confidence": 0.65},
        {"confidence": None},
        {"trust_score": 0.2},
        {"probabilities": {"benign": 0.612345, "tumour": 0.3}},
        {"probabilities": {"benign": 0.612345}},
    ],
)
def test_another_size_or_answer_is_not_the_same(other: dict) -> None:
    assert not same_answer(ROW, replace(ROW, **other))


def test_scales_are_compared_to_the_digits_of_a_table() -> None:
    assert same_scale(0.255, 0.2549999)
    assert same_scale(None, None)
    assert not same_scale(0.255, 0.2551)
    assert not same_scale(None, 0.25)


@pytest.mark.parametrize(
    ("row", "asked", "said"),
    [
        ({}, {}, True),
        ({"model_sha256": "b" * 64}, {}, False),
        ({"backend": "onnxruntime int8"}, {}, False),
        ({"um_per_px": 0.5}, {"scanned_um_per_px": 0.5}, False),  # the file's own scale may be another
        ({"um_per_px": 0.5}, {"scanned_um_per_px": 0.5, "scale": 0.5}, True),
        ({"um_per_px": 0.5}, {"scanned_um_per_px": 0.5, "scale": 0.4}, False),
        ({}, {"scale": 0.5}, False),
        ({}, {"usual": 0.5}, True),  # the file states its scale
        ({"um_per_px": None}, {"usual": 0.5}, False),
        ({"um_per_px": None}, {}, True),
    ],
)
def test_a_row_counts_only_when_the_model_in_force_would_say_it(row: dict, asked: dict, said: bool) -> None:
    assert would_be_said(replace(ROW, **row), MADE_BY, **{**NONE, **asked}) is said

"""The answer for a slide in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import Status
from lungviewer.services.slide_words import slide_lines
from tests.fixtures.packs import tiny_spec
from tests.fixtures.slide_maps import slide_map

SPEC, SUMMARY = tiny_spec(), slide_map(columns=24, rows=18).summary


def test_a_call_is_told_with_its_areas_and_why_it_asks_for_review():
    summary = replace(
        SUMMARY,
        tumour_share=0.25,
        analysed_mm2=12.34,
        class_mm2={"tumour_a": 2.0, "tumour_b": 0.034, "benign": 10.306},
        refused_share=0.054,
        reasons=("partly_refused", "slide_not_validated"),
    )
    assert slide_lines(summary, SPEC) == (
        "Tumour A. Needs review.",
        "Tumour 25 % of 12.3 mm² analysed tissue; Tumour A 2.0 mm²; Tumour B 0.034 mm²; Benign 10.3 mm²; "
        "refused 5.4 % of the tissue.",
        f"{REASON_SENTENCES['partly_refused']} {REASON_SENTENCES['slide_not_validated']}",
    )


def test_a_refused_slide_is_given_no_class():
    summary = replace(SUMMARY, status=Status.REFUSED, predicted=None, tumour_share=None, refused_share=1.0)
    lines = slide_lines(summary, SPEC)
    assert lines[:2] == ("Refused: no call is made for this slide.", "Refused 100 % of the tissue.")
    assert not any(c.label in line for c in SPEC.classes for line in lines)


def test_a_slide_without_tissue_has_no_areas_to_tell():
    summary = replace(
        SUMMARY,
        status=Status.REFUSED,
        predicted=None,
        tumour_share=None,
        refused_share=None,
        reasons=("no_tissue",),
    )
    assert slide_lines(summary, SPEC)[1:] == (REASON_SENTENCES["no_tissue"],)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (1e-6, "0.1 %"), (0.054, "5.4 %"), (0.5, "50 %"), (0.9999, "99.9 %"), (1.0, "100 %")],
)
def test_shares_are_never_rounded_to_nothing_or_all(share, said):
    line = slide_lines(replace(SUMMARY, tumour_share=share), SPEC)[1]
    assert line.startswith(f"Tumour {said} of")

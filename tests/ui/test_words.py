"""Numbers in the words of the window."""

from dataclasses import replace

import pytest

from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.words import (
    badge,
    duration,
    headline,
    in_percent,
    percent,
    reason_sentence,
    reason_word,
    share,
    strangeness,
)
from tests.fixtures.packs import tiny_spec


def test_a_number_is_never_parted_from_its_percent_sign():
    for text in (*map(percent, (0.0, 0.5, 0.995, 0.9999, 1.0)), in_percent("12")):
        assert text.endswith("\u00a0%")
        assert " " not in text


def test_no_share_is_ever_called_the_whole():
    assert percent(1.0) == percent(0.9995) == ">\u00a099.9\u00a0%"
    assert percent(0.99) == "99.0\u00a0%"


def test_times_are_told_as_people_say_them():
    assert [duration(s) for s in (0.2, 75, 300, 4800)] == ["1 s", "75 s", "5 min", "1 h 20 min"]


@pytest.mark.parametrize(
    ("score", "limit", "text"),
    [
        (-4.97e-05, 0.261178, "Unlike training images: 0.00; refused above 0.26."),
        (0.3, 0.261178, "Unlike training images: 0.30; above 0.26 a field is refused."),
        (0.2615, 0.2612, "Unlike training images: 0.262; above 0.261 a field is refused."),
        (3.25, 10.0, "Unlike training images: 3; refused above 10."),
        (120.0, 118.0, "Unlike training images: 120; above 118 a field is refused."),
        (0.00012, 0.00034, "Unlike training images: 0.00012; refused above 0.00034."),
        (0.0, 0.0, "Unlike training images: 0.0; refused above 0.0."),
        (float("inf"), 10.0, "How unlike training images it is could not be computed."),
    ],
)
def test_strangeness_is_a_number_that_can_be_read_beside_its_limit(score, limit, text):
    assert strangeness(score, limit) == text


SLIDE = ImageRecord("a.svs", "slide", Status.REVIEW, predicted_class="tumour_a", tumour_share=0.342)


def test_a_tumour_is_found_on_a_slide_and_its_share_stands_for_a_confidence():
    spec = tiny_spec()
    assert headline(SLIDE, spec) == "Tumour A found"
    assert badge(SLIDE, spec) == "Tumour A found, tumour 34\u00a0%"
    benign = replace(SLIDE, predicted_class="benign", tumour_share=0.004)
    assert badge(benign, spec) == "Benign, tumour 0.4\u00a0%"
    assert badge(benign, None) == "benign, tumour 0.4\u00a0%"


def test_a_slide_that_is_not_finished_says_so():
    spec = tiny_spec()
    partly = replace(SLIDE, reason="not_finished; slide_not_validated")
    assert headline(partly, spec) == "Tumour A found so far"
    begun = ImageRecord("a.svs", "slide", Status.REFUSED, reason="not_finished")
    assert badge(begun, spec) == "Not mapped yet"
    assert headline(replace(begun, reason="not_finished; tumour_tiles", tiles=4), spec) == "No call so far"


@pytest.mark.parametrize(
    ("reason", "said", "short"),
    [
        ("no_tissue", "No call: no tissue", "No call: no tissue"),
        (
            "mostly_refused; refused_as_glass",
            "No call: more than half of the tissue was refused",
            "No call: mostly refused",
        ),
        ("little_tissue", "No call: little tissue", "No call: little tissue"),
        ("tumour_unclear", "No call: some tumour tiles", "No call: some tumour tiles"),
        ("", "No call", "No call"),
    ],
)
def test_a_slide_without_a_call_says_why(reason, said, short):
    slide = replace(SLIDE, status=Status.REFUSED, predicted_class="", reason=reason, tiles=9)
    assert (headline(slide, tiny_spec()), badge(slide, None)) == (said, short)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("spacing_unknown", "Not mapped: scale needed"),
        ("too_small", "Not mapped: too small"),
        ("corrupt", "Cannot be read: file damaged"),
    ],
)
def test_a_slide_that_cannot_be_mapped_is_not_called_unreadable(reason, said):
    broken = ImageRecord("a.svs", "slide", Status.ERROR, reason=reason)
    assert headline(broken, None) == badge(broken, None) == said
    assert headline(replace(broken, kind="png"), None).startswith("Cannot be read: ")


def test_shares_of_areas_may_be_the_whole():
    assert [share(s) for s in (0.0, 0.0001, 0.034, 0.34, 0.9999, 1.0)] == [
        f"{n}\u00a0%" for n in ("0", "<0.1", "3.4", "34", ">99.9", "100")
    ]


def test_every_reason_has_a_few_words_and_a_sentence():
    for code in REASON_SENTENCES:
        assert len(reason_word(code)) <= 20
        assert "_" not in reason_word(code)
        assert reason_sentence(code).endswith(".")


def test_the_slice_that_speaks_for_a_file_is_named():
    assert reason_sentence("slice_41_of_128") == (
        "The file has 128 slices; this is the answer for slice 41, counted from the head."
    )

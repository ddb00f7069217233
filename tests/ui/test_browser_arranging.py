"""Order, filter and count of files, without a window."""

from pathlib import Path

import pytest

from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.ui.browser.arranging import Answers, Filter, Order, Unmapped, arrange
from lungviewer.ui.listing import entries_of
from lungviewer.ui.names import shown, tooltip
from tests.fixtures.browsing import answer

FOLDER = Path("/data/case")
FILES = [FOLDER / name for name in ("image_10.png", "image_2.png", "Image_1.png", "b/image_3.png")]


def order(entries, how=Order.NAME, answers=None, **wanted):
    known = (answers or Answers()).known
    return [p.name for p in arrange(entries, known, how, Filter(**wanted))]


@pytest.fixture
def answers():
    answers = Answers()
    answers.note(FILES[0], answer("", Status.OK, 0.95, "luad"))
    answers.note(FILES[1], answer("", Status.REVIEW, 0.55, "lusc"))
    answers.note(FILES[2], answer("", Status.REFUSED))
    return answers


def test_numbers_in_names_count_as_numbers():
    assert order(entries_of(FILES, FOLDER)) == ["image_3.png", "Image_1.png", "image_2.png", "image_10.png"]


def test_names_that_begin_with_numbers_and_with_letters_can_be_compared():
    files = [FOLDER / name for name in ("a.png", "10.png", "9.png", "a9.png", "٣.png", "²x.png", "b")]
    assert len(order(entries_of(files, FOLDER))) == 7
    assert order(entries_of(files, FOLDER))[:3] == ["٣.png", "9.png", "10.png"]


def test_the_least_sure_come_first_and_those_without_confidence_last(answers):
    entries = entries_of(FILES, FOLDER)
    assert order(entries, Order.CONFIDENCE, answers) == [
        "image_2.png",
        "image_10.png",
        "image_3.png",
        "Image_1.png",
    ]


def test_what_needs_review_comes_first(answers):
    entries = entries_of(FILES, FOLDER)
    assert order(entries, Order.REVIEW, answers) == [
        "image_2.png",
        "Image_1.png",
        "image_10.png",
        "image_3.png",
    ]


def test_filters_by_status_class_and_text(answers):
    entries = entries_of(FILES, FOLDER)
    assert order(entries, answers=answers, statuses=frozenset({Status.REFUSED})) == ["Image_1.png"]
    assert order(entries, answers=answers, statuses=frozenset({None})) == ["image_3.png"]
    assert order(entries, answers=answers, classes=frozenset({"luad", "lusc"})) == [
        "image_2.png",
        "image_10.png",
    ]
    assert order(entries, answers=answers, text="IMAGE_1") == ["Image_1.png", "image_10.png"]
    assert order(entries, answers=answers, text="b/") == ["image_3.png"]
    assert order(entries, answers=answers, text="image_1", classes=frozenset({"lusc"})) == []


def test_answers_are_counted_as_they_come_change_and_go(answers):
    assert answers.by_status[Status.REVIEW] == 1
    answers.note(FILES[1], answer("", Status.OK, 0.8, "luad"))
    assert answers.by_status[Status.REVIEW] == 0
    assert answers.by_status[Status.OK] == 2
    assert answers.by_class["luad"] == 2
    answers.note(FILES[1], None)
    answers.note(FILES[1], None)
    assert answers.by_status[Status.OK] == 1
    assert FILES[1] not in answers.known


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two\nlines.png", "two␊lines.png"),
        ("tab\t.png", "tab␉.png"),
        ("right_\u202egnp.png", "right_\ufffdgnp.png"),
        ("not_utf8_\udcff.png", "not_utf8_\\xff.png"),
        ("🫁 עברית é.png", "🫁 עברית é.png"),
    ],
)
def test_odd_names_are_shown_on_one_line_in_one_direction(name, expected):
    assert shown(name) == expected


def test_a_name_is_never_taken_for_formatting():
    assert tooltip("<b>x</b>.png", "", "b") == "<qt>&lt;b&gt;x&lt;/b&gt;.png<br>b</qt>"
    assert tooltip("<img src=x>") == "<qt>&lt;img src=x&gt;</qt>"
    assert tooltip("&lt;b") == "<qt>&amp;lt;b</qt>"
    assert tooltip("a && b & c.png") == "a && b & c.png"  # nothing in it to escape


@pytest.mark.parametrize(
    ("row", "standing"),
    [
        (ImageRecord("a", SLIDE, Status.REFUSED, reason="not_finished"), Unmapped.SLIDE),
        (ImageRecord("a", SLIDE, Status.REFUSED, reason="not_finished; glass", tiles=3), Status.REFUSED),
        (ImageRecord("a", SLIDE, Status.ERROR, reason="spacing_unknown"), Unmapped.SLIDE),
        (ImageRecord("a", SLIDE, Status.ERROR, reason="too_small"), Unmapped.SLIDE),
        (ImageRecord("a", "tile", Status.ERROR, reason="too_small"), Status.ERROR),
        (ImageRecord("a", SLIDE, Status.ERROR, reason="corrupt"), Status.ERROR),
    ],
)
def test_a_slide_without_a_map_is_neither_refused_nor_unreadable(row, standing):
    answers = Answers()
    answers.note(Path("a"), row)
    assert +answers.by_status == {standing: 1}


def test_a_slide_that_nobody_looked_at_is_not_mapped_or_cannot_be_read():
    answers = Answers()
    answers.note_slide(Path("a"), unread=False)
    assert +answers.by_status == {Unmapped.SLIDE: 1}
    answers.note_slide(Path("a"), unread=True)
    assert +answers.by_status == {Status.ERROR: 1}

"""Numbers in the words of the window."""

import pytest

from lungviewer.ui.words import duration, in_percent, percent, strangeness


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

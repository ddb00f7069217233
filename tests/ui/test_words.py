"""Numbers in the words of the window."""

from lungviewer.ui.words import duration, in_percent, percent


def test_a_number_is_never_parted_from_its_percent_sign():
    for text in (*map(percent, (0.0, 0.5, 0.995, 0.9999, 1.0)), in_percent("12")):
        assert text.endswith("\u00a0%")
        assert " " not in text


def test_no_share_is_ever_called_the_whole():
    assert percent(1.0) == percent(0.9995) == ">\u00a099.9\u00a0%"
    assert percent(0.99) == "99.0\u00a0%"


def test_times_are_told_as_people_say_them():
    assert [duration(s) for s in (0.2, 75, 300, 4800)] == ["1 s", "75 s", "5 min", "1 h 20 min"]

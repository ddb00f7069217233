"""Pace and numbers of a scan, in words."""

import pytest

from lungviewer.services.scan import KeptRows, ScanProgress
from lungviewer.services.slide_scan import SlideAdvance
from lungviewer.ui.batch import words
from lungviewer.ui.batch.pace import Pace
from lungviewer.ui.batch.state import ScanNumbers, ScanState


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    pace = Pace(clock)
    pace.start()
    return pace


def test_a_pace_is_known_after_a_moment(pace, clock):
    assert pace.files_per_second is None
    assert pace.left_s(10) is None
    pace.note(0)
    clock.now += 2
    pace.note(20)
    assert pace.files_per_second == 10
    assert pace.left_s(50) == 5


def test_only_the_last_seconds_count(pace, clock):
    done = 0
    for speed in (100, 10):
        for _ in range(20):
            clock.now += 1
            done += speed
            pace.note(done)
    assert pace.files_per_second == pytest.approx(10, rel=0.2)
    assert pace.elapsed_s == 40


def test_loading_the_model_is_time_but_does_not_slow_the_pace(pace, clock):
    clock.now += 30
    pace.note(0)
    clock.now += 1
    pace.note(10)
    assert pace.files_per_second == 10
    assert pace.elapsed_s == 31


def test_a_pause_is_no_time(pace, clock):
    pace.note(0)
    clock.now += 1
    pace.note(10)
    pace.pause(True)
    clock.now += 1000
    assert pace.elapsed_s == 1
    pace.pause(True)
    pace.pause(False)
    clock.now += 1
    pace.note(20)
    assert pace.files_per_second == 10
    assert pace.elapsed_s == 2


def test_a_scan_that_stands_still_gets_slower(pace, clock):
    pace.note(0)
    clock.now += 1
    pace.note(10)
    clock.now += 9
    assert pace.files_per_second == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (5.4, "5 s"), (89, "89 s"), (90, "2 min"), (3000, "50 min"), (4800, "1 h 20 min")],
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert words.duration(seconds) == text


def test_progress_is_a_line_of_words():
    numbers = ScanNumbers(found=500, kept=12, done=300, per_second=41.2, left_s=4.6)
    assert words.how_far(ScanState.RUNNING, numbers) == "312 of 500 · 41 files/s · about 5 s left"
    assert words.how_far(ScanState.RUNNING, numbers, long=False) == "312 / 500 · 5 s left"
    assert words.how_far(ScanState.PAUSED, numbers) == "312 of 500 · paused"
    assert words.how_far(ScanState.STOPPING, numbers, long=False) == "312 / 500 · stopping …"
    assert "Loading the model" in words.how_far(ScanState.RUNNING, ScanNumbers(found=500))


def test_progress_tells_how_far_it_is_inside_a_slide():
    numbers = ScanNumbers(
        found=9, done=7, per_second=41.2, left_s=4.6, slide=SlideAdvance("a", 2, 3, 34, 100)
    )
    assert words.how_far(ScanState.RUNNING, numbers) == "7 of 9 · slide 2 of 3: 34\u00a0%"
    begun = ScanNumbers(found=1, slide=SlideAdvance("a", 1, 1, 0, 0))
    assert words.how_far(ScanState.RUNNING, begun, long=False) == "0 / 1 · slide 1 / 1: 0\u00a0%"


def test_numbers_follow_what_the_scan_says():
    inside = ScanNumbers(found=3).after(SlideAdvance("a", 1, 1, 5, 9))
    assert inside.slide.done == 5
    assert (inside.steps, ScanNumbers(found=3, done=2).steps) == (55, 200)
    done = inside.after(ScanProgress((None,), {"review": 1}, {}))
    assert (done.slide, done.done, done.by_status) == (None, 1, {"review": 1})
    assert done.after(KeptRows((None, None))).finished == 3
    assert done.after("something else") is done


def test_the_end_is_a_sentence():
    numbers = ScanNumbers(found=500, kept=100, done=400, elapsed_s=12)
    assert words.how_it_ended(ScanState.DONE, numbers) == (
        "Done: 400 files in 12 s. 100 rows of the earlier scan were kept."
    )
    assert "after 500 of 500" in words.how_it_ended(ScanState.STOPPED, numbers)
    assert words.how_it_ended(ScanState.DONE, ScanNumbers()) == "No image was found there."

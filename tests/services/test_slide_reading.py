"""How many requests for tiles are made side by side."""

import math
import threading

import pytest

from lungviewer.services import slide_map, slide_reading
from tests.fixtures.painted_slide import PaintedSlide, map_painted, paint_slide

PIXELS = paint_slide()


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(slide_map, "user_data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr(slide_reading, "RUN", 4)


class Counting(PaintedSlide):
    """Notes how many requests were ever under way at once."""

    def __init__(self, path):
        super().__init__(path, PIXELS)
        self.most = self._now = 0
        self._changed = threading.Condition()

    def read_fields(self, rects, level, size):
        with self._changed:
            self._now += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            self.begun()
        try:
            return super().read_fields(rects, level, size)
        finally:
            with self._changed:
                self._now -= 1

    def begun(self):
        """Called when a request has begun."""


class Slow(Counting):
    """Nothing is answered before three requests are under way."""

    def begun(self):
        assert self._changed.wait_for(lambda: self.most == 3, timeout=30)


def test_as_long_as_the_model_need_not_wait_one_request_is_made_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(slide_reading, "_START_S", math.inf)
    slide = Counting(tmp_path / "a.slide")
    answer = map_painted(slide, readers=3, batch=8)
    assert answer.complete
    assert slide.most == 1


def test_while_the_model_waits_more_and_more_is_read_side_by_side(tmp_path):
    slide = Slow(tmp_path / "a.slide")
    answer = map_painted(slide, readers=3, batch=8)
    assert answer.complete
    assert answer.record.tiles_refused < answer.wanted
    assert slide.most == 3

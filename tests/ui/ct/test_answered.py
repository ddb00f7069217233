"""A CT slice with an answer: its marks and map, and the pictures that are saved of it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint

from lungviewer.core.ct import CT
from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.ct.slice_marks import REFUSED, UNREADABLE
from lungviewer.ui.qimage import rgb_array
from lungviewer.ui.viewer.explained import explained
from lungviewer.ui.viewer.slice_plate import place_words
from lungviewer.ui.viewer.snapshot import save_view
from tests.fixtures.ct_panes import COUNT, point_at, seen, show
from tests.fixtures.ct_views import MemoryCt, opened, volume
from tests.fixtures.views import colour_at


def test_marks_tell_calls_apart_by_colour_and_height(session, pane, answered):
    marks = pane.ct.bar.slices.marks
    ids = session.spec.class_ids
    assert [marks[i].kind for i in range(5)] == [*ids[:3], REFUSED, UNREADABLE]
    assert 5 not in marks
    assert {marks[i].colour for i in range(3)} == {c.colour for c in session.spec.classes[:3]}
    assert "90" in pane.ct.bar.slices.words_at(0)
    assert "Damaged" in pane.ct.bar.slices.words_at(4)
    assert pane.ct.bar.slices.accessibleDescription().startswith("Slice 1 of 6")


def test_the_map_of_the_slice_that_is_seen_lies_over_it(qtbot, session, pane, answered):
    shown = explained(session, 0)
    assert shown.called
    assert (shown.heatmap.rect.width, shown.heatmap.rect.height) == (64, 64)
    assert not pane.furniture.legend.isHidden()
    assert "series" in pane.furniture.legend.caption
    grey = colour_at(pane.view, 40, 40)
    assert grey.max() == grey.min()  # no evidence, no colour
    with_map = colour_at(pane.view, 12, 12)
    session.explaining.set_visible(False)
    assert (colour_at(pane.view, 12, 12) != with_map).any()
    session.explaining.set_visible(True)
    # Slice 2 has the strongest evidence of its class in the series; that of slice 0 is half of it.
    session.explaining.set_class(session.spec.class_ids[0])
    assert explained(session, 0).peak == 8.0
    pane.show_next_class()
    assert session.explaining.class_id == session.spec.class_ids[1]


def test_a_refused_slice_is_left_as_it_is_and_says_why(qtbot, session, pane, answered):
    session.slice.select(3)
    qtbot.waitUntil(lambda: seen(pane, 3))
    assert "Refused" in pane.furniture.notes.text
    seen_there = colour_at(pane.view, 40, 12), colour_at(pane.view, 12, 40)
    session.explaining.set_visible(False)
    for before, place in zip(seen_there, ((40, 12), (12, 40)), strict=True):
        np.testing.assert_array_equal(colour_at(pane.view, *place), before)
    session.explaining.set_visible(True)
    assert explained(session, 3) is None
    assert pane.furniture.legend.isHidden()
    session.slice.select(5)
    qtbot.waitUntil(lambda: seen(pane, 5))
    assert pane.furniture.notes.text == ""


def test_a_blinded_reviewer_sees_no_marks_no_map_and_no_call(session, pane, answered):
    assert "90" in pane.furniture.slice.text
    pane.hide_answers(lambda path: True)
    assert pane.ct.bar.slices.marks == {}
    assert pane.furniture.legend.isHidden()
    assert "90" not in pane.furniture.slice.text
    pane.hide_answers(lambda path: False)
    assert len(pane.ct.bar.slices.marks) == 5


@pytest.mark.parametrize(("mm", "words"), [(2.5, "2.5 mm"), (1.25, "1.25 mm"), (3.0, "3.0 mm")])
def test_the_plate_says_how_thick_slices_are(mm, words):
    series = replace(MemoryCt(volume(3)).series, thickness_mm=mm)
    assert place_words(series, 0).split(", ")[1:] == ["every 2.5 mm", f"{words} thick"]


def test_a_saved_view_has_the_slice_and_the_window_on_it(qtbot, session, pane, tmp_path):
    show(qtbot, pane, MemoryCt(volume(COUNT)), 5)
    assert pane.furniture.slice.text.splitlines() == [
        "Slice 6 of 40 · Image 6",
        "at −112.5 mm, every 2.5 mm",
        "W 350 L 40, As in the file",
    ]
    with_plate = rgb_array(pane.snapshot())
    place = pane.furniture.slice.geometry()
    pane.furniture.slice.hide()
    without = rgb_array(pane.snapshot())
    # Qt rounds the soft edges of letters differently from one drawing to the next, by up to 4 levels.
    differs = np.argwhere((abs(with_plate.astype(int) - without) > 8).any(axis=2))
    assert place.contains(QPoint(*map(int, differs.min(0)[::-1])))
    assert place.contains(QPoint(*map(int, differs.max(0)[::-1])))
    assert (with_plate[40, 2] == 0).all()  # the ground of CT stays black on paper
    target = save_view(pane.snapshot(), tmp_path / "view.png", [])
    with Image.open(target) as picture:
        assert picture.size[0] == pane.width()


def test_a_saved_map_says_which_model_drew_it_and_when(session, pane, answered, monkeypatch):
    from lungviewer.services.ct_result import as_series_image_result

    row = replace(
        answered.series.record,
        model="lung-ct",
        model_version="1.2.0",
        analysed_at="2026-03-04T05:06:07+00:00",
    )
    known = as_series_image_result(replace(answered.series, record=row))
    monkeypatch.setattr(session, "result", lambda path=None: known)
    assert pane.made_by == "lung-ct 1.2.0, 2026-03-04"
    with_words = rgb_array(pane.snapshot())
    monkeypatch.setattr(type(pane), "made_by", "")
    differs = np.argwhere((with_words != rgb_array(pane.snapshot())).any(axis=2))
    assert differs[:, 0].min() >= pane.view.height()  # below the picture
    monkeypatch.undo()
    session.explaining.set_visible(False)
    assert pane.made_by == ""


def test_where_the_line_does_not_fit_beside_the_other_both_are_written(session, pane, answered, monkeypatch):
    monkeypatch.setattr(type(pane), "made_by", "a model of a long name " * 3 + "2026-03-04")
    wide = pane.snapshot().height()
    monkeypatch.setattr(type(pane), "made_by", "short")
    assert pane.snapshot().height() < wide


def test_nothing_is_refused_while_the_answer_is_being_asked_for(session, pane, monkeypatch):
    row = ImageRecord("a series", CT, Status.REFUSED, reason="ct_slice")
    monkeypatch.setattr(session, "current", MemoryCt(volume(3)).info.path)
    monkeypatch.setattr(session, "record", lambda path: row)
    monkeypatch.setattr(session, "result", lambda path=None: None)
    pane.show_opened(opened(MemoryCt(volume(3))))
    assert "Refused" in pane.furniture.notes.text
    session.is_pending = lambda path: True
    pane.refresh()
    assert pane.furniture.notes.text == ""


def test_nothing_over_the_picture_covers_anything_else(qtbot, session, pane, answered):
    pane.zoom_by(3)
    pane.set_ruler(True)
    point_at(pane, 30, 30)
    plates = pane.furniture
    parts = (plates.legend, plates.scale, plates.minimap, plates.notes, plates.slice, plates.tile)
    shown = [part.geometry() for part in parts if not part.isHidden()]
    assert len(shown) >= 5
    assert not any(a.intersects(b) for i, a in enumerate(shown) for b in shown[i + 1 :])
    bar = pane.ct.bar.geometry()
    assert not any(each.intersects(bar) for each in shown)
    letters = pane.ct.letters.places()
    assert len(letters) == 4
    assert not any(each.intersects(letter) for each in shown for letter in letters)
    assert not bar.intersects(pane.view.geometry())

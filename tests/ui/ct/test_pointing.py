"""What is pointed at on a CT slice, measured and lettered; and pictures without units."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from lungviewer.core.ct import window_table, windowed
from lungviewer.core.window import LUNG
from lungviewer.ui.qimage import rgb_array
from tests.fixtures.ct_panes import COUNT, point_at, seen, show
from tests.fixtures.ct_views import MemoryCt, volume
from tests.fixtures.views import blocks
from tests.fixtures.windows import load_model, open_folder


def test_hounsfield_units_and_millimetres_are_those_under_the_cursor(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(COUNT), spacing_mm=(0.8, 0.8)), 5)
    point_at(pane, 20, 10)
    lines = pane.furniture.tile.text.splitlines()
    assert lines == ["1005 HU", "From the image's upper left x 16.4 mm, y 8.4 mm"]
    session.slice.step(1)
    qtbot.waitUntil(lambda: seen(pane, 6))
    assert pane.furniture.tile.text.startswith("1006 HU")
    point_at(pane, 30, 30)
    assert pane.furniture.tile.text.startswith("60 HU")
    point_at(pane, 1, 1)
    assert pane.furniture.tile.text.startswith("−1024 HU")
    point_at(pane, -5, 30)
    assert pane.furniture.tile.text == ""


def test_without_spacing_there_are_no_millimetres(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3), spacing_mm=None))
    point_at(pane, 20, 10)
    assert "mm" not in pane.furniture.tile.text
    assert pane.furniture.scale.bar_text == ""
    assert "No mm" in {label.text() for label in pane.furniture.scale.children() if hasattr(label, "text")}
    assert not pane.furniture.scale.button.isVisible()


def test_ruler_and_bar_measure_in_mm_also_where_pixels_are_no_squares(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3), spacing_mm=(1.4, 0.7)))
    ruler = pane.view.ruler
    ruler.begin(QPointF(10, 10))
    ruler.extend(QPointF(10, 20))
    assert ruler.words == "14.0 mm"
    ruler.extend(QPointF(11, 10))
    assert ruler.words == "0.7 mm"
    length = float(pane.furniture.scale.bar_text.removesuffix(" mm"))
    assert pane.furniture.scale.bar_px / pane.view.zoom * 0.7 == pytest.approx(length)
    to_screen = pane.view.viewportTransform()
    across = to_screen.map(QPointF(11, 10)) - to_screen.map(QPointF(10, 10))
    down = to_screen.map(QPointF(10, 11)) - to_screen.map(QPointF(10, 10))
    assert down.y() == pytest.approx(2 * across.x())
    assert pane.view.shows_whole_image()


def test_letters_say_which_side_is_where_and_turn_with_the_picture(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3)))
    letters = pane.ct.letters
    assert letters.seen == ("A", "L", "P", "R")
    pane.rotate_by(90)
    assert letters.seen == ("R", "A", "L", "P")
    pane.rotate_by(180)
    assert letters.seen == ("L", "P", "R", "A")
    show(qtbot, pane, MemoryCt(volume(3), row=None, column=None))
    assert letters.seen == ()


def test_letters_give_way_to_plates_and_come_back(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3)))
    usual = pane.ct.letters.places()
    notes = pane.furniture.notes
    notes.say("refused", "Refused. " + "The reason is long, and fills the upper edge. " * 3)
    pane.refresh()
    notes.say("refused", "Refused. " + "The reason is long, and fills the upper edge. " * 3)
    pane._place()
    moved = pane.ct.letters.places()
    assert usual[0].intersects(notes.geometry())
    assert not any(place.intersects(plate) for place in moved for plate in pane.furniture.covered())
    assert all(pane.view.rect().contains(place) for place in moved)
    pane.refresh()
    assert pane.ct.letters.places() == usual


def test_a_line_of_the_ruler_belongs_to_its_slice_and_esc_ends_it(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(COUNT)), 5)
    ended = []
    pane.ruler.ended.connect(lambda: ended.append(True))
    pane.set_ruler(True)
    ruler = pane.view.ruler
    ruler.begin(QPointF(10, 10))
    ruler.extend(QPointF(50, 10))
    ruler.end()
    assert ruler.is_seen
    session.slice.step(1)
    qtbot.waitUntil(lambda: seen(pane, 6))
    assert not ruler.is_seen
    ruler.extend(QPointF(11, 10))
    session.slice.step(-1)
    qtbot.waitUntil(lambda: seen(pane, 5))
    assert ruler.is_seen
    assert ruler.l0_length == 40
    QTest.keyClick(pane.view, Qt.Key.Key_Escape)
    assert ruler.ends is None
    assert not ruler.on
    assert ended == [True]
    assert "Ruler" not in pane.furniture.notes.text


def test_the_bar_says_where_head_and_feet_are(qtbot, session, pane):
    ends = pane.ct.bar.ends
    show(qtbot, pane, MemoryCt(volume(3)))
    assert [end.text() for end in ends] == ["H", "F"]
    show(qtbot, pane, MemoryCt(volume(3), row=None, column=None))
    assert not any(end.isVisible() for end in ends)


def test_the_minimap_shows_the_slice_that_is_seen(qtbot, session, pane):
    values = volume(COUNT)
    show(qtbot, pane, MemoryCt(values), 3)
    assert pane.furniture.minimap.isHidden()
    pane.zoom_by(4)
    assert not pane.furniture.minimap.isHidden()
    pane.ct.levels.choose("lung")
    session.slice.select(30)
    qtbot.waitUntil(lambda: seen(pane, 30))
    picture = rgb_array(pane.furniture.minimap._picture)[:, :, 0]
    np.testing.assert_array_equal(picture, windowed(values[30], window_table(LUNG)))


def test_a_picture_given_to_a_ct_pack_has_no_scale_and_says_why(qtbot, session, pane, tmp_path, monkeypatch):
    from dataclasses import replace

    path = tmp_path / "one" / "slice.png"
    path.parent.mkdir()
    Image.fromarray(blocks(128, 128)).save(path)
    load_model(qtbot, session)
    info = session.engine_info
    ct = replace(info, spec=replace(info.spec, modality="ct"))
    monkeypatch.setattr(type(session), "engine_info", property(lambda self: ct))
    session.settings.update(um_per_px=0.5)
    open_folder(qtbot, session, path, answers=False)
    qtbot.waitUntil(lambda: pane.info is not None)
    chip = pane.furniture.scale
    assert pane.um_per_px is None
    assert chip.bar_text == ""
    assert not chip.button.isVisible()
    assert chip._unknown.text() == "No HU, no mm"
    assert "Hounsfield" in chip._unknown.toolTip()
    assert not pane.ct.bar.isVisible()


def test_everything_of_ct_has_a_name_for_screen_readers(qtbot, session, pane):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QSpinBox

    show(qtbot, pane, MemoryCt(volume(3)))
    for kind in (QAbstractButton, QAbstractSlider, QComboBox, QSpinBox):
        for part in pane.ct.bar.findChildren(kind):
            if part.isVisible():
                assert part.accessibleName(), part

"""The right slice of a CT series in the slide view, whatever is slow or broken."""

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from lungviewer.core.ct import window_table, windowed
from lungviewer.ui.viewer import slice_layer
from tests.fixtures.ct_panes import COUNT, greys, point_at, seen, show, wheel
from tests.fixtures.ct_views import OF_FILE, MemoryCt, opened, volume
from tests.fixtures.views import colour_at
from tests.fixtures.windows import open_folder


def test_the_first_slice_is_the_middle_one_through_the_files_own_window(qtbot, session, pane):
    values = volume(COUNT)
    show(qtbot, pane, MemoryCt(values))
    assert session.slice.count == COUNT
    assert session.slice.index == COUNT // 2
    np.testing.assert_array_equal(greys(pane), windowed(values[COUNT // 2], window_table(OF_FILE)))
    assert pane.view.has_black_ground
    assert (colour_at(pane.view, 1, 1) == 0).all()


def test_every_way_through_the_slices_ends_where_it_says(qtbot, session, pane):
    values = volume(COUNT)
    show(qtbot, pane, MemoryCt(values), 5)
    keys, view = Qt.Key, pane.view
    ways = [
        (lambda: QTest.keyClick(view, keys.Key_Down), 6),
        (lambda: QTest.keyClick(view, keys.Key_Up), 5),
        (lambda: QTest.keyClick(view, keys.Key_PageDown), 15),
        (lambda: QTest.keyClick(view, keys.Key_PageUp), 5),
        (lambda: QTest.keyClick(view, keys.Key_PageUp), 0),
        (lambda: QTest.keyClick(view, keys.Key_End), COUNT - 1),
        (lambda: QTest.keyClick(view, keys.Key_Home), 0),
        (lambda: wheel(pane, -240), 2),
        (lambda: wheel(pane, 120), 1),
        (lambda: QTest.keyClick(pane.ct.bar.slices, keys.Key_Right), 2),
        (lambda: QTest.keyClick(pane.ct.bar.slices, keys.Key_End), COUNT - 1),
        (lambda: QTest.mouseClick(pane.ct.bar.slices, Qt.MouseButton.LeftButton, pos=QPoint(5, 8)), 0),
    ]
    for way, index in ways:
        way()
        qtbot.waitUntil(lambda index=index: seen(pane, index))
        np.testing.assert_array_equal(greys(pane), windowed(values[index], window_table(OF_FILE)))
        assert pane.furniture.slice.text.startswith(f"Slice {index + 1} of {COUNT}")
        assert pane.ct.bar.slices.value() == index


def test_a_touchpad_turns_in_small_parts_and_ctrl_zooms(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(COUNT)), 5)
    for _ in range(7):
        wheel(pane, -15)
    assert session.slice.index == 5
    wheel(pane, -15)
    assert session.slice.index == 6
    zoom = pane.view.zoom
    wheel(pane, 120, Qt.KeyboardModifier.ControlModifier)
    assert pane.view.zoom > zoom
    assert session.slice.index == 6


def test_shift_and_the_arrow_keys_move_the_picture(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(COUNT)), 5)
    pane.zoom_by(4)
    y = pane.view.l0_centre.y()
    QTest.keyClick(pane.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert pane.view.l0_centre.y() > y
    assert session.slice.index == 5


def test_one_slice_is_no_series_and_the_wheel_zooms(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(1)))
    zoom = pane.view.zoom
    wheel(pane, 120)
    assert pane.view.zoom > zoom
    assert not pane.ct.bar.slices.isVisible()
    assert pane.ct.bar.window_controls.isVisible()


def test_a_slow_slice_is_named_and_the_last_wish_is_what_is_seen(qtbot, session, pane):
    source = MemoryCt(volume(COUNT))
    show(qtbot, pane, source, 5)
    qtbot.waitUntil(lambda: pane.ct.layer.read_count == COUNT)
    other = MemoryCt(volume(COUNT))
    other.gate.clear()
    pane.show_opened(opened(other))
    assert pane.ct.layer.picture.isNull()  # nothing of the series before
    for index in (9, 30, 12):
        session.slice.select(index)
    assert pane.busy_reading()
    qtbot.waitUntil(lambda: pane.furniture.message.isVisible())
    assert "Slice 13 of 40" in pane.furniture.message.text
    other.gate.set()
    qtbot.waitUntil(lambda: seen(pane, 12))
    assert not pane.furniture.message.isVisible()
    assert greys(pane)[32, 32] == window_table(OF_FILE)[120 + 32768]
    qtbot.waitUntil(lambda: not pane.busy_reading())


def test_neighbours_are_read_before_the_rest(qtbot, session, pane):
    source = MemoryCt(volume(COUNT))
    source.gate.clear()
    pane.show_opened(opened(source))
    session.slice.select(COUNT // 2)
    source.gate.set()
    qtbot.waitUntil(lambda: pane.ct.layer.read_count == COUNT)
    near = set(range(COUNT // 2 - 3, COUNT // 2 + 9))
    assert set(source.asked[: len(near)]) == near
    assert sorted(source.asked) == list(range(COUNT))  # each once


def test_what_is_kept_has_a_limit_and_the_slice_that_is_seen_stays(qtbot, session, pane, monkeypatch):
    values = volume(COUNT)
    monkeypatch.setattr(slice_layer, "KEPT_BYTES", 6 * values[0].nbytes)
    monkeypatch.setattr(slice_layer, "READ_AHEAD_BYTES", 20 * values[0].nbytes)
    source = MemoryCt(values)
    show(qtbot, pane, source, 10)
    qtbot.waitUntil(lambda: pane.ct.layer.read_count >= 20)
    assert len(pane.ct.layer._slices) <= 6
    assert pane.ct.layer.values is not None
    session.slice.select(39)
    qtbot.waitUntil(lambda: seen(pane, 39))
    np.testing.assert_array_equal(pane.ct.layer.values, values[39])


def test_a_slice_that_cannot_be_read_is_said_and_the_others_go_on(qtbot, session, pane):
    values = volume(COUNT)
    show(qtbot, pane, MemoryCt(values, broken=frozenset({7})), 6)
    session.slice.step(1)
    qtbot.waitUntil(lambda: seen(pane, 7))
    assert "Slice 8 of 40 cannot be shown. The pixels of this slice are damaged." in pane.furniture.notes.text
    assert pane.ct.layer.picture.isNull()
    point_at(pane, 20, 10)
    assert pane.furniture.tile.text == ""
    session.slice.step(1)
    qtbot.waitUntil(lambda: seen(pane, 8))
    assert pane.furniture.notes.text == ""
    np.testing.assert_array_equal(greys(pane), windowed(values[8], window_table(OF_FILE)))


def test_another_image_ends_the_film_and_the_series(qtbot, session, pane, pictures):
    source = MemoryCt(volume(COUNT))
    show(qtbot, pane, source)
    pane.ct.cine.play(True)
    open_folder(qtbot, session, pictures / "image_00000.jpg", answers=False)
    assert not pane.ct.cine.playing
    qtbot.waitUntil(lambda: pane.info is not None and pane.view.tiles.is_settled)
    assert pane.ct.series is None
    assert not pane.ct.bar.isVisible()
    assert pane.furniture.slice.isHidden()
    assert not pane.view.has_black_ground
    qtbot.waitUntil(lambda: source.closed)
    zoom = pane.view.zoom
    wheel(pane, 120)
    assert pane.view.zoom > zoom

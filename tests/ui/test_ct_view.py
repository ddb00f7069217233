"""CT in the slide view: the right slice through the right window, whatever is slow or broken."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lungviewer.core.ct import window_table, windowed
from lungviewer.core.window import LUNG, SOFT_TISSUE, Window
from lungviewer.services.ct_result import as_series_image_result
from lungviewer.ui.ct.slice_marks import REFUSED, UNREADABLE
from lungviewer.ui.qimage import rgb_array
from lungviewer.ui.viewer import slice_layer
from lungviewer.ui.viewer.explained import explained
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.snapshot import save_view
from tests.fixtures.ct_views import OF_FILE, MemoryCt, call, opened, result_of, volume
from tests.fixtures.views import blocks, colour_at
from tests.fixtures.windows import load_model, open_folder

COUNT = 40


@pytest.fixture
def pane(qtbot, session):
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.resize(640, 560)
    pane.show()
    yield pane
    assert pane.shutdown()


def seen(pane, index):
    return pane.ct.layer.index == index and pane.ct.layer.is_settled


def show(qtbot, pane, source, index=None):
    """Show a series and wait for its first slice."""
    pane.show_opened(opened(source))
    if index is not None:
        pane._session.slice.select(index)
    wanted = pane._session.slice.index
    qtbot.waitUntil(lambda: seen(pane, wanted))


def greys(pane):
    """What is shown, a pixel for each of the slice."""
    return rgb_array(pane.ct.layer.picture)[:, :, 0]


def wheel(pane, units, modifiers=Qt.KeyboardModifier.NoModifier):
    at = QPointF(pane.view.viewport().rect().center())
    place = QPointF(pane.view.viewport().mapToGlobal(at.toPoint()))
    turn = QWheelEvent(
        at,
        place,
        QPoint(),
        QPoint(0, units),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pane.view.viewport(), turn)


def mouse(pane, kind, at, button, buttons):
    viewport = pane.view.viewport()
    event = QMouseEvent(
        kind, QPointF(at), QPointF(viewport.mapToGlobal(at)), button, buttons, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(viewport, event)


def right_drag(pane, *moves):
    """Press, move by so many pixels from there, one after the other, and release."""
    right, none = Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
    start = pane.view.viewport().rect().center()
    mouse(pane, QEvent.Type.MouseButtonPress, start, right, right)
    for move in moves:
        mouse(pane, QEvent.Type.MouseMove, start + QPoint(*move), none, right)
    mouse(pane, QEvent.Type.MouseButtonRelease, start + QPoint(*moves[-1]), right, none)


def point_at(pane, column, row):
    at = pane.view.viewportTransform().map(QPointF(column + 0.5, row + 0.5)).toPoint()
    none = Qt.MouseButton.NoButton
    mouse(pane, QEvent.Type.MouseMove, at, none, none)


# --- slices ------------------------------------------------------------------------------------------


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


# --- the film ----------------------------------------------------------------------------------------


def test_the_film_goes_round_and_leaves_no_slice_out(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(5)), 3)
    found = []
    pane.ct.layer.shown.connect(found.append)
    pane.ct.cine.set_speed(30)
    QTest.mouseClick(pane.ct.bar.play, Qt.MouseButton.LeftButton)
    assert pane.ct.cine.playing
    qtbot.waitUntil(lambda: len(found) >= 6)
    QTest.mouseClick(pane.ct.bar.play, Qt.MouseButton.LeftButton)
    assert not pane.ct.cine.playing
    assert found[:6] == [4, 0, 1, 2, 3, 4]


def test_the_film_waits_for_a_slice(qtbot, session, pane):
    source = MemoryCt(volume(3))
    source.gate.clear()
    pane.show_opened(opened(source))
    ticks = []
    pane.ct.cine.set_speed(30)
    pane.ct.cine.play(True)
    pane.ct.cine._timer.timeout.connect(lambda: ticks.append(session.slice.index))
    qtbot.waitUntil(lambda: len(ticks) >= 3)
    assert set(ticks) == {1}
    source.gate.set()
    qtbot.waitUntil(lambda: 2 in ticks)


# --- the window --------------------------------------------------------------------------------------


def test_dragging_with_the_right_button_changes_the_window_and_reads_nothing(qtbot, session, pane):
    values = volume(3)
    source = MemoryCt(values)
    show(qtbot, pane, source)
    qtbot.waitUntil(lambda: pane.ct.layer.read_count == 3)
    asked = list(source.asked)
    centre = QPointF(pane.view.l0_centre)
    right_drag(pane, (30, 0), (60, -20))
    window = pane.ct.levels.window
    assert window.width > OF_FILE.width  # to the right: wider
    assert window.centre < OF_FILE.centre  # up: lower, and so brighter
    np.testing.assert_array_equal(greys(pane), windowed(values[1], window_table(window)))
    assert source.asked == asked
    assert pane.view.l0_centre == centre
    controls = pane.ct.bar.window_controls
    assert (controls.width_box.value(), controls.centre_box.value()) == (window.width, window.centre)
    assert controls.presets.currentText() == "Own window"
    assert f"W {window.width:.0f} L {window.centre:.0f}" in pane.furniture.slice.text


def test_numbers_presets_and_inverting_colour_the_slice_anew(qtbot, session, pane):
    values = volume(3)
    show(qtbot, pane, MemoryCt(values))
    controls, levels = pane.ct.bar.window_controls, pane.ct.levels
    controls.presets.setCurrentIndex(controls.presets.findData("lung"))
    controls.presets.activated.emit(controls.presets.currentIndex())
    assert levels.window == LUNG
    np.testing.assert_array_equal(greys(pane), windowed(values[1], window_table(LUNG)))
    controls.width_box.setValue(100)
    controls.centre_box.setValue(20)
    assert levels.window == Window(20.0, 100.0)
    np.testing.assert_array_equal(greys(pane), windowed(values[1], window_table(Window(20.0, 100.0))))
    controls.invert.click()
    np.testing.assert_array_equal(greys(pane), 255 - windowed(values[1], window_table(Window(20.0, 100.0))))
    assert "inverted" in pane.furniture.slice.text


def test_a_preset_that_was_chosen_stays_for_the_next_series_and_numbers_do_not(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3)))
    pane.ct.levels.set_numbers(77, 7)
    show(qtbot, pane, MemoryCt(volume(3)))
    assert pane.ct.levels.window == OF_FILE
    pane.ct.levels.choose("soft_tissue")
    show(qtbot, pane, MemoryCt(volume(3)))
    assert pane.ct.levels.window == SOFT_TISSUE
    assert pane.ct.levels.preset.id == "soft_tissue"


def test_without_a_window_of_the_file_the_lung_is_shown(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3), windows=()))
    assert pane.ct.levels.window == LUNG
    assert pane.ct.bar.window_controls.presets.findData("file") == -1


# --- what is pointed at ------------------------------------------------------------------------------


def test_hounsfield_units_and_millimetres_are_those_under_the_cursor(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(COUNT), spacing_mm=(0.8, 0.8)), 5)
    point_at(pane, 20, 10)
    lines = pane.furniture.tile.text.splitlines()
    assert lines == ["1005 HU", "From the left 16.4 mm", "From the top 8.4 mm"]
    session.slice.step(1)
    qtbot.waitUntil(lambda: seen(pane, 6))
    assert pane.furniture.tile.text.startswith("1006 HU")
    point_at(pane, 30, 30)
    assert pane.furniture.tile.text.startswith("60 HU")
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
    letters = pane.ct._letters
    assert letters.seen == ("A", "L", "P", "R")
    pane.rotate_by(90)
    assert letters.seen == ("R", "A", "L", "P")
    pane.rotate_by(180)
    assert letters.seen == ("L", "P", "R", "A")
    show(qtbot, pane, MemoryCt(volume(3), row=None, column=None))
    assert letters.seen == ()


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


# --- answers -----------------------------------------------------------------------------------------


@pytest.fixture
def answered(qtbot, session, pane, monkeypatch):
    """An answer: slices 0–2 called the three classes, 3 refused, 4 unreadable, 5 not looked at."""
    load_model(qtbot, session)
    ids = session.spec.class_ids
    source = MemoryCt(volume(6), broken=frozenset({4}))
    calls = {0: call(ids, 0), 1: call(ids, 1), 2: call(ids, 2, peak=8.0), 3: call(ids, None)}
    result = as_series_image_result(result_of(source.series, calls, ids, {4: "Damaged."}))
    monkeypatch.setattr(session, "result", lambda path=None: result)
    show(qtbot, pane, source, 0)
    pane.refresh()
    return result


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
    grey = colour_at(pane.view, 60, 60)
    assert grey.max() - grey.min() <= 60  # the lowest colour, faint
    with_map = colour_at(pane.view, 12, 12)
    session.explaining.set_visible(False)
    assert (colour_at(pane.view, 12, 12) != with_map).any()
    session.explaining.set_visible(True)
    # Slice 2 has the strongest evidence of its class in the series; that of slice 0 is half of it.
    session.explaining.set_class(session.spec.class_ids[0])
    assert explained(session, 0).peak == 8.0
    pane.show_next_class()
    assert session.explaining.class_id == session.spec.class_ids[1]


def test_a_refused_slice_is_hatched_and_says_why(qtbot, session, pane, answered):
    session.slice.select(3)
    qtbot.waitUntil(lambda: seen(pane, 3))
    assert "Refused" in pane.furniture.notes.text
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


# --- pictures of it ----------------------------------------------------------------------------------


def test_a_saved_view_has_the_slice_and_the_window_on_it(qtbot, session, pane, tmp_path):
    show(qtbot, pane, MemoryCt(volume(COUNT)), 5)
    assert pane.furniture.slice.text.splitlines() == [
        "Slice 6 of 40",
        "at -87.5 mm, every 2.5 mm",
        "W 350 L 40, As in the file",
    ]
    with_plate = rgb_array(pane.snapshot())
    place = pane.furniture.slice.geometry()
    pane.furniture.slice.hide()
    without = rgb_array(pane.snapshot())
    differs = np.argwhere((with_plate != without).any(axis=2))
    assert place.contains(QPoint(*map(int, differs.min(0)[::-1])))
    assert place.contains(QPoint(*map(int, differs.max(0)[::-1])))
    assert (with_plate[40, 2] == 0).all()  # the ground of CT stays black on paper
    target = save_view(pane.snapshot(), tmp_path / "view.png", [])
    with Image.open(target) as picture:
        assert picture.size[0] == pane.width()


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
    assert not bar.intersects(pane.view.geometry())


# --- pictures that were saved of slices --------------------------------------------------------------


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

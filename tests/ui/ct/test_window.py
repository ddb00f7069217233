"""CT in the slide view goes round as a film, and is seen through the right window."""

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from lungviewer.core.ct import window_table, windowed
from lungviewer.core.window import LUNG, SOFT_TISSUE, Window
from lungviewer.ui.ct.cine import Cine
from lungviewer.ui.ct.presets import presets_for
from lungviewer.ui.ct.remembered import RememberedLooks
from lungviewer.ui.ct.window_level import WindowLevel
from lungviewer.ui.settings import SettingsStore
from tests.fixtures.ct_panes import greys, right_drag, show
from tests.fixtures.ct_views import OF_FILE, MemoryCt, opened, volume


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


def test_speed_preset_and_inverting_are_there_again_after_the_next_start(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3)))
    pane.ct.bar.speed.setValue(17)
    pane.ct.levels.choose("bone")
    pane.ct.levels.set_numbers(77, 7)
    pane.ct.bar.window_controls.invert.click()
    path = session.settings._path
    code = (
        "import sys; from pathlib import Path; from lungviewer.ui.settings import SettingsStore;"
        "now = SettingsStore(Path(sys.argv[1])).current;"
        "print(now.cine_speed, now.ct_window, now.ct_inverted)"
    )
    read = subprocess.run(
        [sys.executable, "-c", code, str(path.parent)], capture_output=True, text=True, check=True
    )
    assert read.stdout.split() == ["17", "bone", "True"]
    levels, cine = WindowLevel(), Cine(lambda: None, lambda: True, pane)
    RememberedLooks(SettingsStore(path.parent), levels, cine, pane)
    levels.begin(presets_for((), None))
    assert (levels.preset.id, levels.inverted, cine.speed) == ("bone", True, 17)


@pytest.mark.parametrize(
    "value", [{"cine_speed": 0}, {"cine_speed": 31}, {"ct_window": "file2"}, {"ct_inverted": 1}]
)
def test_settings_that_make_no_sense_are_not_taken(session, value):
    before = session.settings.current
    session.settings.update(**value)
    assert session.settings.current == before


def test_without_a_window_of_the_file_the_lung_is_shown(qtbot, session, pane):
    show(qtbot, pane, MemoryCt(volume(3), windows=()))
    assert pane.ct.levels.window == LUNG
    assert pane.ct.bar.window_controls.presets.findData("file") == -1

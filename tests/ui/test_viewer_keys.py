"""Every key of the slide view, in the window that owns the keys."""

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.viewer.explained import explained
from tests.fixtures.views import blocks
from tests.fixtures.windows import open_folder


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "one" / "blocks.png"
    path.parent.mkdir()
    Image.fromarray(blocks(2800, 2000)).save(path)
    return path


@pytest.fixture
def pane(qtbot, session, picture):
    """The viewer of a whole window that shows one image with its answer."""
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    open_folder(qtbot, session, picture)
    pane = window.viewer
    qtbot.waitUntil(lambda: pane.info is not None and session.result() is not None, timeout=10_000)
    pane.view.setFocus()
    yield pane
    window.close()


def test_numbers_are_magnifications_and_per_cent_while_the_scale_is_unknown(qtbot, session, pane, picture):
    for key, zoom in (("2", 0.125), ("3", 0.25), ("4", 0.5), ("5", 1.0), ("6", 2.0)):
        QTest.keyClicks(pane.view, key)
        assert pane.view.zoom == pytest.approx(zoom)
    session.set_scale(picture, 0.25)
    for key, zoom in (("4", 0.25), ("5", 0.5), ("6", 1.0)):
        QTest.keyClicks(pane.view, key)
        assert pane.view.zoom == pytest.approx(zoom)


def test_zoom_turn_and_fit(pane):
    view = pane.view
    whole = view.zoom
    QTest.keyClick(view, Qt.Key.Key_Plus)
    QTest.keyClick(view, Qt.Key.Key_Equal)
    assert view.zoom == pytest.approx(2 * whole)
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.zoom == pytest.approx(2**0.5 * whole)
    QTest.keyClick(view, Qt.Key.Key_R)
    assert view.angle == 90
    QTest.keyClick(view, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert view.angle == 0
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.zoom == pytest.approx(whole)


def test_keys_of_the_map(session, pane):
    view, how = pane.view, session.explaining
    opacity = how.opacity
    QTest.keyClick(view, Qt.Key.Key_BracketRight)
    assert how.opacity == pytest.approx(opacity + 0.05)
    QTest.keyClick(view, Qt.Key.Key_BracketLeft)
    assert how.opacity == pytest.approx(opacity)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert not how.visible
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert how.visible
    ids = list(session.result().heatmaps)
    start = ids.index(explained(session).class_id)
    for step in range(1, len(ids) + 1):
        QTest.keyClick(view, Qt.Key.Key_C)
        assert how.class_id == ids[(start + step) % len(ids)]


def test_space_presses_the_button_that_has_the_keyboard(session, pane):
    pane.furniture.scale.button.setFocus()
    QTest.keyClick(pane.furniture.scale.button, Qt.Key.Key_Space)
    assert pane.furniture.popup.isVisible()
    assert session.explaining.visible


def test_letters_and_numbers_typed_for_the_scale_do_not_move_the_view(qtbot, session, pane, picture):
    zoom = pane.view.zoom
    pane.ask_scale()
    QTest.keyClicks(pane.furniture.popup.edit, "0.5")
    assert pane.view.zoom == zoom
    QTest.keyClick(pane.furniture.popup.edit, Qt.Key.Key_Return)
    assert session.scale_of(picture) == 0.5
    assert pane.view.hasFocus()

"""Scale, ruler, minimap, and the keys for them."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fixtures.viewer_panes import drag, look_at


def test_keys_that_mean_nothing_here_are_left_to_the_window(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    for key in (Qt.Key.Key_F, Qt.Key.Key_R, Qt.Key.Key_Escape, Qt.Key.Key_Return):
        event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
        pane.keyPressEvent(event)
        assert not event.isAccepted()


def test_esc_goes_to_what_needs_it_before_the_menu_gets_it(qtbot, session, pane, picture):
    def taken(key):
        event = QKeyEvent(QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(pane, event)
        return event.isAccepted()

    look_at(qtbot, session, pane, picture)
    pane.view.setFocus()
    assert not taken(Qt.Key.Key_Escape)
    pane.ask_scale()
    assert taken(Qt.Key.Key_Escape)
    assert not taken(Qt.Key.Key_F)


def test_the_ruler_works_by_keyboard(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    view = pane.view
    view.set_zoom(1.0)
    pane.jump_to(500, 500)
    pane.set_ruler(True)
    QTest.keyClick(view, Qt.Key.Key_Return)
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    moved = view.l0_centre.x() - 500
    assert moved > 100
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.ruler.l0_length == pytest.approx(moved)


def test_an_unknown_scale_is_said_and_can_be_set_in_place(qtbot, session, pane, picture):
    infos, states = [], []
    pane.image_opened.connect(infos.append)
    pane.view_changed.connect(states.append)
    look_at(qtbot, session, pane, picture)
    scale, popup = pane.furniture.scale, pane.furniture.popup
    assert scale.bar_text == ""
    assert "%" in scale.zoom_text
    assert states[-1].magnification is None
    scale.button.click()
    assert popup.isVisible()
    assert popup.edit.hasFocus() or not QApplication.activeWindow()
    for wrong, word in (
        ("", "number"),
        ("zero", "number"),
        ("0", "sense"),
        ("99", "sense"),
        ("nan", "sense"),
    ):
        popup.edit.setText(wrong)
        QTest.keyClick(popup.edit, Qt.Key.Key_Return)
        assert word in popup.hint
        assert popup.isVisible()
    popup.edit.setText("0,5")
    QTest.keyClick(popup.edit, Qt.Key.Key_Return)
    assert popup.isHidden()
    assert session.scale_of(picture) == 0.5
    assert (infos[-1].um_per_px, infos[-1].um_per_px_source) == (0.5, "user")
    assert states[-1].magnification == pytest.approx(pane.view.zoom * 20)
    assert scale.zoom_text.endswith("×")
    assert scale.bar_text == "100 µm"
    assert scale.bar_px == pytest.approx(100 / 0.5 * pane.view.zoom)


def test_a_given_scale_can_be_taken_back_and_esc_leaves_it(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.set_scale(picture, 0.25)
    popup = pane.furniture.popup
    pane.ask_scale()
    assert popup.edit.text() == "0.25"
    QTest.keyClick(popup.edit, Qt.Key.Key_Escape)
    assert popup.isHidden()
    assert session.scale_of(picture) == 0.25
    pane.ask_scale()
    popup.given.emit(None)
    assert session.scale_of(picture) is None
    assert pane.um_per_px is None
    assert pane.furniture.scale.bar_text == ""


@pytest.mark.parametrize("zoom", [0.06, 0.2, 0.55, 1.0, 3.0, 20.0])
def test_the_bar_is_one_two_or_five_and_as_long_as_it_says(qtbot, session, pane, picture, zoom):
    look_at(qtbot, session, pane, picture)
    session.set_scale(picture, 0.25)
    pane.view.set_zoom(zoom)
    scale = pane.furniture.scale
    number, unit = scale.bar_text.split(" ")
    assert number.strip("0.")[:1] in "125"
    um = float(number) * (1000 if unit == "mm" else 1)
    assert scale.bar_px * 0.25 / pane.view.zoom == pytest.approx(um)
    assert scale.bar_px <= pane.width() / 4 * 1.001


def test_a_short_bar_is_drawn_to_a_fraction_of_a_pixel(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.set_scale(picture, 0.25)
    bar = pane.furniture.scale._bar

    def ink(length_px):
        bar.show_length(10.0, length_px)
        bar.resize(60, bar.sizeHint().height())
        image = bar.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        line = [image.pixelColor(x, image.height() - 2).red() for x in range(image.width())]
        return sum(abs(value - line[0]) for value in line) / 255

    drawn = [ink(40 + tenth / 10) for tenth in range(0, 11, 2)]
    whole = drawn[-1] - drawn[0]
    assert whole > 0.5
    steps = [(after - before) / whole for before, after in pairwise(drawn)]
    assert max(steps) < 0.5  # not all at once, as where lengths are rounded


def test_the_minimap_comes_with_the_first_zoom_and_takes_the_view_along(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    minimap = pane.furniture.minimap
    assert minimap.isHidden()
    pane.view.set_zoom(2.0)
    assert minimap.isVisible()
    for angle in (0, 90):
        pane.rotate_by(angle)
        w, h = minimap.width(), minimap.height()
        QTest.mousePress(minimap, Qt.MouseButton.LeftButton, pos=QPoint(w // 4, h // 4))
        first = pane.view.l0_centre
        move = QPoint(3 * w // 4, h // 2)
        drag(minimap, move)
        QTest.mouseRelease(minimap, Qt.MouseButton.LeftButton, pos=move)
        slack = 1400 / min(w, h) * 1.5
        if angle == 0:
            assert (first.x(), first.y()) == (pytest.approx(350, abs=slack), pytest.approx(250, abs=slack))
            wanted = (1050, 500)
        else:  # turned clockwise: to the right is up in the image
            wanted = (700, 250)
        now = pane.view.l0_centre
        assert (now.x(), now.y()) == (
            pytest.approx(wanted[0], abs=slack),
            pytest.approx(wanted[1], abs=slack),
        )
    pane.set_minimap(False)
    assert minimap.isHidden()


def test_the_ruler_measures_and_esc_removes_the_line(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    view = pane.view
    pane.set_ruler(True)
    assert "drag a line" in pane.furniture.notes.text
    view.set_zoom(0.5)
    centre = view.l0_centre
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 300))
    QTest.mouseMove(view.viewport(), QPoint(230, 340))
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(230, 340))
    assert view.l0_centre == centre
    assert view.ruler.l0_length == pytest.approx(100)
    assert view.ruler.words == "100 px"
    session.set_scale(picture, 0.25)
    assert view.ruler.words == "25.0 µm"
    with_line = view.viewport().grab().toImage()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.ruler.ends is None
    assert with_line != view.viewport().grab().toImage()
    pane.set_ruler(False)
    assert pane.furniture.notes.text == ""


def test_a_jump_from_the_whole_image_also_goes_nearer(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    whole = pane.view.zoom
    pane.jump_to(1000, 800)
    assert (pane.view.l0_centre.x(), pane.view.l0_centre.y()) == (1000, 800)
    near = pane.view.zoom
    assert near > whole
    pane.jump_to(100, 100)
    assert pane.view.zoom == near


def test_the_minimap_shows_where_one_is(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    pane.view.set_zoom(2.0)
    pane.jump_to(700, 500)
    before = pane.furniture.minimap.grab().toImage()
    pane.jump_to(200, 200)
    assert before != pane.furniture.minimap.grab().toImage()
    assert QRectF(0, 0, 1400, 1000).contains(pane.view.l0_centre)

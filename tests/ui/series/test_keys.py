"""Which keys go where once a CT series is open in the window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from lungviewer.ui.ct.picture_keys import PictureKeys
from lungviewer.ui.main_window import MainWindow
from tests.fixtures.series_windows import chest
from tests.fixtures.windows import open_folder


@pytest.fixture
def window(qtbot, session):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    window.show()
    yield window
    window.close()


@pytest.fixture
def two(qtbot, window, session, tmp_path):
    """A window that shows the first of two series."""
    chest(tmp_path / "two", 6, "a", 1)
    chest(tmp_path / "two", 4, "b", 2)
    open_folder(qtbot, session, tmp_path / "two", answers=False)
    shows(qtbot, window, 6)
    return window


def shows(qtbot, window, slices):
    def is_seen():
        series = window.viewer.ct.series
        return series is not None and len(series.slices) == slices and window.viewer.ct.layer.is_settled

    qtbot.waitUntil(is_seen, timeout=20_000)


def press(window, key):
    QTest.keyClick(window.focusWidget(), key)


def test_a_series_that_was_opened_has_the_keys(qtbot, two, session):
    assert two.focusWidget() is two.viewer.view
    press(two, Qt.Key.Key_End)
    assert session.slice.index == 5
    press(two, Qt.Key.Key_Up)
    assert session.slice.index == 4
    press(two, Qt.Key.Key_Home)
    assert session.slice.index == 0


def test_a_series_chosen_with_the_mouse_or_enter_has_the_keys(qtbot, two, session):
    view = two.browser.view
    view.setFocus()
    place = view.visualRect(two.browser.model.index(1)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    shows(qtbot, two, 4)
    assert two.focusWidget() is two.viewer.view
    press(two, Qt.Key.Key_Home)
    assert (session.current, session.slice.index) == (session.files[1], 0)
    view.setFocus()
    press(two, Qt.Key.Key_Return)
    assert two.focusWidget() is two.viewer.view


def test_who_goes_through_the_list_by_keys_stays_there(qtbot, two, session):
    two.browser.view.setFocus(Qt.FocusReason.TabFocusReason)
    press(two, Qt.Key.Key_End)
    shows(qtbot, two, 4)
    assert session.current == session.files[1]
    assert two.focusWidget() is two.browser.view
    press(two, Qt.Key.Key_Home)
    shows(qtbot, two, 6)
    assert session.current == session.files[0]


def test_who_is_writing_goes_on(qtbot, session):
    parent = QWidget()
    qtbot.addWidget(parent)
    picture, line = QWidget(parent), QLineEdit(parent)
    for writing, now in ((True, line), (False, picture)):
        keys = PictureKeys(session, picture)
        (line if writing else parent).setFocus()
        line.setEnabled(writing)
        keys.image_shown(True)
        assert parent.focusWidget() is now


def test_esc_puts_the_ruler_of_the_menu_away(two):
    ruler = two.actions_.by_id["ruler"]
    ruler.trigger()
    assert two.viewer.view.ruler.on
    press(two, Qt.Key.Key_Escape)
    assert not ruler.isChecked()
    assert not two.viewer.view.ruler.on

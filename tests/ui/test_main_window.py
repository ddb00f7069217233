"""The window as a whole: what a person does, from opening a folder to closing the program."""

import os
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox

from lungviewer.core.paths import bundled
from lungviewer.core.types import Status
from lungviewer.services.samples import SAMPLE_SLIDE
from lungviewer.ui.app import Program, first_places
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.notice import Notice
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.shortcuts import SHORTCUTS
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import FakeKeeper, open_folder


@pytest.fixture
def window(qtbot, session):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


@pytest.fixture
def opened(qtbot, window, session, pictures):
    """A window that shows a folder, every image answered and the first one on the screen."""
    session.load_model()
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: window.viewer.info is not None, timeout=10_000)
    return window


def do(window, name):
    window.actions_.by_id[name].trigger()


def drop(part, *paths):
    """Drag files over a part of the window and let them go there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    for event in (
        QDragEnterEvent(QPoint(5, 5), *how),
        QDragMoveEvent(QPoint(6, 6), *how),
        QDropEvent(QPointF(6, 6), *how),
    ):
        QApplication.sendEvent(part, event)


# --- the first start ---------------------------------------------------------------------------------


def test_the_first_start_shows_the_samples_classified_by_the_real_model(qtbot, qapp):
    program = Program(qapp)
    qtbot.addWidget(program.window)
    program.open([])
    session = program.session
    qtbot.waitUntil(lambda: len(session.files) > 1, timeout=20_000)
    (slide,) = (path for path in session.files if path.name == SAMPLE_SLIDE)  # mapped when it is looked at
    images = [path for path in session.files if path != slide]
    qtbot.waitUntil(lambda: all(map(session.record, images)), timeout=60_000)
    assert session.record(slide) is None
    statuses = Counter(session.record(p).status for p in images)
    assert statuses[Status.OK] >= 5
    assert statuses[Status.REFUSED] >= 3
    assert session.record(session.current).status is Status.OK  # the first thing seen shows all parts
    assert any("Research use only" in text for text in program.window.notices.texts())
    program.window.close()
    assert program.close()


def test_what_was_open_last_is_opened_again(tmp_path):
    assert first_places([], str(tmp_path)) == [tmp_path]
    assert first_places([], "")[0].parent == bundled("resources") / "samples"
    assert first_places([tmp_path], "elsewhere") == [tmp_path]


def test_the_samples_are_opened_when_what_was_open_last_is_gone(qtbot, qapp, tmp_path):
    SettingsStore().update(last_folder=str(tmp_path / "gone"))
    program = Program(qapp)
    qtbot.addWidget(program.window)
    program.open([])
    session = program.session
    qtbot.waitUntil(lambda: bool(session.files), timeout=20_000)
    assert session.folder == (bundled("resources") / "samples").resolve()
    program.window.close()
    assert program.close()


def test_research_use_is_told_until_it_is_understood(window, session):
    assert "Research use only" in window.notices.texts()[0]
    window.notices._act()
    assert session.settings.current.notice_seen
    assert window.notices.texts() == []


# --- opening -----------------------------------------------------------------------------------------


PARTS = {
    "window": lambda window: window,
    "slide view": lambda window: window.viewer.view.viewport(),
    "legend": lambda window: window.viewer.furniture.legend,
    "browser": lambda window: window.browser.view.viewport(),
    "side panel": lambda window: window.side.viewport(),
    "section": lambda window: window.side.prediction,
}


@pytest.mark.parametrize("part", PARTS)
def test_a_folder_that_is_dropped_anywhere_opens(qtbot, opened, session, tmp_path, part):
    draw_images(tmp_path / "dropped", 2, size=96)
    drop(PARTS[part](opened), tmp_path / "dropped")
    qtbot.waitUntil(lambda: len(session.files) == 2)
    assert session.folder == (tmp_path / "dropped").resolve()


def test_dropped_files_open_alone(qtbot, window, session, pictures):
    drop(window, *sorted(pictures.iterdir())[:3])
    qtbot.waitUntil(lambda: len(session.files) == 3)


def test_recent_folders_are_in_the_menu(opened, session, pictures):
    menu = opened.actions_._recent
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions()] == ["pictures"]
    assert menu.actions()[0].toolTip() == str(pictures.resolve())


def test_the_title_names_the_image_on_one_line(opened, session, pictures):
    assert opened.windowTitle().startswith("image_00000.jpg")
    session.select(pictures / "odd\nname.png")
    assert opened.windowTitle().startswith("odd\u240aname.png")


def test_the_status_line_has_file_size_scale_and_model(qtbot, opened):
    image, model = opened.status_line._image, opened.status_line._model
    qtbot.waitUntil(lambda: "96 × 96 pixels" in image.whole_text())
    assert "image_00000.jpg" in image.whole_text()
    assert "µm per pixel unknown" in image.whole_text()
    assert "CPU" in model.text()


def test_a_file_that_was_replaced_is_shown_anew_everywhere(qtbot, opened, session, pictures):
    first, other = session.files[0], session.files[1]
    qtbot.waitUntil(lambda: opened.browser.loader.picture(first) is not None)
    first.write_bytes(other.read_bytes())
    os.utime(first, ns=(1, 1))
    shown = opened.viewer.view.tiles.source
    session.look_again()
    qtbot.waitUntil(lambda: opened.viewer.view.tiles.source not in (None, shown))
    qtbot.waitUntil(lambda: session.record(first) is not None)
    assert session.record(first).predicted_class == session.record(other).predicted_class


# --- actions and keys --------------------------------------------------------------------------------


def test_every_action_of_the_help_page_exists_with_its_keys(window):
    for entry in SHORTCUTS:
        action = window.actions_.by_id[entry.id]
        assert action.shortcuts() == entry.sequences, entry.id
    keys = Counter(key for entry in SHORTCUTS for key in entry.keys)
    assert [key for key, times in keys.items() if times > 1] == []


def test_every_action_can_be_reached_by_menu(window):
    found = set()

    def walk(menu):
        for action in menu.actions():
            found.add(action)
            if action.menu():
                walk(action.menu())

    walk(window.menuBar())
    hidden = {name for name, action in window.actions_.by_id.items() if action not in found}
    assert hidden == {"leave-full-screen", "menu-bar"}


def test_keys_walk_through_the_images(qtbot, opened, session):
    qtbot.keyClick(opened, Qt.Key.Key_J)
    assert session.current == session.files[1]
    qtbot.keyClick(opened, Qt.Key.Key_K)
    assert session.current == session.files[0]
    qtbot.waitUntil(lambda: opened.browser.model.next_review(0) > 0)  # the browser hears of answers in blocks
    qtbot.keyClick(opened, Qt.Key.Key_N)
    assert session.record(session.current).status is Status.ERROR


def test_letters_typed_into_the_search_box_are_letters(qtbot, opened, session):
    opened.activateWindow()
    opened.browser.focus_search()
    qtbot.waitUntil(lambda: QGuiApplication.focusObject() is not None)
    before = session.current
    box = QGuiApplication.focusObject()
    qtbot.keyClicks(box, "jkn 0")
    assert box.text() == "jkn 0"
    assert session.current == before


def test_the_space_bar_shows_and_hides_the_map_but_presses_buttons_elsewhere(qtbot, opened, session):
    qtbot.keyClick(opened.viewer.view, Qt.Key.Key_Space)
    assert not session.explaining.visible
    assert not opened.actions_.by_id["overlay"].isChecked()
    button = opened.notices._action
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert session.settings.current.notice_seen
    assert not session.explaining.visible


def test_the_space_bar_presses_the_buttons_of_the_browser(qtbot, opened, session, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "open", lambda _dialog: asked.append(1))
    opened.activateWindow()
    button = opened.browser.folder_bar._button
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert len(asked) == 1
    assert session.explaining.visible
    opened.browser.view.setFocus()
    qtbot.keyClick(opened.browser.view, Qt.Key.Key_Space)
    assert not session.explaining.visible


def test_the_opacity_has_keys(qtbot, opened, session):
    before = session.explaining.opacity
    qtbot.keyClick(opened, Qt.Key.Key_BracketRight)
    assert session.explaining.opacity == pytest.approx(before + 0.05)
    qtbot.keyClick(opened, Qt.Key.Key_BracketLeft)
    assert session.explaining.opacity == pytest.approx(before)


def test_the_number_keys_are_magnifications(qtbot, opened, session):
    session.set_scale(session.current, 0.5)
    qtbot.keyClick(opened, Qt.Key.Key_5)
    assert opened.viewer.view.zoom == pytest.approx(1.0)  # 20×: 0.5 µm per screen pixel
    qtbot.keyClick(opened, Qt.Key.Key_0)
    assert opened.viewer.view.shows_whole_image()


def test_full_screen_is_the_picture_alone_and_esc_leaves_it(qtbot, opened):
    do(opened, "full-screen")
    assert opened.isFullScreen()
    assert not opened.side_dock.isVisible()
    assert not opened.browser_dock.isVisible()
    qtbot.keyClick(opened, Qt.Key.Key_Escape)
    assert not opened.isFullScreen()
    assert opened.side_dock.isVisible()
    assert opened.menuBar().isVisible()


def test_a_panel_that_was_closed_stays_closed_after_full_screen(opened):
    opened.side_dock.close()
    do(opened, "full-screen")
    do(opened, "full-screen")
    assert not opened.side_dock.isVisible()
    assert opened.browser_dock.isVisible()


def test_the_theme_switches(opened, session):
    do(opened, "switch-theme")
    first = session.settings.current.theme
    do(opened, "switch-theme")
    assert {first, session.settings.current.theme} == {"light", "dark"}


@pytest.mark.parametrize("name", ["scan-folder", "models", "retrain", "report", "settings", "help", "about"])
def test_windows_open_beside_the_main_one_and_once(qtbot, opened, name):
    do(opened, name)
    window = next(iter(opened.windows._made.values()))
    assert window.isVisible()
    assert not window.isModal()
    do(opened, name)
    assert len(opened.windows._made) == 1


def test_calls_are_accepted_and_overridden_by_key(qtbot, opened, session):
    session.settings.update(reviewer="A. B.")
    desk = opened.desk
    qtbot.waitUntil(lambda: desk.history(session.current) == ())
    with qtbot.waitSignal(desk.recorded):
        qtbot.keyClick(opened, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    opened.review.classes.setCurrentIndex(opened.review.classes.count() - 1)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with qtbot.waitSignal(desk.recorded):
        qtbot.keyClick(opened, Qt.Key.Key_Return, both)
    assert [entry.action for entry in desk.history(session.current)] == ["accept", "override"]


# --- blinded first read ------------------------------------------------------------------------------


def test_a_blinded_reviewer_sees_no_answer_anywhere_before_their_own(qtbot, opened, session):
    session.settings.update(reviewer="A. B.", blinded=True)
    legend = opened.viewer.furniture.legend
    qtbot.waitUntil(legend.isHidden)
    label = session.spec.class_by_id(session.record(session.current).predicted_class).label
    qtbot.waitUntil(lambda: label not in said_by(opened.side))
    session.settings.update(blinded=False)
    qtbot.waitUntil(lambda: not legend.isHidden())
    qtbot.waitUntil(lambda: label in said_by(opened.side))


def said_by(widget):
    labels = [one.text() for one in widget.findChildren(QLabel) if one.isVisible()]
    return "\n".join(labels)


# --- pictures of the view ----------------------------------------------------------------------------


def save(qtbot, window, target):
    """Save the view and wait until it is told how that went."""
    with qtbot.waitSignal(window.session.noticed, timeout=10_000):
        window.commands.save_overlay_as(target)


def test_the_view_is_saved_as_a_marked_png(qtbot, opened, tmp_path):
    save(qtbot, opened, tmp_path / "view")
    picture = Image.open(tmp_path / "view.png")
    assert picture.text["Software"] == "lungviewer"
    assert "Research use only" in picture.text["Comment"]
    assert "Saved" in opened.notices.texts()[-1]


def test_that_a_view_was_saved_is_told_until_another_image_is_chosen(qtbot, opened, session, tmp_path):
    save(qtbot, opened, tmp_path / "view")
    assert "Saved as view.png." in opened.notices.texts()
    session.select(session.files[1])
    assert "Saved as view.png." not in opened.notices.texts()


def test_an_image_is_never_replaced_by_a_picture_of_it(qtbot, opened, session):
    png = next(p for p in session.files if p.suffix == ".png")
    before = png.read_bytes()
    save(qtbot, opened, png)
    assert png.read_bytes() == before
    assert "replace an image" in opened.notices.texts()[-1]


def test_an_image_is_not_replaced_under_another_name_either(qtbot, opened, session, tmp_path):
    png = next(p for p in session.files if p.suffix == ".png")
    before = png.read_bytes()
    (tmp_path / "linked").symlink_to(png.parent)
    (tmp_path / "same.png").hardlink_to(png)
    for target in (tmp_path / "linked" / png.name, tmp_path / "same.png", tmp_path / "linked" / png.stem):
        save(qtbot, opened, target)
        assert "replace an image" in opened.notices.texts()[-1]
        assert (tmp_path / "same.png").read_bytes() == png.read_bytes() == before


def test_a_file_that_the_dialog_did_not_ask_about_is_not_replaced(qtbot, opened, tmp_path):
    there = tmp_path / "mine.jpg.png"
    there.write_bytes(b"precious")
    save(qtbot, opened, tmp_path / "mine.jpg")
    assert there.read_bytes() == b"precious"
    assert "mine.jpg.png" in opened.notices.texts()[-1]
    there.unlink()
    for _ in range(2):  # one of our own may be replaced
        save(qtbot, opened, tmp_path / "mine.jpg")
        assert "Saved as mine.jpg.png" in opened.notices.texts()[-1]


def test_the_dialog_asks_about_the_very_file_that_will_be_written(opened, monkeypatch):
    shown = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: shown.append(dialog))
    do(opened, "save-overlay")
    assert shown[0].defaultSuffix() == "png"
    assert Path(shown[0].selectedFiles()[0]).name == "image_00000 heat map.png"
    shown[0].deleteLater()


def test_a_place_that_cannot_be_written_is_a_sentence(qtbot, opened, tmp_path):
    save(qtbot, opened, tmp_path / "no" / "such" / "folder.png")
    assert "could not be written" in opened.notices.texts()[-1]


def test_the_view_is_copied(opened):
    do(opened, "copy-view")
    assert not QGuiApplication.clipboard().image().isNull()


@pytest.mark.qt_log_ignore("does not support (raise|grabbing the keyboard)")
def test_f10_goes_to_the_menu(qtbot, opened):
    qtbot.keyClick(opened, Qt.Key.Key_F10)
    bar = opened.menuBar()
    first = bar.actions()[0]
    qtbot.waitUntil(lambda: bar.activeAction() is first)
    first.menu().close()


# --- notices -----------------------------------------------------------------------------------------


def test_the_same_notice_is_not_told_twice(window, session):
    before = len(window.notices.texts())
    for _ in range(5):
        session.noticed.emit(Notice("error", "The drive is gone. Connect it."))
    assert len(window.notices.texts()) == before + 1
    assert "Problem: The drive is gone." in window.notices._text.text()


# --- ending ------------------------------------------------------------------------------------------


def test_size_and_panels_are_remembered(qtbot, settings):
    for first in (True, False):
        session = ViewerSession(settings, keeper=FakeKeeper())
        window = MainWindow(session)
        qtbot.addWidget(window)
        window.show()
        if first:
            window.resize(1000, 666)
            window.side_dock.close()
        else:
            assert window.height() == 666
            assert not window.side_dock.isVisible()
        window.close()
        assert session.close()


def test_closing_while_a_folder_is_listed_leaves_nothing_running(qtbot, settings, pictures):
    session = ViewerSession(settings, keeper=FakeKeeper())
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.open_paths([pictures])
    window.close()
    qtbot.wait(100)  # the listing arrives now
    assert window.ended
    assert session.close()


def test_a_part_that_does_not_answer_is_noticed_at_the_end(window, monkeypatch):
    monkeypatch.setattr(window.scan, "shutdown", lambda: False)
    window.close()
    assert not window.ended


def test_quitting_asks_while_a_folder_is_scanned(qtbot, opened, monkeypatch):
    asked = []

    def answer(_parent, _title, text):
        asked.append(text)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", answer)
    monkeypatch.setattr(type(opened.scan), "active", property(lambda self: True))
    assert not opened.close()
    assert "being scanned" in asked[0]
    monkeypatch.setattr(type(opened.scan), "active", property(lambda self: False))
    assert opened.close()


def test_what_happened_to_a_file_is_told_until_another_is_looked_at(qtbot, session, window, pictures):
    session.load_model()
    open_folder(qtbot, session, pictures)
    before = window.notices.texts()
    path = session.current
    qtbot.waitUntil(lambda: session.result(path) is not None)
    path.unlink()
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    assert any("The file is gone" in text for text in window.notices.texts())
    session.select(session.files[1])
    assert window.notices.texts() == before

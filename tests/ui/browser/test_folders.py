"""Folders: none, empty, hostile, and how one gets from one to another."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

from lungviewer.ui.browser.empty import Empty
from lungviewer.ui.browser.file_menu import FileMenu
from lungviewer.ui.browser.model import Role
from tests.fixtures import pictures as make
from tests.fixtures.browsing import names
from tests.fixtures.file_lists import current
from tests.fixtures.hostile import make_corpus
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import open_folder


def test_without_a_folder_it_says_how_to_open_one(panel):
    assert panel.empty.isVisible()
    assert "drop images here" in panel.empty.text
    assert panel.empty.button.isVisible()
    assert not panel.tools.isEnabled()


def test_a_folder_without_images_says_what_it_holds_and_looks_into_sub_folders_when_asked(
    qtbot, panel, session, tmp_path
):
    folder = tmp_path / "mixed"
    draw_images(folder / "inner", 2)
    (folder / "notes.txt").write_text("x")
    (folder / "table.csv").write_text("x")
    open_folder(qtbot, session, folder)
    qtbot.waitUntil(lambda: "1 sub-folder" in panel.empty.text)
    assert "2 other files" in panel.empty.text
    assert "JPEG" in panel.empty.text
    with qtbot.waitSignal(session.files_changed):
        panel.empty.button.click()
    assert len(names(panel)) == 2


def test_while_a_folder_is_listed_that_is_said(qtbot, panel, session, pictures):
    states = []
    session.folder_changed.connect(lambda: states.append(panel.empty.state))
    open_folder(qtbot, session, pictures, answers=False)
    assert set(states) == {Empty.LISTING}  # told when it begins, and again when the place is known
    assert panel.view.isVisible()


def test_parents_open_by_click_and_sub_folders_and_recent_ones_from_the_menu(qtbot, panel, session, pictures):
    (pictures / "inner").mkdir()
    panel.resize(900, 600)
    open_folder(qtbot, session, pictures)
    bar = panel.folder_bar
    assert bar._crumbs.here.text() == "pictures"
    qtbot.waitUntil(lambda: bar.subfolders == (pictures.resolve() / "inner",))
    bar._menu.aboutToShow.emit()
    entries = {action.text(): action for action in bar._menu.actions()}
    assert "inner" in entries
    parent = next(
        b for b in bar._crumbs.findChildren(QToolButton) if b.property("folder") == pictures.resolve().parent
    )
    with qtbot.waitSignal(session.files_changed):
        parent.click()
    assert session.folder == pictures.resolve().parent
    bar._menu.aboutToShow.emit()
    recent = next(a for a in bar._menu.actions() if a.data() == pictures.resolve())
    with qtbot.waitSignal(session.files_changed):
        recent.trigger()
    assert session.folder == pictures.resolve()


def test_the_context_menu_copies_the_path_and_asks_again(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    menu = panel.file_menu(session.files[2])
    actions = {action.text(): action for action in menu.actions()}
    actions["Copy path"].trigger()
    assert QGuiApplication.clipboard().text() == str(session.files[2])
    actions["Open"].trigger()
    assert session.current == session.files[2]
    assert current(panel) == "image_00002.jpg"
    actions["Classify again"].trigger()
    assert session.record(session.files[2]) is None
    assert session.is_pending(session.files[2])
    qtbot.waitUntil(lambda: session.record(session.files[2]) is not None)


@pytest.mark.skipif(os.name != "posix", reason="names of any bytes")
def test_a_hostile_folder_is_shown_whole_without_a_complaint(qtbot, panel, session, tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    files = [f.path for f in make_corpus(folder) if f.candidate]
    session.settings.update(classify_up_to=0)
    open_folder(qtbot, session, folder, answers=False)
    listed = [file for path in panel.model.rows for file in session.opened.files_of(path)]
    assert sorted(listed) == sorted(file.parent.resolve() / file.name for file in files)
    bar = panel.view.verticalScrollBar()
    for place in range(0, bar.maximum() + 1, 400):
        bar.setValue(place)
        panel.view.viewport().repaint()
    for row in range(panel.model.rowCount()):
        index = panel.model.index(row)
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            assert index.data(role)
        panel.view.follow(panel.model.rows[row])
    odd = next(p for p in panel.model.rows if os.fsencode(p.name).startswith(b"not_utf8"))
    FileMenu(session, odd, panel)._copy()
    assert "not_utf8_\\xff\\xfe.png" in QGuiApplication.clipboard().text()
    for path in (folder / "x" / ("y" * 250), Path("/")):
        panel.folder_bar._crumbs.show_folder(path)


def test_every_control_can_be_reached_and_has_a_name(panel):
    for widget in panel.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and isinstance(widget, QToolButton):
            interface = QAccessible.queryAccessibleInterface(widget)
            assert interface.text(QAccessible.Text.Name), widget.objectName()


@pytest.mark.parametrize("size", ["list", "medium", "large"])
def test_every_kind_of_row_can_be_painted_at_every_size(qtbot, panel, judged, size):
    for path in panel.model.rows[:2]:
        path.write_bytes(make.encode(make.picture(32, 24), "PNG"))
    next(a for a in panel.tools.size_menu.actions() if a.data() == size).trigger()
    for width in (160, 260, 320, 700):
        panel.resize(width, 500)
        assert not panel.grab().isNull()
    first = panel.view.visualRect(panel.model.index(0))
    assert first.width() <= panel.view.viewport().width()
    picture = panel.model.index(0).data(Role.THUMBNAIL)
    assert picture is None or isinstance(picture, QPixmap)

"""The browser as a person uses it: ways through the files, search, order, live answers, empty states."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from lungviewer.core.types import Status
from lungviewer.services.thumbnails import Thumbnails
from lungviewer.ui.browser.empty import Empty
from lungviewer.ui.browser.file_menu import FileMenu
from lungviewer.ui.browser.model import Role
from tests.fixtures import pictures as make
from tests.fixtures import slides
from tests.fixtures.browsing import answer, empty_files, names, shown_panel
from tests.fixtures.hostile import make_corpus
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import load_model, open_folder


@pytest.fixture
def panel(qtbot, session):
    return shown_panel(qtbot, session)


@pytest.fixture
def quiet(qtbot, session):
    """A session whose model never answers by itself: rows come from a scan."""
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    session.keeper.hold.clear()
    yield session
    session.keeper.hold.set()


def current(panel):
    index = panel.view.currentIndex()
    return panel.model.rows[index.row()].name if index.isValid() else None


def key(panel, letter):
    QTest.keyClick(panel.view, letter)


def order(panel, name):
    next(a for a in panel.tools.order_menu.actions() if a.data() == name).trigger()


def tick(panel, key):
    panel.tools.filter_menu.aboutToShow.emit()
    panel.tools.filter_menu._boxes[key].click()


def report(qtbot, panel, session, records):
    """Rows of a scan; waits until the list has taken them over."""
    records = list(records)
    session.take_records(session.folder, records)
    last = session.opened.by_name[records[-1].path]
    qtbot.waitUntil(lambda: last in panel.model.answers.known and not panel._changed)


# --- selection -----------------------------------------------------------------------------------


def test_the_first_image_is_marked_and_keys_move_the_mark_and_what_is_looked_at(
    qtbot, panel, session, pictures
):
    open_folder(qtbot, session, pictures)
    assert current(panel) == "image_00000.jpg"
    key(panel, "j")
    key(panel, "j")
    assert current(panel) == session.current.name == "image_00002.jpg"
    key(panel, "k")
    assert current(panel) == session.current.name == "image_00001.png"
    for _ in range(3):
        key(panel, "k")
    assert current(panel) == "image_00000.jpg"
    panel.next()
    assert session.current.name == "image_00001.png"
    QTest.keyClick(panel.view, Qt.Key.Key_End)
    assert session.current == session.files[-1]


def test_what_is_looked_at_elsewhere_is_marked_without_an_echo(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    changes = []
    session.current_changed.connect(lambda: changes.append(session.current.name))
    session.select(session.files[4])
    assert current(panel) == "image_00004.jpg"
    assert panel.view.selectionModel().selectedIndexes() == [panel.view.currentIndex()]
    key(panel, "j")
    assert changes == ["image_00004.jpg", "image_00005.png"]


def test_a_click_looks_at_the_file(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    where = panel.view.visualRect(panel.model.index(3)).center()
    QTest.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert session.current == session.files[3]


def test_enter_looks_at_the_marked_file_again(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    heard = []
    panel.view.chosen.connect(heard.append)
    QTest.keyClick(panel.view, Qt.Key.Key_Return)
    assert heard == [session.files[0]]


def test_j_goes_on_from_where_a_filtered_file_stood(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    session.select(session.files[4])
    panel.tools.search.setText("png")
    assert current(panel) is None
    assert session.current.name == "image_00004.jpg"  # still looked at
    panel.next()
    assert current(panel) == session.current.name
    panel.tools.search.clear()
    assert current(panel) == session.current.name


def test_keys_on_an_empty_list_do_nothing(panel, session):
    for letter in "jkn/":
        key(panel, letter)
    assert session.current is None


def test_n_finds_what_needs_review_and_goes_round(qtbot, panel, quiet, tmp_path):
    empty_files(tmp_path / "f", 6)
    open_folder(qtbot, quiet, tmp_path / "f", answers=False)
    notices = []
    quiet.noticed.connect(lambda notice: notices.append(notice.text))
    key(panel, "n")
    assert notices == ["No image needs review."]
    records = [answer(f"image_{i:05}.png") for i in range(6)]
    records[1] = answer("image_00001.png", Status.REVIEW, 0.5)
    records[4] = answer("image_00004.png", Status.REFUSED)
    report(qtbot, panel, quiet, records)
    seen = []
    for _ in range(3):
        key(panel, "n")
        seen.append(quiet.current.name)
    assert seen == ["image_00001.png", "image_00004.png", "image_00001.png"]
    report(qtbot, panel, quiet, [answer("image_00004.png")])
    qtbot.waitUntil(lambda: panel.model.answers.by_status[Status.REFUSED] == 0)
    key(panel, "n")
    assert notices == ["No image needs review.", "No other image needs review."]


# --- order and filter ----------------------------------------------------------------------------


@pytest.fixture
def judged(qtbot, panel, quiet, tmp_path):
    """Twelve files; 3, 5 and 7 stand out."""
    folder = empty_files(tmp_path / "judged", 12, "image_{}.png")
    open_folder(qtbot, quiet, folder, answers=False)
    records = [answer(f"image_{i}.png", confidence=0.99 - i / 100) for i in range(12)]
    records[3] = answer("image_3.png", Status.REVIEW, 0.51, predicted="benign")
    records[5] = answer("image_5.png", Status.REFUSED, reason="glass")
    records[7] = answer("image_7.png", Status.ERROR, reason="truncated")
    report(qtbot, panel, quiet, records)
    return quiet


def test_names_are_in_natural_order(judged, panel):
    assert names(panel) == [f"image_{i}.png" for i in range(12)]


def test_order_by_confidence_and_by_need_keeps_the_mark_in_sight(judged, panel):
    judged.select(judged.folder / "image_0.png")
    order(panel, "confidence")
    assert names(panel)[:2] == ["image_3.png", "image_11.png"]
    assert names(panel)[-2:] == ["image_5.png", "image_7.png"]
    assert current(panel) == "image_0.png"
    assert panel.view._in_sight(judged.current)
    order(panel, "review")
    assert names(panel)[:4] == ["image_3.png", "image_5.png", "image_7.png", "image_11.png"]
    assert current(panel) == "image_0.png"
    assert panel.view._in_sight(judged.current)
    key(panel, "k")
    assert judged.current.name == names(panel)[-2]


def test_boxes_filter_by_status_and_class_and_say_so(qtbot, judged, panel):
    tick(panel, Status.REFUSED)
    assert names(panel) == ["image_5.png"]
    tick(panel, Status.ERROR)
    assert names(panel) == ["image_5.png", "image_7.png"]
    assert panel.tools._filter_button.text() == "2"
    assert "2 of 12 shown" in panel.footer.text.replace("\u00a0", " ")
    tick(panel, Status.REFUSED)
    tick(panel, Status.ERROR)
    tick(panel, "benign")
    assert names(panel) == ["image_3.png"]
    assert panel.tools.filter_menu._boxes[Status.OK].text() == "OK (9)"
    panel.tools.search.setText("image")
    with qtbot.waitSignal(panel.tools.search.textChanged):  # with it goes the sign that empties the box
        panel.tools.clear_filter()
    assert panel.tools.search.text() == ""
    assert len(names(panel)) == 12
    assert panel.tools._filter_button.text() == ""


def test_the_filter_s_boxes_are_reached_and_ticked_by_keyboard(judged, panel):
    menu = panel.tools.filter_menu
    menu.aboutToShow.emit()
    boxes = list(menu._boxes.values())
    page = boxes[0].parentWidget()
    boxes[0].setFocus()
    QTest.keyClick(boxes[0], Qt.Key.Key_Tab)
    assert page.focusWidget() is boxes[1]
    QTest.keyClick(boxes[1], Qt.Key.Key_Down)
    assert page.focusWidget() is boxes[2]
    QTest.keyClick(boxes[2], Qt.Key.Key_Space)
    assert names(panel) == ["image_5.png"]
    QTest.keyClick(boxes[2], Qt.Key.Key_Up)
    QTest.keyClick(boxes[1], Qt.Key.Key_Backtab)
    QTest.keyClick(boxes[0], Qt.Key.Key_Backtab)
    assert page.focusWidget().text() == "Show everything"
    QTest.keyClick(page.focusWidget(), Qt.Key.Key_Space)
    assert len(names(panel)) == 12


def test_a_search_narrows_the_list_and_escape_widens_it(judged, panel):
    key(panel, "/")
    assert panel.tools.search.hasFocus()
    QTest.keyClicks(panel.tools.search, "E_1j")
    assert names(panel) == []
    assert panel.empty.isVisible()
    assert panel.empty.state is Empty.FILTERED
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Backspace)
    assert names(panel) == ["image_1.png", "image_10.png", "image_11.png"]
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Down)
    assert panel.view.hasFocus()
    panel.focus_search()
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Escape)
    assert len(names(panel)) == 12
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Escape)
    assert panel.view.hasFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.tools.search.hasFocus()


def test_a_filter_that_hides_everything_offers_to_clear_it(judged, panel):
    panel.tools.search.setText("no such name")
    assert panel.empty.isVisible()
    panel.empty.button.click()
    assert panel.view.isVisible()
    assert len(names(panel)) == 12


def test_a_filter_does_not_outlive_its_folder(qtbot, judged, panel, pictures):
    panel.tools.search.setText("no such name")
    tick(panel, Status.OK)
    open_folder(qtbot, judged, pictures, answers=False)
    assert len(names(panel)) == 9


# --- answers -------------------------------------------------------------------------------------


def test_a_folder_that_is_scanned_fills_in_live_and_moves_into_place(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 300)
    open_folder(qtbot, quiet, folder, answers=False)
    tick(panel, Status.REVIEW)
    assert names(panel) == []
    told = []
    panel.model.dataChanged.connect(lambda *_: told.append(1))
    records = [
        answer(f"image_{i:05}.png", Status.REVIEW if i % 10 == 0 else Status.OK, 0.6) for i in range(300)
    ]
    for start in range(0, 300, 10):
        quiet.take_records(quiet.folder, records[start : start + 10])
    assert told == []  # gathered, not told one by one
    qtbot.waitUntil(lambda: len(names(panel)) == 30)
    assert panel.view.isVisible()
    assert "30 need review" in panel.footer.text.replace("\u00a0", " ")


def test_many_answers_are_told_as_one_change(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 500)
    open_folder(qtbot, quiet, folder, answers=False)
    told = []
    panel.model.dataChanged.connect(lambda top, bottom, roles: told.append(bottom.row() - top.row() + 1))
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png") for i in range(500)])
    assert 500 in told
    assert len([n for n in told if n == 1]) < 100  # only pictures that came meanwhile


def test_a_live_order_does_not_move_what_the_person_looks_at(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 200)
    open_folder(qtbot, quiet, folder, answers=False)
    order(panel, "confidence")
    bar = panel.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    assert place > 0
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png", confidence=0.9 - i / 1000) for i in range(150)])
    qtbot.waitUntil(lambda: names(panel)[0] == "image_00149.png")
    assert bar.value() == place
    assert current(panel) == quiet.current.name == "image_00000.png"


def test_rows_that_join_a_filtered_list_leave_it_where_it_was_scrolled(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 200)
    open_folder(qtbot, quiet, folder, answers=False)
    tick(panel, Status.OK)
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png") for i in range(100)])
    qtbot.waitUntil(lambda: len(names(panel)) == 100)
    bar = panel.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png") for i in range(100, 200)])
    qtbot.waitUntil(lambda: len(names(panel)) == 200)
    qtbot.wait(50)
    assert bar.value() == place
    assert current(panel) == "image_00000.png"


def test_badges_say_the_answer_in_words(qtbot, judged, panel):
    def badge(name):
        return panel.model.index(names(panel).index(name)).data(Role.BADGE)

    assert badge("image_0.png") == "luad 99.0\u00a0%"
    assert badge("image_3.png") == "Benign 51\u00a0%"
    assert badge("image_5.png") == "Refused: glass"
    assert badge("image_7.png") == "Cannot be read: file cut short"
    spoken = panel.model.index(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "image_3.png, Needs review, Benign 51\u00a0%"
    assert "sure enough" not in panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "only glass" in panel.model.index(5).data(Qt.ItemDataRole.ToolTipRole)


def test_slides_have_pictures_and_say_whether_they_are_mapped(qtbot, session, tmp_path):
    folder = tmp_path / "slides"
    folder.mkdir()
    Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(folder / "a_first.png")
    slides.aperio(folder / "b_slide.svs", slides.tissue(400, 300))
    panel = shown_panel(qtbot, session, Thumbnails(0))
    open_folder(qtbot, session, folder, answers=False)
    path = folder / "b_slide.svs"
    qtbot.waitUntil(lambda: panel.model.badge(path) == "slide, not mapped", timeout=20_000)
    assert path not in panel.model.unanswered()
    assert panel.footer.classify_button.isHidden()
    index = panel.model.index(panel.model.row_of(path))
    qtbot.waitUntil(lambda: isinstance(index.data(Role.THUMBNAIL), QPixmap), timeout=20_000)
    for text in (index.data(Qt.ItemDataRole.AccessibleTextRole), index.data(Qt.ItemDataRole.ToolTipRole)):
        assert "slide, not mapped" in text
    order(panel, "confidence")
    assert names(panel) == ["a_first.png", "b_slide.svs"]


def test_a_slide_s_badge_has_the_share_of_tumour_in_place_of_a_confidence(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "many", 3)
    open_folder(qtbot, quiet, folder, answers=False)
    called = quiet.spec.class_ids[0]
    rows = [
        answer("image_00000.png", confidence=0.8, predicted=called),
        replace(
            answer("image_00001.png", Status.REVIEW, confidence=None, predicted=called),
            kind="slide",
            tumour_share=0.34,
            confidence=None,
        ),
        answer("image_00002.png", confidence=0.7, predicted=called),
    ]
    report(qtbot, panel, quiet, rows)
    label = quiet.spec.class_by_id(called).label
    badge = panel.model.badge(folder / "image_00001.png")
    assert label in badge
    assert "34" in badge
    order(panel, "confidence")
    assert names(panel) == ["image_00002.png", "image_00000.png", "image_00001.png"]


def test_a_blinded_reviewer_sees_no_answer_but_sees_what_cannot_be_used(judged, panel):
    judged.settings.update(blinded=True)
    assert panel.model.index(0).data(Role.BADGE) == "answer hidden"
    assert panel.model.index(0).data(Role.COLOUR) == ""
    assert "luad" not in panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert panel.model.index(5).data(Role.BADGE) == "Refused: glass"
    undecided = {panel.model.rows[0]}
    panel.hide_answers(lambda path: path in undecided)
    assert panel.model.index(0).data(Role.BADGE) == "answer hidden"
    assert panel.model.index(1).data(Role.BADGE) == "luad 98\u00a0%"


def test_class_colours_come_from_the_model(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    session.load_model()
    qtbot.waitUntil(lambda: session.spec is not None)
    colours = {c.colour for c in session.spec.classes}
    assert panel.model.index(0).data(Role.COLOUR) in colours
    assert panel.model.index(5).data(Role.COLOUR) == ""  # the one that is cut


def test_what_is_being_classified_is_said_and_counted(qtbot, panel, session, pictures):
    session.keeper.hold.clear()
    open_folder(qtbot, session, pictures, answers=False)
    qtbot.waitUntil(lambda: "classifying 0 of 9" in panel.footer.text)
    assert panel.model.index(1).data(Role.BADGE) == "classifying…"
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: "classifying" not in panel.footer.text)
    qtbot.waitUntil(lambda: "1 cannot be read" in panel.footer.text.replace("\u00a0", " "))


# --- large folders -------------------------------------------------------------------------------


def test_a_large_folder_is_classified_when_asked_and_can_be_stopped(qtbot, panel, session, tmp_path):
    session.settings.update(classify_up_to=10)
    folder = tmp_path / "large"
    draw_images(folder, 150, size=32)
    session.keeper.hold.clear()
    open_folder(qtbot, session, folder, answers=False)
    button = panel.footer.classify_button
    qtbot.waitUntil(lambda: not button.isHidden())
    assert button.text() == "Classify these 149 images"  # one is looked at and asked for anyway
    button.click()
    assert panel.feeder.waiting > 50
    assert button.isHidden()
    panel.footer.stop_button.click()
    assert panel.feeder.waiting == 0
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: not any(map(session.is_pending, session.files)), timeout=20_000)
    qtbot.waitUntil(lambda: not button.isHidden())
    button.click()
    qtbot.waitUntil(lambda: all(session.record(p) for p in session.files), timeout=20_000)
    qtbot.waitUntil(lambda: button.isHidden() and panel.footer.scan_button.isHidden())


def test_a_model_that_fails_is_not_asked_for_the_rest(qtbot, panel, session, tmp_path):
    session.settings.update(classify_up_to=0)
    session.keeper.broken = True
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_error is not None)
    empty_files(tmp_path / "large", 200)
    open_folder(qtbot, session, tmp_path / "large", answers=False)
    qtbot.waitUntil(lambda: not panel.footer.classify_button.isHidden())
    panel.footer.classify_button.click()
    qtbot.waitUntil(lambda: panel.feeder.waiting == 0)
    qtbot.waitUntil(lambda: not any(map(session.is_pending, session.files)))
    assert not any(session.record(p) for p in session.files)


def test_a_scan_into_a_report_can_be_asked_for(qtbot, panel, quiet, tmp_path):
    empty_files(tmp_path / "large", 3)
    open_folder(qtbot, quiet, tmp_path / "large", answers=False)
    qtbot.waitUntil(lambda: not panel.footer.scan_button.isHidden())
    with qtbot.waitSignal(panel.scan_asked):
        panel.footer.scan_button.click()


# --- empty states and folders --------------------------------------------------------------------


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


# --- looks ---------------------------------------------------------------------------------------


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

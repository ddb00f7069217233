"""Which file is marked and looked at."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lungviewer.core.types import Status
from tests.fixtures.browsing import answer, empty_files
from tests.fixtures.file_lists import current, key, report
from tests.fixtures.windows import open_folder


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

"""While one entry is written, and when another image is looked at."""

import threading

from PySide6.QtWidgets import QScrollArea

from lungviewer.core.errors import OutputUnwritable
from lungviewer.store.review_entry import OTHER
from lungviewer.ui.panels.review import ReviewPanel
from tests.fixtures.review_panels import choose
from tests.fixtures.windows import open_folder


def test_writing_about_one_image_leaves_alone_what_is_typed_for_the_next(
    qtbot, session, desk, panel, opened, slow
):
    told = []
    session.noticed.connect(lambda notice: told.append(notice.text))
    session.settings.update(reviewer="Ann")
    choose(panel, OTHER)
    panel.override()
    session.select(opened[1])
    choose(panel, panel.classes.itemData(1))
    panel.comment.setText("a long remark about the second")
    panel.add_comment()
    assert "still being written" in panel.message.text()
    slow.set()
    qtbot.waitUntil(lambda: not desk.writing)
    assert panel.comment.text() == "a long remark about the second"
    assert panel.classes.currentIndex() == 1
    assert "Recorded" not in panel.message.text()
    assert told == [f"The review of {opened[0].name} was recorded as entry 1."]


def test_what_is_typed_while_the_same_image_is_written_about_stays(qtbot, session, desk, panel, opened, slow):
    session.settings.update(reviewer="Ann")
    choose(panel, OTHER)
    panel.override()
    panel.comment.setText("and one thing more")
    slow.set()
    with qtbot.waitSignal(desk.idle):
        pass
    assert panel.comment.text() == "and one thing more"
    assert "Recorded" in panel.message.text()


def test_a_failure_about_another_image_is_told_with_its_name(
    qtbot, session, log, desk, panel, opened, monkeypatch
):
    go = threading.Event()

    def full(_draft):
        go.wait(20)
        raise OutputUnwritable("The review log could not be used (disk full).", hint="Not recorded.")

    monkeypatch.setattr(log, "append", full)
    told = []
    session.noticed.connect(lambda notice: told.append(notice.text))
    session.settings.update(reviewer="Ann")
    panel.accept()
    session.select(opened[1])
    panel.comment.setText("about the second")
    go.set()
    qtbot.waitUntil(lambda: not desk.writing)
    assert panel.comment.text() == "about the second"
    assert panel.message.text() == ""
    assert told[0].startswith(f"The review of {opened[0].name} was not recorded. ")
    assert "disk full" in told[0]


def test_what_is_on_record_comes_back_for_a_renamed_image(qtbot, session, log, desk, panel, opened, tmp_path):
    panel.reviewer.setText("Ann")
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    moved = tmp_path / "moved"
    moved.mkdir()
    opened[0].rename(moved / "renamed.jpg")
    open_folder(qtbot, session, moved)
    qtbot.waitUntil(lambda: bool(desk.history(session.current)))
    assert "Accepted" in panel.record_text.text()
    assert "History (1)" in panel.history_section.heading.text()


def test_a_class_being_chosen_and_words_do_not_go_to_the_next_image(qtbot, session, desk, panel, opened):
    choose(panel, OTHER)
    panel.comment.setText("half a remark")
    session.select(opened[1])
    assert panel.classes.currentIndex() == 0
    assert panel.comment.text() == ""


def test_what_the_keyboard_did_is_scrolled_into_view(qtbot, session, desk, opened):
    area = QScrollArea()
    qtbot.addWidget(area)
    inside = ReviewPanel(session, desk)
    area.setWidgetResizable(True)
    area.setWidget(inside)
    area.resize(300, 90)
    area.show()
    inside.reviewer.clear()
    area.verticalScrollBar().setValue(0)
    inside.accept()
    qtbot.waitUntil(lambda: area.verticalScrollBar().value() > 0)

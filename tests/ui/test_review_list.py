"""Reviewed images in the browser: marked, filtered, counted, and left out by the key for the next one."""

import pytest
from PySide6.QtCore import Qt

from lungviewer.services.reviewing import draft_review, identify
from lungviewer.store.review_entry import OTHER, Action
from lungviewer.ui.browser.arranging import Filter, Reviewed
from lungviewer.ui.browser.model import Role
from lungviewer.ui.main_window import MainWindow
from tests.fixtures.windows import open_folder


@pytest.fixture
def window(qtbot, settings, session):
    settings.update(reviewer="Ann", notice_seen=True)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.load_model()
    yield window
    window.close()


@pytest.fixture
def opened(qtbot, window, session, pictures):
    """The folder, where three images have been reviewed before, and a comment was made on a fourth."""
    paths = sorted(pictures.iterdir())
    for number, action, chosen in (
        (1, Action.ACCEPT, "tumour_a"),
        (2, Action.OVERRIDE, OTHER),
        (3, Action.FIRST_READ, "benign"),
        (4, Action.COMMENT, ""),
    ):
        log = window.desk.log
        log.append(draft_review(identify(paths[number]), None, "Ann", action, chosen, "a word"))
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    qtbot.waitUntil(lambda: len(window.browser.model.answers.reviewed) == 4)
    return paths


def marks(window):
    model = window.browser.model
    return [model.index(row).data(Role.REVIEWED) for row in range(model.rowCount())]


def said_by_footer(window):
    return window.browser.footer.text.replace("\u00a0", " ")


def test_reviewed_images_are_marked_with_what_was_done(window, opened):
    done = ["accepted", "overridden", "class given, answer hidden", "commented"]
    assert marks(window) == ["", *done, "", "", "", ""]
    index = window.browser.model.index(2)
    for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
        assert "review: overridden" in index.data(role)
        assert "review:" not in window.browser.model.index(0).data(role)


def test_the_mark_is_seen_in_the_cell(qtbot, window, session, opened):
    view, model = window.browser.view, window.browser.model

    def drawn(row):
        return view.grab(view.visualRect(model.index(row))).toImage()

    qtbot.waitUntil(lambda: model.index(1).data(Role.THUMBNAIL) is not None)
    before = drawn(1)
    model.mark_reviewed(lambda path: "")
    assert drawn(1) != before


def test_a_new_review_is_marked_and_counted_at_once(qtbot, window, session, opened):
    qtbot.waitUntil(lambda: "4 reviewed" in said_by_footer(window))
    with qtbot.waitSignal(window.desk.recorded):
        window.review.accept()
    qtbot.waitUntil(lambda: "5 reviewed" in said_by_footer(window))
    assert marks(window)[0] == "accepted"


def test_reviewed_and_not_reviewed_can_be_filtered(window, opened):
    model, menu = window.browser.model, window.browser.tools.filter_menu
    menu.aboutToShow.emit()
    texts = [box.text() for box in menu.boxes]
    assert "Reviewed (4)" in texts
    assert "Not reviewed (5)" in texts
    next(box for box in menu.boxes if box.text().startswith("Reviewed")).click()
    assert model.rows == opened[1:5]
    model.set_filter(Filter(reviewed=frozenset({Reviewed.NO})))
    assert model.rows == [opened[0], *opened[5:]]
    model.set_filter(Filter(reviewed=frozenset(Reviewed)))
    assert model.rows == opened


def test_the_next_to_review_is_one_without_a_review(qtbot, window, session, opened, monkeypatch):
    heard = []
    session.noticed.connect(lambda notice: heard.append(notice.text))
    model = window.browser.model
    monkeypatch.setattr(model, "needs_review", lambda path: path in (opened[2], opened[5], opened[7]))
    seen = []
    for _ in range(3):
        window.browser.next_review()
        seen.append(session.current)
    assert seen == [opened[5], opened[7], opened[5]]
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    model.answers.reviewed.update((opened[5], opened[7]))
    window.browser.next_review()
    assert heard[-1] == "Every image here that needs review has been reviewed."
    assert session.current == opened[5]


def test_a_blinded_reviewer_sees_no_mark_of_another_ones_review(qtbot, window, settings, session, opened):
    settings.update(reviewer="Bob", blinded=True)
    assert marks(window) == [""] * 9
    assert window.browser.model.answers.reviewed == set()
    assert "reviewed" not in said_by_footer(window)
    settings.update(reviewer="Ann")
    assert marks(window)[1:4] == ["accepted", "overridden", "class given, answer hidden"]
    assert marks(window)[4] == ""  # a comment tells no class: her answer is hidden still


def test_the_image_that_is_looked_at_is_looked_up_before_the_rest_of_the_folder(
    qtbot, window, session, opened
):
    desk = window.desk
    desk._read.clear()
    desk._histories.clear()
    desk._read_folder()
    session.select(opened[2])
    qtbot.waitUntil(lambda: bool(desk.history(opened[2])))
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    assert bool(desk.history(opened[1]))

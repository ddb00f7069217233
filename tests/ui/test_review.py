"""Reviewing in the window: decisions are written down, and a blinded reviewer is told nothing."""

import os
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QScrollArea

from lungviewer.core.errors import OutputUnwritable
from lungviewer.core.types import Status
from lungviewer.services.file_state import FileState
from lungviewer.services.reviewing import draft_review, identify
from lungviewer.store.review_entry import FIRST_PREVIOUS, OTHER, Action, sealed
from lungviewer.store.reviews import ReviewLog
from lungviewer.ui.panels.blinding import Blinding
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.review_words import entry_line, standing
from tests.fixtures.reviewing import digest, draft, tamper
from tests.fixtures.windows import open_folder


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "data" / "reviews.sqlite")


@pytest.fixture
def desk(qtbot, session, log):
    desk = ReviewDesk(session, log)
    yield desk
    desk.shutdown()


@pytest.fixture
def panel(qtbot, session, desk):
    panel = ReviewPanel(session, desk)
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.fixture
def opened(qtbot, session, desk, panel, pictures):
    """The folder of pictures with every answer, and the first one looked up."""
    session.load_model()
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: desk.history(session.current) is not None)
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    return session.files


def choose(panel, class_id):
    panel.classes.setCurrentIndex(panel.classes.findData(class_id))
    assert panel.classes.currentData() == class_id


def look_at(qtbot, session, desk, path):
    session.select(path)
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    qtbot.waitUntil(lambda: desk.history(path) is not None or desk.problem(path) != "")


def test_an_accepted_answer_is_on_the_disk_with_what_was_shown(qtbot, session, log, desk, panel, opened):
    panel.reviewer.setText("  Ann   Reader ")
    panel.comment.setText("typical")
    with qtbot.waitSignal(desk.recorded):
        panel.accept_button.click()
    (entry,) = log.history(identify(opened[0]).sha256)
    record = session.record(opened[0])
    assert (entry.action, entry.chosen, entry.reviewer) == ("accept", record.predicted_class, "Ann Reader")
    assert (entry.call, entry.confidence, entry.status) == (
        record.predicted_class,
        record.confidence,
        record.status.value,
    )
    assert (entry.pack_sha256, entry.comment) == (record.model_sha256, "typical")
    assert session.settings.current.reviewer == "Ann Reader"
    assert "Ann Reader" in panel.record_text.text()
    assert "entry 1" in panel.message.text()
    assert panel.comment.text() == ""


def test_without_a_name_nothing_is_written_and_the_name_is_asked_for_in_place(
    qtbot, session, log, panel, opened
):
    panel.accept()
    assert "name" in panel.message.text()
    assert panel.focusWidget() is panel.reviewer
    assert not session.file_jobs.busy
    assert log.head()[0] == 0


def test_an_override_needs_a_class_and_takes_none_of_them_too(qtbot, session, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    panel.override()
    assert "Choose a class" in panel.message.text()
    assert log.head()[0] == 0
    choose(panel, OTHER)
    with qtbot.waitSignal(desk.recorded):
        panel.override_button.click()
    assert log.latest(identify(opened[0]).sha256).chosen == OTHER
    assert "cannot tell" in panel.record_text.text()
    assert panel.classes.currentIndex() == 0


def test_a_comment_alone_needs_words_and_decides_nothing(qtbot, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    panel.add_comment()
    assert "comment first" in panel.message.text()
    panel.comment.setText("see the other slide")
    with qtbot.waitSignal(desk.recorded):
        panel.comment_button.click()
    assert log.latest(identify(opened[0]).sha256) is None
    assert log.history(identify(opened[0]).sha256)[0].action == Action.COMMENT


def test_the_keys_accept_and_override(qtbot, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    qtbot.waitExposed(panel)
    panel.activateWindow()
    panel.comment.setFocus()
    with qtbot.waitSignal(desk.recorded):
        panel.accept_or_read_first()
    choose(panel, "benign" if panel.classes.findData("benign") > 0 else panel.classes.itemData(1))
    with qtbot.waitSignal(desk.recorded):
        panel.override_or_read_first()
    assert [e.action for e in log.history(identify(opened[0]).sha256)] == ["accept", "override"]


def test_an_image_that_cannot_be_read_is_given_no_class(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    broken = next(path for path in opened if session.record(path).status is Status.ERROR)
    look_at(qtbot, session, desk, broken)
    for button in (panel.accept_button, panel.override_button):
        assert not button.isEnabled()
        assert "cannot be read" in button.toolTip()
    assert not panel.classes.isEnabled()
    assert "cannot be read" in panel.buttons.why.text()
    choose(panel, OTHER)
    for act in (panel.accept_or_read_first, panel.override_or_read_first):
        act()
        assert "cannot be read" in panel.message.text()
    session.settings.update(blinded=True)
    assert not panel.first_button.isEnabled()
    panel.read_first()
    assert log.head()[0] == 0
    panel.comment.setText("ask for it again")
    with qtbot.waitSignal(desk.recorded):
        panel.comment_button.click()


def test_a_refused_image_can_be_overridden_but_not_accepted(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    session._answers.rows[opened[0]] = replace(
        session.record(opened[0]), status=Status.REFUSED, predicted_class=""
    )
    session.outcome_changed.emit(opened[0])
    assert not panel.accept_button.isEnabled()
    panel.accept()
    assert "no call to accept" in panel.message.text()
    choose(panel, OTHER)
    with qtbot.waitSignal(desk.recorded):
        panel.override()
    assert log.latest(identify(opened[0]).sha256).call == ""


def test_a_call_is_not_accepted_while_another_class_is_chosen(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    call = session.record(opened[0]).predicted_class
    other = next(c for c in session.spec.class_ids if c != call)
    choose(panel, other)
    assert not panel.accept_button.isEnabled()
    assert panel.override_button.isEnabled()
    for said in (panel.accept_button.toolTip(), panel.buttons.why.text()):
        assert session.spec.class_by_id(other).label in said
        assert session.spec.class_by_id(call).label in said
        assert "Override" in said
    panel.accept_or_read_first()
    assert panel.message.text() == panel.buttons.why.text()
    assert panel.classes.currentData() == other
    assert log.head()[0] == 0
    choose(panel, call)
    assert panel.accept_button.isEnabled()
    assert panel.buttons.why.isHidden()
    assert "Ctrl" in panel.accept_button.toolTip()


def test_a_class_chosen_blinded_is_not_compared_with_the_call(qtbot, session, desk, blinded, panel, opened):
    session.settings.update(reviewer="Ann")
    for class_id in session.spec.class_ids:
        choose(panel, class_id)
        assert panel.buttons.why.isHidden()
        assert panel.accept_button.toolTip() == "Accept (Ctrl+Return)"


def test_a_file_that_is_gone_is_said_so_and_nothing_can_be_recorded(qtbot, session, log, desk, panel, opened):
    opened[3].unlink()
    look_at(qtbot, session, desk, opened[3])
    assert "no longer there" in panel.record_text.text()
    assert not panel.override_button.isEnabled()
    assert not panel.classes.isEnabled()


def test_a_full_disk_is_said_in_place_and_the_words_are_kept(
    qtbot, session, log, desk, panel, opened, monkeypatch
):
    def full(_draft):
        raise OutputUnwritable("The review log could not be used (disk full).", hint="Not recorded.")

    monkeypatch.setattr(log, "append", full)
    panel.reviewer.setText("Ann")
    panel.comment.setText("typical")
    with qtbot.waitSignal(desk.failed):
        panel.accept()
    assert "disk full" in panel.message.text()
    assert panel.comment.text() == "typical"
    assert panel.accept_button.isEnabled() or desk.writing


@pytest.fixture
def slow(log, monkeypatch):
    """Holds every entry on its way to the disk until it is set; `begun` tells that one is held."""
    go, append = threading.Event(), log.append
    go.begun = threading.Event()

    def held(draft):
        go.begun.set()
        go.wait(20)
        return append(draft)

    monkeypatch.setattr(log, "append", held)
    yield go
    go.set()


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


def test_a_file_replaced_under_the_same_name_has_no_review(qtbot, session, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    opened[0].write_bytes(opened[1].read_bytes())
    look_at(qtbot, session, desk, opened[1])
    session.select(opened[0])
    qtbot.waitUntil(lambda: desk.history(opened[0]) == ())
    assert "Nothing is on record" in panel.record_text.text()


def replaced_unnoticed(qtbot, session, opened):
    """The first image is looked at while another one is put in its place."""
    session.settings.update(reviewer="Ann")
    opened[0].write_bytes(opened[1].read_bytes())
    os.utime(opened[0], ns=(1, 1))


def test_nothing_is_recorded_about_a_picture_that_nobody_saw(qtbot, session, log, desk, panel, opened):
    replaced_unnoticed(qtbot, session, opened)
    panel.comment.setText("typical")
    with qtbot.waitSignals([desk.failed, session.file_changed]):
        panel.accept()
    assert log.head()[0] == 0
    said = "The file has changed since it was shown. Look at it again, then decide."
    assert panel.message.text() == said
    assert panel.comment.text() == "typical"
    qtbot.waitUntil(lambda: session.state_of(opened[0]) is not None and desk.history(opened[0]) == ())
    qtbot.waitUntil(lambda: not desk.writing)
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    assert log.latest(identify(opened[1]).sha256).comment == "typical"


def test_a_changed_file_is_not_recorded_where_only_a_scan_has_answered(
    qtbot, session, log, desk, panel, opened
):
    session._answers.states.clear()
    replaced_unnoticed(qtbot, session, opened)
    with qtbot.waitSignals([desk.failed, session.file_changed]):
        panel.accept()
    assert log.head()[0] == 0
    qtbot.waitUntil(lambda: desk.history(opened[0]) == () and not session.file_jobs.busy)
    qtbot.waitUntil(lambda: not session.is_pending(opened[0]))


def test_what_is_on_record_goes_with_the_content_when_a_file_is_replaced(
    qtbot, session, log, desk, panel, opened
):
    session.settings.update(reviewer="Ann")
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    replaced_unnoticed(qtbot, session, opened)
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    qtbot.waitUntil(lambda: desk.history(opened[0]) == ())
    assert "Nothing is on record" in panel.record_text.text()
    qtbot.waitUntil(lambda: not session.is_pending(opened[0]))


def test_before_an_image_was_read_nothing_is_recorded_about_it(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    session.file_changed.emit(opened[0])
    session._answers.states.clear()
    panel.accept()
    assert "still being read" in panel.message.text()
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    assert log.head()[0] == 0


def test_a_review_of_what_was_replaced_is_not_written_when_the_window_closes(
    qtbot, session, log, desk, panel, opened
):
    hold, started = threading.Event(), threading.Event()

    def long_work(_ctx):
        started.set()
        hold.wait(20)

    session.settings.update(reviewer="Ann")
    session.file_jobs.submit(long_work, rank=-100)
    assert started.wait(20)
    session._answers.states[opened[0]] = FileState(1, 1)  # it was shown after it was looked up
    panel.accept()
    assert not desk.shutdown(within_s=0.05)
    assert log.head()[0] == 0
    hold.set()
    qtbot.waitUntil(lambda: not session.file_jobs.busy)


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


# --- blinded -----------------------------------------------------------------------------------------


@pytest.fixture
def blinded(settings):
    """From the start: nobody has seen an answer."""
    settings.update(blinded=True)


def test_a_blinded_reviewer_decides_first_and_then_sees_the_answer(
    qtbot, session, log, desk, blinded, panel, opened
):
    panel.reviewer.setText("Ann")
    assert panel.blinded.isChecked()
    assert desk.blinding.hidden(opened[0])
    assert panel.first.text() == "Your call first"
    assert not panel.accept_button.isVisible()
    assert panel.first_button.isVisible()
    panel.accept_or_read_first()
    assert "Choose a class" in panel.message.text()
    choose(panel, OTHER)
    changed = []
    desk.blinding.changed.connect(lambda: changed.append(True))
    with qtbot.waitSignal(desk.recorded):
        panel.first_button.click()
    assert changed
    assert not desk.blinding.hidden(opened[0])
    assert desk.blinding.hidden(opened[1])
    assert panel.accept_button.isVisible()
    assert log.history(identify(opened[0]).sha256)[0].action == Action.FIRST_READ
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    assert len(log.history(identify(opened[0]).sha256)) == 2


def first_read_of(qtbot, panel, desk, log, path):
    """What is written down when a class is recorded, the answer hidden."""
    choose(panel, OTHER)
    with qtbot.waitSignal(desk.recorded):
        panel.read_first()
    return log.history(identify(path).sha256)[-1].action


def test_who_has_seen_the_answer_reads_no_longer_blinded(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    panel.blinded.click()
    assert session.settings.current.blinded
    assert desk.blinding.hidden(opened[0])
    assert "seen this answer before" in panel.record_text.text()
    assert first_read_of(qtbot, panel, desk, log, opened[0]) == Action.REREAD
    assert "seen before" in panel.history.text()
    # The browser named it under the thumbnail.
    look_at(qtbot, session, desk, opened[3])
    assert first_read_of(qtbot, panel, desk, log, opened[3]) == Action.REREAD


def test_what_another_reviewer_was_told_does_not_count_what_nobody_by_name_was_told_does(
    qtbot, session, desk, blinded, panel, opened
):
    session.settings.update(reviewer="Bob", blinded=False)
    session.settings.update(reviewer="Ann", blinded=True)
    assert not desk.seen.by_reviewer(opened[0])
    assert "when you have decided" in panel.record_text.text()
    session.settings.update(reviewer="Bob")
    assert desk.seen.by_reviewer(opened[0])
    session.settings.update(reviewer="", blinded=False)
    session.settings.update(reviewer="Ann", blinded=True)
    assert desk.seen.by_reviewer(opened[0])


def test_the_answer_for_a_file_that_was_replaced_has_not_been_seen(qtbot, session, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    panel.blinded.click()
    replaced_unnoticed(qtbot, session, opened)
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    qtbot.waitUntil(lambda: session.record(opened[0]) is not None and desk.history(opened[0]) == ())
    assert not desk.seen.by_reviewer(opened[0])
    assert desk.seen.by_reviewer(opened[1])


def test_a_file_that_was_only_touched_or_renamed_is_still_the_image_that_was_seen(
    qtbot, session, desk, panel, opened
):
    session.settings.update(reviewer="Ann")
    panel.blinded.click()
    os.utime(opened[0], ns=(1, 1))
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    qtbot.waitUntil(lambda: session.record(opened[0]) is not None and desk.history(opened[0]) == ())
    assert desk.seen.by_reviewer(opened[0])
    renamed = opened[0].rename(opened[0].with_name("another.jpg"))
    open_folder(qtbot, session, renamed.parent)
    look_at(qtbot, session, desk, renamed)
    qtbot.waitUntil(lambda: desk.seen.by_reviewer(renamed))


def test_a_copy_of_what_was_only_named_under_its_thumbnail_counts_as_seen(
    qtbot, session, log, desk, panel, opened, tmp_path
):
    """Nobody looked at the first file, so that its content was never asked for."""
    session.settings.update(reviewer="Ann")
    qtbot.waitUntil(lambda: session.record(opened[3]) is not None)
    panel.blinded.click()
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "copy.jpg"
    copy.write_bytes(opened[3].read_bytes())
    open_folder(qtbot, session, copy.parent)
    look_at(qtbot, session, desk, copy)
    assert first_read_of(qtbot, panel, desk, log, copy) == Action.REREAD


def test_who_gave_a_class_before_has_seen_the_answer(qtbot, session, log, desk, blinded, panel, opened):
    """Also where that is not known when the class is given: another window may have written it."""
    session.settings.update(reviewer="Ann")
    log.append(of_file(opened[0], Action.OVERRIDE, OTHER, "Ann"))
    assert first_read_of(qtbot, panel, desk, log, opened[0]) == Action.REREAD


def of_file(path, action, chosen, reviewer):
    return draft_review(identify(path), None, reviewer, action, chosen)


def test_a_blinded_reviewer_sees_nothing_of_earlier_reviews(qtbot, session, log, desk, panel, opened):
    log.append(of_file(opened[1], Action.OVERRIDE, OTHER, "Bob"))
    session.settings.update(reviewer="Ann", blinded=True)
    look_at(qtbot, session, desk, opened[1])
    assert desk.blinding.hidden(opened[1])
    assert "Bob" not in panel.record_text.text() + panel.history.text()
    assert not panel.history_section.isVisible()
    session.settings.update(reviewer="Bob")
    assert not desk.blinding.hidden(opened[1])
    assert "Bob" in panel.record_text.text()


def test_another_reviewers_class_does_not_lift_the_blinding(settings, qtbot):
    entries = (entry(reviewer="Bob"), entry(reviewer="Ann", action=Action.COMMENT, chosen="", comment="x"))
    blinding = Blinding(settings, lambda path: entries)
    heard = []
    blinding.changed.connect(lambda: heard.append(True))
    assert not blinding.hidden(Path("a"))
    settings.update(reviewer="Ann", blinded=True)
    assert blinding.hidden(Path("a"))
    assert not blinding.hidden(None)
    settings.update(reviewer="Bob")
    assert not blinding.hidden(Path("a"))
    settings.update(opacity=0.3)
    assert len(heard) == 2
    blinding.set_on(False)
    assert not blinding.on


def entry(**values):
    return sealed(draft(**values), 1, "2025-01-31T10:00:00+00:00", FIRST_PREVIOUS)


def test_images_that_were_read_before_are_found_when_the_mode_is_switched_on(
    qtbot, session, log, desk, panel, opened
):
    session.settings.update(reviewer="Ann")
    for path in (opened[2], opened[7]):
        log.append(of_file(path, Action.FIRST_READ, OTHER, "Ann"))
    open_folder(qtbot, session, opened[0].parent)
    session.settings.update(blinded=True)
    qtbot.waitUntil(lambda: not desk.blinding.hidden(opened[2]) and not desk.blinding.hidden(opened[7]))
    assert desk.blinding.hidden(opened[4])
    qtbot.waitUntil(lambda: not session.file_jobs.busy)


# --- the log itself ----------------------------------------------------------------------------------


def test_a_damaged_log_is_told_with_the_entry_and_put_aside(qtbot, session, log, pictures):
    for number in range(3):
        log.append(draft(str(number)))
    tamper(log.path, "UPDATE entries SET comment = 'x' WHERE number = 2")
    told = []
    session.noticed.connect(told.append)
    desk = ReviewDesk(session, log)
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: any("Entry 2" in notice.text for notice in told))
    assert any("reviews-damaged-" in notice.text for notice in told)
    assert log.verify() is None
    assert log.history(digest("0"))
    desk.shutdown()


def test_a_review_that_waits_is_written_when_the_window_closes(qtbot, session, log, desk, panel, opened):
    hold, started = threading.Event(), threading.Event()

    def long_work(_ctx):
        started.set()
        hold.wait(20)

    session.file_jobs.submit(long_work, rank=-100)
    assert started.wait(20)
    panel.reviewer.setText("Ann")
    panel.accept()
    assert log.head()[0] == 0
    opened[0].unlink()  # nothing is read now: a large slide, or a drive that is gone, would hold the window
    assert desk.shutdown()
    assert log.head()[0] == 1
    hold.set()
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    assert log.head()[0] == 1


def test_a_review_that_is_being_written_is_waited_for(qtbot, session, log, desk, panel, opened, slow):
    session.settings.update(reviewer="Ann")
    panel.accept()
    assert slow.begun.wait(20)
    waiting = threading.Timer(0.2, slow.set)
    waiting.start()
    assert desk.shutdown()
    waiting.join()
    assert log.head()[0] == 1
    assert not session.settings.current.review_in_doubt


def test_a_review_that_may_be_lost_is_told_at_the_next_start(qtbot, session, log, desk, panel, opened, slow):
    session.settings.update(reviewer="Ann")
    panel.accept()
    assert slow.begun.wait(20)
    assert not desk.shutdown(within_s=0.05)
    slow.set()
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    told = []
    session.noticed.connect(lambda notice: told.append(notice.text))
    session.select(opened[1])
    next_start = ReviewDesk(session, log)
    assert "may not have been written down" in told[0]
    next_start.shutdown()
    again = ReviewDesk(session, log)
    again.shutdown()
    assert len(told) == 1


def test_an_error_at_the_end_is_noted_in_the_log_of_the_program(
    qtbot, session, log, desk, panel, opened, monkeypatch, caplog
):
    hold, started = threading.Event(), threading.Event()

    def long_work(_ctx):
        started.set()
        hold.wait(20)

    def full(_draft):
        raise OutputUnwritable("The review log could not be used (disk full).", hint="Not recorded.")

    monkeypatch.setattr(log, "append", full)
    session.file_jobs.submit(long_work, rank=-100)
    assert started.wait(20)
    session.settings.update(reviewer="Ann")
    panel.accept()
    assert not desk.shutdown()
    hold.set()
    assert "OutputUnwritable" in caplog.text
    assert str(opened[0].parent) not in caplog.text
    assert session.settings.current.review_in_doubt
    qtbot.waitUntil(lambda: not session.file_jobs.busy)


def test_nothing_of_a_files_name_or_place_is_kept(qtbot, session, log, desk, panel, opened):
    named = opened[0].with_name("CANARY Smith 1950.jpg")
    opened[0].rename(named)
    open_folder(qtbot, session, named.parent)
    look_at(qtbot, session, desk, named)
    panel.reviewer.setText("Ann")
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    kept = b"".join(path.read_bytes() for path in log.path.parent.iterdir())
    assert b"Ann" in kept
    assert b"CANARY" not in kept
    assert named.parent.name.encode() not in kept


def test_entries_are_put_in_words(qtbot):
    made = entry(action=Action.OVERRIDE, chosen=OTHER, comment="crush", reviewer="Ann")
    line = entry_line(made, None)
    for said in ("Overridden", "cannot tell", "Ann", "lung 1.0.0", "“crush”"):
        assert said in line
    assert "answer not shown since the program was started" in entry_line(
        entry(action=Action.FIRST_READ), None
    )
    assert "seen before" in entry_line(entry(action=Action.REREAD), None)
    assert "Nothing" in standing((), None)
    assert "Looking" in standing(None, None)


def test_a_second_decision_says_what_it_changed(qtbot, session, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    call = session.record(opened[0]).predicted_class
    other = next(c for c in session.spec.class_ids if c != call)
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    assert "Changed" not in panel.history.text()
    choose(panel, other)
    with qtbot.waitSignal(desk.recorded):
        panel.override()
    first, second = (session.spec.class_by_id(c).label for c in (call, other))
    newest, oldest = panel.history.text().split("\n\n")
    assert f"Changed from {first} to {second}, overriding the call." in newest
    assert oldest.startswith(f"1. Accepted: {first}.")


def test_dates_are_written_as_in_reports(qtbot):
    local = datetime.fromisoformat("2025-01-31T10:00:00+00:00").astimezone()
    assert f"Ann, {local:%Y-%m-%d %H:%M}." in entry_line(entry(reviewer="Ann"), None)

"""The log of reviews: damage, the window that closes, words."""

import threading
from datetime import datetime

from lungviewer.core.errors import OutputUnwritable
from lungviewer.store.review_entry import OTHER, Action
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.review_words import entry_line, standing
from tests.fixtures.review_panels import choose, entry, look_at
from tests.fixtures.reviewing import digest, draft, tamper
from tests.fixtures.windows import open_folder


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

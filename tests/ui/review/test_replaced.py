"""Files that are replaced under a reviewer's eyes."""

import threading

from lungviewer.services.file_state import FileState
from lungviewer.services.reviewing import identify
from tests.fixtures.review_panels import look_at, replaced_unnoticed


def test_a_file_replaced_under_the_same_name_has_no_review(qtbot, session, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    opened[0].write_bytes(opened[1].read_bytes())
    look_at(qtbot, session, desk, opened[1])
    session.select(opened[0])
    qtbot.waitUntil(lambda: desk.history(opened[0]) == ())
    assert "Nothing is on record" in panel.record_text.text()


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

"""Answers for a CT series in the window: they grow, stop, go on, and notice what changes."""

from lungviewer.core.types import Status
from lungviewer.ui.panels.shown import shown
from tests.fixtures.series_windows import chest, complete, finished, opened


def test_the_slice_that_is_looked_at_is_first_and_answers_grow(qtbot, session, answers, folder):
    answers.stop_at = 3
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: session.result() is not None and len(session.result().series.calls) == 3)
    assert answers.asked == [(4, 0)]
    assert session.is_pending(session.current)
    assert session.record(session.current).tiles == 3
    assert not complete(session)


def test_leaving_a_series_stops_its_answer_and_coming_back_goes_on(qtbot, session, answers, folder, tmp_path):
    chest(folder, 4, "other", 9)
    answers.stop_at = 3
    opened(qtbot, session, folder)
    first, other = session.files
    qtbot.waitUntil(lambda: session.result() is not None and len(session.result().series.calls) == 3)
    session.select(other)
    assert not session.is_pending(first)
    answers.stop_at = None
    finished(qtbot, session)
    session.select(first)
    assert session.slice.index == 4
    finished(qtbot, session)
    assert answers.asked[-1] == (4, 3)
    session.select(other)
    session.select(first)
    assert not session.is_pending(first)


def test_series_that_nobody_looks_at_are_left_alone(qtbot, session, answers, folder):
    chest(folder, 4, "other", 9)
    opened(qtbot, session, folder)
    finished(qtbot, session)
    qtbot.waitUntil(lambda: session.is_left_alone(session.files[1]))
    assert session.record(session.files[1]) is None
    assert len(answers.asked) == 1


def test_a_slice_that_goes_is_noticed_and_the_series_asked_again(qtbot, session, answers, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session)
    session.opened.files_of(session.current)[5].unlink()
    with qtbot.waitSignal(session.file_changed, timeout=20_000):
        session.look_again()
    finished(qtbot, session)
    assert answers.asked[-1] == (4, 0)


def test_rows_of_slices_from_a_scan_say_nothing_of_the_series(qtbot, session, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session)
    before = session.record(session.current)
    names = [path.name for path in session.opened.files_of(session.current)]
    rows = [shown(session).record.__class__(name, "ct", Status.OK, backend="fake") for name in names]
    session.take_records(session.folder, rows)
    assert session.record(session.current) is before

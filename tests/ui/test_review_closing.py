"""Closing the window while a review is being written: it is said, waited for, and never lost in silence."""

import threading

import pytest
from PySide6.QtCore import QTimer

from lungviewer.core.errors import OutputUnwritable
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.panels.review_wait import ReviewWait
from tests.fixtures.windows import open_folder


@pytest.fixture
def window(qtbot, settings, session, pictures):
    settings.update(reviewer="Ann", notice_seen=True)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.load_model()
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: window.desk.history(session.current) == ())
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    yield window
    window.close()


@pytest.fixture
def held(window, monkeypatch):
    """Holds the entry on its way to the disk; `broken` instead of a call lets it fail."""
    log = window.desk.log
    gate, append = threading.Event(), log.append
    gate.broken = False

    def slow(draft):
        gate.wait(20)
        if gate.broken:
            raise OutputUnwritable("The review log could not be used (disk full).", hint="Not recorded.")
        return append(draft)

    monkeypatch.setattr(log, "append", slow)
    yield gate
    gate.set()


def while_waiting(window, do):
    """Close the window; `do` is called with the box that says what is waited for. Whether it closed."""
    seen = []

    def look():
        box = window.findChild(ReviewWait)
        if box is None or not box.isVisible():
            QTimer.singleShot(10, look)
            return
        seen.append(box.text())
        do(box)

    QTimer.singleShot(10, look)
    closed = window.close()
    assert len(seen) == 1
    assert "still being written" in seen[0]
    return closed


def test_the_window_closes_when_the_review_is_on_the_disk(window, held):
    window.review.accept()
    assert while_waiting(window, lambda box: held.set())
    assert window.desk.log.head()[0] == 1
    assert window.ended


def test_a_person_can_stay(qtbot, window, held):
    window.review.accept()
    assert not while_waiting(window, lambda box: box.stay_button.click())
    assert window.isVisible()
    held.set()
    qtbot.waitUntil(lambda: not window.desk.writing)
    assert window.desk.log.head()[0] == 1


def test_a_person_can_leave_without_waiting(window, held, session):
    window.review.accept()
    assert while_waiting(window, lambda box: box.quit_button.click())
    assert not window.desk.writing
    held.set()


def test_the_window_stays_when_the_review_could_not_be_written(window, held):
    held.broken = True
    window.review.accept()
    assert not while_waiting(window, lambda box: held.set())
    assert window.isVisible()
    assert "disk full" in window.review.message.text()


def test_nothing_is_asked_when_nothing_is_written(window):
    assert window.close()
    assert window.findChild(ReviewWait) is None

"""Threads whose callers do not wait for ever."""

import threading

import pytest

from lungviewer.core.errors import Cancelled, DecodeTimeout, ImageCorrupt, UnexpectedFailure
from lungviewer.readers.leavable import LeavableThreads


@pytest.fixture
def threads():
    threads = LeavableThreads("patient")
    yield threads
    threads.close()


@pytest.fixture
def gate():
    """Closed until the end of the test."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_work_is_done_in_one_thread_after_the_other_caller(threads):
    seen = {threads.do(threading.get_ident, 20, "") for _ in range(20)}
    assert len(seen) == 1
    assert threading.get_ident() not in seen


def test_what_work_raises_reaches_its_caller_and_the_thread_goes_on(threads):
    before = threads.do(threading.get_ident, 20, "")

    def damaged():
        raise ImageCorrupt("It is damaged.")

    with pytest.raises(ImageCorrupt, match="It is damaged"):
        threads.do(damaged, 20, "")
    assert threads.do(threading.get_ident, 20, "") == before


def test_a_mistake_ends_its_thread_and_nobody_waits_for_it(threads, monkeypatch):
    told, ended = [], []
    monkeypatch.setattr(threading, "excepthook", lambda said: told.append(said.exc_type))

    def mistake():
        ended.append(threading.current_thread())
        raise IndexError

    with pytest.raises(UnexpectedFailure):
        threads.do(mistake, 20, "")
    ended[0].join(20)
    assert told == [IndexError]
    assert threads.do(lambda: 3, 20, "") == 3


def test_what_hangs_is_left_and_others_go_on(threads, gate):
    with pytest.raises(DecodeTimeout, match=r"A slice was not read within 0\.1 seconds\."):
        threads.do(gate.wait, 0.1, "A slice was not read")
    assert threads.do(lambda: 3, 20, "") == 3


def test_closing_frees_who_waits(threads, gate):
    said, begun = [], threading.Event()

    def hang():
        begun.set()
        return gate.wait()

    def ask():
        try:
            threads.do(hang, 60, "")
        except Cancelled:
            said.append("cancelled")

    asking = threading.Thread(target=ask)
    asking.start()
    assert begun.wait(20)
    assert threads.close()
    asking.join()
    assert said == ["cancelled"]
    with pytest.raises(Cancelled):
        threads.do(lambda: 3, 20, "")
    assert not threads.close()


def test_a_thread_that_was_left_ends_or_serves_again_when_its_work_is_done(threads):
    gate, left = threading.Event(), []

    def hang():
        left.append(threading.current_thread())
        gate.wait()

    with pytest.raises(DecodeTimeout):
        threads.do(hang, 0.1, "")
    threads.close()
    gate.set()
    left[0].join(20)
    assert not left[0].is_alive()

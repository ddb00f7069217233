"""Jobs: plain functions off the GUI thread, their words in it."""

import sys
import threading

import pytest
from PySide6.QtCore import QObject

from lungviewer.core.errors import ImageTruncated, UnexpectedFailure
from lungviewer.ui.jobs import JobRunner


@pytest.fixture
def runner(qapp):
    runner = JobRunner("test")
    yield runner
    assert runner.close()


class Heard:
    """What a job's handle said, in order, and in which thread."""

    def __init__(self, job):
        self.words, self.threads = [], set()
        for name in ("progressed", "partial", "finished", "failed"):
            getattr(job, name).connect(lambda value, name=name: self._note(name, value))
        job.cancelled.connect(lambda: self._note("cancelled", None))
        job.ended.connect(lambda: self._note("ended", None))

    def _note(self, name, value):
        self.words.append((name, value))
        self.threads.add(threading.get_ident())

    @property
    def names(self):
        return [name for name, _ in self.words]


def test_a_job_runs_elsewhere_and_answers_here(qtbot, runner):
    job = runner.submit(lambda ctx: threading.get_ident())
    heard = Heard(job)
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert heard.names == ["finished", "ended"]
    assert heard.words[0][1] != threading.get_ident()
    assert heard.threads == {threading.get_ident()}


def test_large_numbers_and_odd_keys_arrive_whole(qtbot, runner):
    heard = Heard(runner.submit(lambda ctx: {1: 2**40, (1, 2): "x"}))
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert heard.words[0] == ("finished", {1: 2**40, (1, 2): "x"})


def test_a_failure_of_ours_arrives_as_itself_and_a_mistake_as_a_sentence(qtbot, runner):
    def ours(ctx):
        raise ImageTruncated("The picture ends early.")

    def mistake(ctx):
        return {}["no such key"]

    heard = [Heard(runner.submit(ours)), Heard(runner.submit(mistake))]
    qtbot.waitUntil(lambda: all("ended" in h.names for h in heard))
    assert isinstance(heard[0].words[0][1], ImageTruncated)
    assert isinstance(heard[1].words[0][1], UnexpectedFailure)
    assert "no such key" not in heard[1].words[0][1].sentence


def test_the_thread_survives_a_mistake(qtbot, runner):
    runner.submit(lambda ctx: 1 / 0)
    heard = Heard(runner.submit(lambda ctx: "still here"))
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert heard.words[0] == ("finished", "still here")


def test_urgent_jobs_go_first(qtbot, runner):
    gate, order = threading.Event(), []
    runner.submit(lambda ctx: gate.wait(10))
    last = Heard(runner.submit(lambda ctx: order.append("later"), rank=10))
    runner.submit(lambda ctx: order.append("soon"))
    runner.submit(lambda ctx: order.append("now"), rank=-10)
    gate.set()
    qtbot.waitUntil(lambda: "ended" in last.names)
    assert order == ["now", "soon", "later"]


def test_cancel_is_seen_at_the_next_check(qtbot, runner):
    started = threading.Event()

    def loop(ctx):
        while True:
            started.set()
            ctx.check()

    job = runner.submit(loop)
    heard = Heard(job)
    assert started.wait(10)
    job.cancel()
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert heard.names == ["cancelled", "ended"]


def test_a_waiting_job_that_is_cancelled_never_starts(qtbot, runner):
    gate, ran = threading.Event(), []
    runner.submit(lambda ctx: gate.wait(10))
    job = runner.submit(lambda ctx: ran.append(1))
    heard = Heard(job)
    job.cancel()
    gate.set()
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert heard.names == ["cancelled", "ended"]
    assert ran == []


def test_nothing_is_heard_of_an_abandoned_job(qtbot, runner):
    gate = threading.Event()

    def work(ctx):
        ctx.partial("early")
        gate.wait(10)
        ctx.partial("late")
        return "late"

    job = runner.submit(work)
    heard = Heard(job)
    qtbot.waitUntil(lambda: heard.names == ["partial"])
    job.abandon()
    gate.set()
    after = Heard(runner.submit(lambda ctx: None))
    qtbot.waitUntil(lambda: "ended" in after.names)
    assert heard.names == ["partial"]


def test_a_paused_job_holds_at_the_next_check_and_goes_on(qtbot, runner):
    steps = []

    def loop(ctx):
        for i in range(10_000_000):
            ctx.check()
            steps.append(i)

    job = runner.submit(loop)
    heard = Heard(job)
    qtbot.waitUntil(lambda: len(steps) > 3)
    job.pause(True)
    qtbot.wait(30)  # whatever was past its check when the pause came
    held = len(steps)
    qtbot.wait(50)
    assert job.paused
    assert len(steps) == held
    job.pause(False)
    qtbot.waitUntil(lambda: len(steps) > held)
    job.pause(True)
    job.cancel()  # a paused job can be cancelled
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert heard.names == ["cancelled", "ended"]


def test_what_a_job_opened_is_closed_in_its_thread(qtbot):
    runner, threads = JobRunner("test"), []
    runner.at_close(lambda: threads.append(threading.get_ident()))
    heard = Heard(runner.submit(lambda ctx: threading.get_ident()))
    qtbot.waitUntil(lambda: "ended" in heard.names)
    assert runner.close()
    assert threads == [heard.words[0][1]]


def test_progress_is_thinned_but_the_last_step_arrives(qtbot, runner):
    def work(ctx):
        for i in range(2000):
            ctx.progress(i + 1, 2000, "step")

    heard = Heard(runner.submit(work))
    qtbot.waitUntil(lambda: "ended" in heard.names)
    steps = [value for name, value in heard.words if name == "progressed"]
    assert len(steps) < 200
    assert (steps[-1].done, steps[-1].total) == (2000, 2000)


def test_emitting_costs_nobody_a_reference(qapp):
    """PySide6 6.12.0 gave True away with every emit, which kills Python 3.11 after a few hundred."""
    thing = QObject()
    before = sys.getrefcount(True)
    for _ in range(200):
        thing.objectNameChanged.emit("name")
    assert sys.getrefcount(True) > before - 100

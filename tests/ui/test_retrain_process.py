"""The training process as the window sees it: obedient, deaf, dying, noisy, missing."""

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess

from lungviewer.services import training_process
from lungviewer.ui.retrain import process as process_module
from lungviewer.ui.retrain.process import TrainingProcess
from tests.fixtures import fake_training
from tests.fixtures.packs import tiny_pack

FAKE = Path(fake_training.__file__)


class Heard:
    """What a process said, in order."""

    def __init__(self, process):
        self.words = []
        for name in ("progressed", "epoch", "noted", "logged", "done", "failed"):
            getattr(process, name).connect(lambda value, name=name: self.words.append((name, value)))
        process.stopped.connect(lambda: self.words.append(("stopped", None)))

    def of(self, name):
        return [value for kind, value in self.words if kind == name]

    @property
    def ends(self):
        return [kind for kind, _ in self.words if kind in ("done", "failed", "stopped")]


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Call with a mode: from then on every training is that of the fake program."""
    monkeypatch.setenv("FAKE_PACK", str(tiny_pack(tmp_path / "fake-pack")))

    def use(mode):
        def command(arguments):
            return [sys.executable, str(FAKE), mode, *arguments]

        monkeypatch.setattr(process_module, "training_command", command)

    return use


@pytest.fixture
def process(qapp):
    process = TrainingProcess(kill_after_ms=300)
    yield process
    process.shutdown()
    process.deleteLater()


def fit(tmp_path):
    return ["fit", "--out", str(tmp_path)]


def test_a_training_tells_its_steps_epochs_notes_and_end(qtbot, process, fake, tmp_path):
    fake("good")
    heard = Heard(process)
    process.start(fit(tmp_path))
    assert process.running
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.ends == ["done"]
    assert [e.epoch for e in heard.of("epoch")] == [1, 2, 3]
    assert heard.of("progressed")[-1].done == 3
    assert heard.of("noted")[0].level == "warning"
    assert heard.of("done")[0].values["pack"].endswith("pack")
    assert not process.running


def test_rubbish_between_the_events_is_logged_or_dropped_and_harms_nothing(qtbot, process, fake, tmp_path):
    fake("noisy")
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.ends == ["done"]
    assert "something of a library" in heard.of("logged")
    assert not any("oneDNN" in text for text in heard.of("logged"))
    assert all(len(text) < 3_000 for text in heard.of("logged"))


def test_a_training_that_is_asked_to_stop_stops(qtbot, process, fake, tmp_path):
    fake("patient")
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: len(heard.of("epoch")) == 3, timeout=20_000)
    process.cancel()
    process.cancel()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.ends == ["stopped"]


def test_a_training_that_does_not_listen_is_killed(qtbot, process, fake, tmp_path):
    fake("deaf")
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: len(heard.of("epoch")) == 3, timeout=20_000)
    process.cancel()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.ends == ["stopped"]
    assert not process.running


def test_a_death_is_told_with_exit_code_and_last_words(qtbot, process, fake, tmp_path):
    fake("dies")
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.ends == ["failed"]
    sentence = heard.of("failed")[0].sentence
    assert "exit code 9" in sentence
    assert "Killed by the memory watch" in sentence


def test_a_failure_is_told_in_the_words_of_the_training(qtbot, process, fake, tmp_path):
    fake("fails")
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.of("failed")[0].sentence == "The class benign has 2 groups. Add images."


def test_a_missing_training_part_is_told_at_once(process, monkeypatch, tmp_path):
    monkeypatch.setattr(training_process, "find_spec", lambda name: None)
    heard = Heard(process)
    process.start(fit(tmp_path))
    assert heard.ends == ["failed"]
    assert "[training]" in heard.of("failed")[0].sentence
    assert not process.running


def test_a_program_that_cannot_be_started_is_told(qtbot, process, monkeypatch, tmp_path):
    monkeypatch.setattr(process_module, "training_command", lambda arguments: [str(tmp_path / "gone")])
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert "could not be started" in heard.of("failed")[0].sentence
    assert not process.running


@pytest.mark.parametrize("mode", ["patient", "deaf"])
def test_shutdown_leaves_no_process_and_says_no_more(qtbot, fake, tmp_path, mode):
    fake(mode)
    process = TrainingProcess()
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: len(heard.of("epoch")) == 3, timeout=20_000)
    child = process.findChild(QProcess)
    process.shutdown(wait_ms=500)
    assert child.state() == QProcess.ProcessState.NotRunning
    assert heard.ends == []
    process.deleteLater()


@pytest.mark.skipif(os.name == "nt", reason="niceness is of POSIX")
def test_a_training_yields_to_every_other_program(qtbot, process, fake, tmp_path):
    fake("patient")
    heard = Heard(process)
    process.start(fit(tmp_path))
    qtbot.waitUntil(lambda: len(heard.of("epoch")) == 3, timeout=20_000)
    child = process.findChild(QProcess).processId()
    assert os.getpriority(os.PRIO_PROCESS, child) >= 10
    process.cancel()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)

"""Quick adaptation of the pack that ships, from the window, by the real training; and how that stops."""

import json
import subprocess

import pytest
from PySide6.QtWidgets import QLabel

from lungviewer.core.paths import bundled, user_packs_dir
from lungviewer.core.types import Status
from lungviewer.packs.store import find_packs
from lungviewer.services.opening import EngineKeeper
from lungviewer.services.training_process import training_command, training_environment
from lungviewer.ui.retrain.window import RetrainWindow
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.words import reason_sentence
from tests.fixtures.colour_data import write_colour_data

pytest.importorskip("sklearn", reason="needs the training extra")

PACK = bundled("models") / "lung-histology-mobilenetv2"


@pytest.fixture
def drawn(tmp_path):
    """Three classes of nine drawn tiles each, no two alike."""
    return write_colour_data(tmp_path / "drawn", groups=9, copies=1)


def test_quick_adaptation_from_folder_to_answer(qtbot, settings, drawn):
    session = ViewerSession(settings, keeper=EngineKeeper())
    window = RetrainWindow(session)
    qtbot.addWidget(window)
    window.show()
    controller = window.controller
    window.data.folder.take(drawn)
    qtbot.waitUntil(window.forward.isEnabled, timeout=30_000)
    window.forward.click()
    qtbot.waitUntil(lambda: controller.audit is not None or controller.error is not None, timeout=120_000)
    assert controller.error is None
    assert [(c.images, c.groups) for c in controller.audit.classes] == [(9, 9)] * 3
    window.forward.click()
    window.kind.epochs.setValue(3)
    window.forward.click()
    qtbot.waitUntil(lambda: not controller.busy, timeout=300_000)
    assert controller.error is None, controller.error.sentence
    result = controller.result
    assert window.page is window.result
    assert [epoch.epoch for epoch in controller.epochs] == [1, 2, 3]
    assert result.parent.startswith("lung-histology-mobilenetv2@")
    assert result.images > 0
    assert all(row.new is not None and row.parent is not None for row in result.rows if row.key == "accuracy")
    assert result.gate.passes is False  # drawn tiles pass no gate, and the window says which rows fail
    assert result.gate.failing
    assert result.spec.standing_doubts == ("aim_not_met",)
    assert reason_sentence("aim_not_met") in [label.text() for label in window.result.findChildren(QLabel)]
    assert {name for name, _ in controller.plots} >= {"confusion", "reliability"}
    window.result.use.click()
    with qtbot.waitSignal(controller.used, timeout=60_000):
        window.result.question.yes.click()
    assert [e.name for e in find_packs([user_packs_dir()])] == ["lung-histology-mobilenetv2-adapted@0.1.0"]
    picture = drawn / "lung_scc" / "00_0.png"
    with qtbot.waitSignal(session.files_changed, timeout=20_000):
        session.open_paths([picture])
    qtbot.waitUntil(lambda: session.record(picture) is not None, timeout=60_000)
    assert session.record(picture).model == "lung-histology-mobilenetv2-adapted"
    assert session.record(picture).status is not Status.OK, "a few groups show no aim"
    window.shutdown()
    window.close()
    assert session.close()


def test_a_training_stops_when_the_program_that_started_it_is_gone(drawn, tmp_path):
    """The end of a program closes the pipe, however it ends."""
    arguments = ["fit", "--from-pack", str(PACK), "--head-only", "--data", str(drawn), "--id", "orphan"]
    arguments += ["--out", str(tmp_path / "run"), "--epochs", "2", "--json-lines", "--stop-on-stdin"]
    child = subprocess.Popen(
        training_command(arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=training_environment(),
        text=True,
    )
    with child:
        events = (json.loads(line) for line in child.stdout)
        assert any(event["event"] == "epoch" for event in events)
        child.stdin.close()
        last = [json.loads(line) for line in child.stdout][-1]
        assert child.wait(timeout=120) == 130
    assert (last["event"], last["code"]) == ("error", "cancelled")
    assert not (tmp_path / "run" / "pack").exists()

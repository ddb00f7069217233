"""T13 without a clock: the window goes on living while a scan runs. How long it may be late is measured by
benchmarks/window_heartbeat.py, because machines differ."""

import time

import pytest

from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.state import BatchOptions
from lungviewer.ui.batch.window import ScanWindow
from tests.fixtures.batch import Gate, preview, wait_over
from tests.fixtures.heartbeat import Heartbeat
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import FakeKeeper, open_folder


@pytest.fixture
def heartbeat(qapp):
    heartbeat = Heartbeat()
    yield heartbeat
    heartbeat.stop()


@pytest.fixture
def folder(tmp_path):
    draw_images(tmp_path / "in", 120, every_bad=11)
    return tmp_path / "in"


@pytest.fixture
def controller(session):
    controller = ScanController(session, keeper=FakeKeeper())
    yield controller
    assert controller.shutdown()


def test_a_heartbeat_notes_how_long_the_thread_was_held(qtbot, heartbeat):
    heartbeat.start()
    qtbot.waitUntil(lambda: len(heartbeat.times) > 3)
    before = len(heartbeat.times)
    held_until = time.perf_counter() + 0.05
    while time.perf_counter() < held_until:
        pass
    qtbot.waitUntil(lambda: len(heartbeat.times) > before)
    assert max(heartbeat.stop()) >= 50


def test_the_window_lives_between_any_two_blocks_of_rows(
    qtbot, controller, session, heartbeat, folder, tmp_path
):
    window = ScanWindow(controller, session)
    qtbot.addWidget(window)
    window.show()
    arrived = []
    controller.rows_arrived.connect(lambda rows: arrived.append(time.perf_counter()))
    preview(qtbot, controller, folder)
    heartbeat.start()
    controller.start(tmp_path / "report.csv", BatchOptions())
    wait_over(qtbot, controller)
    heartbeat.stop()
    assert len(controller.rows) == 120
    assert len(arrived) >= 1
    assert all(beats >= 1 for beats in heartbeat.beats_between(arrived))


def test_the_window_lives_while_a_folder_is_listed_and_its_images_are_answered(
    qtbot, session, heartbeat, folder
):
    seen = []
    session.outcome_changed.connect(lambda path: seen.append(len(heartbeat.times)))
    heartbeat.start()
    open_folder(qtbot, session, folder)
    heartbeat.stop()
    assert seen[-1] > seen[0]


def test_a_stop_is_shown_before_the_scan_has_stopped(
    qtbot, controller, session, heartbeat, folder, tmp_path, monkeypatch
):
    held = Gate(monkeypatch, 20)
    window = ScanWindow(controller, session)
    qtbot.addWidget(window)
    window.show()
    preview(qtbot, controller, folder)
    controller.start(tmp_path / "report.csv", BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 5)
    heartbeat.start()
    controller.cancel()
    assert "stopping" in window.running._words.text()
    qtbot.waitUntil(lambda: len(heartbeat.times) > 5)  # it waits for nobody
    held.open()
    wait_over(qtbot, controller)
    assert not controller.active

"""T01 by the window: every hostile file is one row with its code, and nothing pops up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from lungviewer.exporters.cells import text_cell
from lungviewer.services.classify import display_name
from lungviewer.services.opening import EngineKeeper
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.window import ScanWindow
from tests.fixtures.batch import no_process_left, scan
from tests.fixtures.hostile import OK, make_corpus
from tests.fixtures.packs import tiny_pack
from tests.fixtures.scans import LENIENT, comparable, rows

ROOT = Path(__file__).parents[3]


@pytest.fixture
def pack(tmp_path, settings):
    pack = tiny_pack(tmp_path / "tiny", checks=LENIENT)
    settings.update(pack=str(pack))
    return pack


@pytest.fixture
def controller(session):
    """With the real runtime: the same pack as the command line."""
    with no_process_left():
        controller = ScanController(session, keeper=EngineKeeper())
        yield controller
        assert controller.shutdown()


def by_command(folder, report, pack):
    command = [sys.executable, "-m", "lungviewer", "scan", folder, "-o", report, "--pack", pack, "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False).returncode


def test_every_hostile_file_is_one_row_with_the_command_lines_code(
    qtbot, controller, session, pack, report, tmp_path, monkeypatch
):
    for name in ("question", "warning", "critical", "information"):
        monkeypatch.setattr(QMessageBox, name, lambda *a, **k: pytest.fail("a dialog"))
    folder = tmp_path / "hostile"
    folder.mkdir()
    expected = [file for file in make_corpus(folder) if file.candidate]
    window = ScanWindow(controller, session)
    qtbot.addWidget(window)
    window.show()
    scan(qtbot, controller, folder, report)
    assert QApplication.activeModalWidget() is None
    assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == [window]
    shown = window.running.results.table
    told = {shown.record(row).path: shown.record(row) for row in range(shown.rowCount())}
    assert len(told) == shown.rowCount() == len(expected)
    wrong = []
    for file in expected:
        record = told[display_name(file.path.relative_to(folder))]
        opened = record.status != "error" or record.reason == "too_small"
        if (OK if opened else record.reason) not in file.outcomes:
            wrong.append((file.label, record.reason))
    assert wrong == []
    problems = window.running.problems.table
    errors = sum(record.status == "error" for record in told.values())
    assert problems.rowCount() == errors > 50
    assert all(problems.data(problems.index(row, 1)).endswith(".") for row in range(problems.rowCount()))
    assert {row["path"] for row in rows(report)} == {text_cell(name) for name in told}
    assert by_command(folder, tmp_path / "command.csv", pack) == 1
    assert comparable(report) == comparable(tmp_path / "command.csv")


def test_the_collected_hostile_files_each_give_a_row(qtbot, controller, pack, shared_data, report):
    folder = shared_data / "hostile"
    scan(qtbot, controller, folder, report)
    assert len(rows(report)) == sum(path.is_file() for path in folder.iterdir())
    assert all(row["reason"] and row["error"] for row in rows(report) if row["status"] == "error")

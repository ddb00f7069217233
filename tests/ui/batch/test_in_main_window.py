"""A scan beside the main window: its status bar, its browser, and closing it in the middle."""

import pytest
from PySide6.QtWidgets import QMessageBox

from lungviewer.ui.batch.state import BatchOptions
from lungviewer.ui.main_window import MainWindow
from tests.fixtures.batch import no_process_left, preview
from tests.fixtures.scans import comparable, rows, run_scan


@pytest.fixture
def main(qtbot, session, keeper, monkeypatch):
    monkeypatch.setattr("lungviewer.ui.batch.controller.EngineKeeper", lambda: keeper)
    main = MainWindow(session)
    qtbot.addWidget(main)
    main.show()
    yield main
    main.close()


def test_closing_the_program_in_the_middle_of_a_scan_loses_nothing(
    qtbot, main, folder, report, gate, tmp_path, monkeypatch
):
    monkeypatch.setattr(QMessageBox, "question", lambda *a: QMessageBox.StandardButton.Yes)
    with no_process_left():
        held = gate(20)
        preview(qtbot, main.scan, folder)
        main.scan.start(report, BatchOptions())
        qtbot.waitUntil(lambda: main.scan.numbers.done >= 10)
        assert main.scan_status.isVisible()
        seen = main.scan.numbers.done
        held.open()
        assert main.close()
    assert seen <= len(rows(report)) <= 60
    assert run_scan(folder, report).kept >= seen
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


def test_the_window_of_the_scan_proposes_the_open_folder(qtbot, main, session, pictures):
    with qtbot.waitSignal(session.files_changed, timeout=20_000):
        session.open_paths([pictures])
    main.windows.show_scan()
    qtbot.waitUntil(lambda: main.scan.outlook is not None)
    assert main.scan.preview_made.paths == (pictures,)

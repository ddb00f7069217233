"""The window of a scan, as a person uses it."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
)

from lungviewer.cli.main import main
from lungviewer.core.paths import bundled
from lungviewer.services.opening import EngineKeeper
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.state import ScanState
from lungviewer.ui.batch.status import ScanStatus
from lungviewer.ui.batch.table import RecordView
from lungviewer.ui.batch.window import ScanWindow
from tests.fixtures.batch import pause_holds, wait_over
from tests.fixtures.scans import comparable, draw_images, rows, run_scan


def button(widget, text):
    """The button that a person sees under this name."""
    (found,) = [
        b for b in widget.findChildren(QPushButton) if b.isVisible() and b.text().replace("&", "") == text
    ]
    return found


def press(qtbot, widget, text):
    qtbot.mouseClick(button(widget, text), Qt.MouseButton.LeftButton)


def words(widget):
    """Every text that is seen on labels."""
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def type_into(qtbot, path_line, path):
    path_line.line.selectAll()
    qtbot.keyClicks(path_line.line, str(path))
    qtbot.keyClick(path_line.line, Qt.Key.Key_Return)


def choose(qtbot, window, folder, report):
    """Type folder and report, and wait until the window knows what lies there."""
    page, controller = window.choosing, window._controller
    type_into(qtbot, page._folder, folder)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    type_into(qtbot, page._output, report)
    qtbot.waitUntil(lambda: controller.outlook is not None and controller.outlook.output == report)


def test_from_a_folder_to_its_report_with_the_keyboard(qtbot, window, controller, folder, report, tmp_path):
    (folder / "notes.txt").write_text("x")
    choose(qtbot, window, folder, report)
    assert "60 images: 30 JPEG, 30 PNG" in words(window)
    assert "1 file of other kinds: left alone." in words(window)
    assert "This will be a new report." in words(window)
    start = button(window, "Start")
    start.setFocus()
    qtbot.keyClick(start, Qt.Key.Key_Space)
    wait_over(qtbot, controller)
    assert "Done: 60 files in" in words(window)
    counts = window.running._counts.texts()
    assert counts[3] == "Cannot be read 6"
    assert sum(int(text.split()[-1]) for text in counts[:4]) == 60
    assert window.running._tabs.tabText(0) == "Results (60)"
    assert window.running._tabs.tabText(1) == "Problems (6)"
    run_scan(folder, tmp_path / "other.csv")
    assert comparable(report) == comparable(tmp_path / "other.csv")


def test_the_window_shows_what_the_report_says(qtbot, window, controller, folder, report):
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    shown = window.running.results.table
    cells = {shown.record(row).path: shown.data(shown.index(row, 3)) for row in range(shown.rowCount())}
    names = {"ok": "OK", "review": "Needs review", "refused": "Refused", "error": "Cannot be read"}
    assert cells == {row["path"]: names[row["status"]] for row in rows(report)}
    problems = window.running.problems.table
    told = {problems.record(i).path: problems.data(problems.index(i, 1)) for i in range(problems.rowCount())}
    assert told == {row["path"]: row["error"] for row in rows(report) if row["status"] == "error"}


def test_both_doors_give_the_same_report_of_the_samples(qtbot, session, tmp_path):
    """With the pack that ships: the window's report and the command line's, byte for byte."""
    samples = bundled("resources") / "samples"
    controller = ScanController(session, keeper=EngineKeeper())
    window = ScanWindow(controller, session)
    qtbot.addWidget(window)
    window.show()
    choose(qtbot, window, samples, tmp_path / "window.csv")
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    assert controller.state is ScanState.DONE
    assert controller.shutdown()
    assert main(["scan", str(samples), "-o", str(tmp_path / "command.csv"), "--quiet"]) == 0
    assert comparable(tmp_path / "window.csv") == comparable(tmp_path / "command.csv")


def test_a_folder_can_be_dropped(qtbot, window, controller, folder):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    drop = QDropEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    assert window.choosing._folder.text() == str(folder)
    assert window.choosing._output.text() == str(folder.parent / "in report.csv")


def test_the_open_folder_is_proposed_and_a_chosen_one_stays(qtbot, window, controller, folder, tmp_path):
    draw_images(tmp_path / "other", 2)
    window.propose(folder)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    window.propose(tmp_path / "other")
    assert controller.preview_made.paths == (folder,)


def test_sub_folders_are_left_out_until_they_are_asked_for(qtbot, window, controller, folder):
    draw_images(folder / "deeper", 2)
    window.propose(folder)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    assert "1 sub-folder is left out." in words(window)
    window.choosing._recursive.click()
    qtbot.waitUntil(lambda: controller.outlook is not None and controller.preview_made.recursive)
    assert "62 images" in words(window)


def test_an_empty_folder_cannot_be_started(qtbot, window, controller, tmp_path):
    (tmp_path / "empty").mkdir()
    window.propose(tmp_path / "empty")
    qtbot.waitUntil(lambda: controller.outlook is not None)
    assert "There are no images here." in words(window)
    assert not button(window, "Start").isEnabled()


def test_an_earlier_scan_is_offered_to_go_on_or_to_start_over(qtbot, window, controller, folder, report):
    run_scan(folder, report)
    for number in (60, 62):
        (folder / f"new_{number}.png").write_bytes((folder / "image_00001.png").read_bytes())
    session = window._session
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_info is not None)
    choose(qtbot, window, folder, report)
    qtbot.waitUntil(lambda: "left to do" in words(window))
    assert "60 of its rows are kept, 2 files left to do." in words(window)
    assert button(window, "Go on").isEnabled()
    window.choosing._fresh.click()
    qtbot.waitUntil(lambda: controller.outlook is not None)
    assert "begun anew" in words(window)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    assert (controller.summary.kept, controller.summary.done) == (0, 62)


def test_pause_stop_and_resume_are_buttons(qtbot, window, controller, folder, report, gate):
    held = gate(20)
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    qtbot.waitUntil(lambda: controller.numbers.done >= 5)
    press(qtbot, window, "Pause")
    held.open()
    pause_holds(qtbot, controller)
    assert "paused" in words(window)
    shown = window.running.results.table.rowCount()
    press(qtbot, window, "Go on")
    qtbot.waitUntil(lambda: window.running.results.table.rowCount() > shown or controller.state.over)
    if not controller.state.over:
        press(qtbot, window, "Stop")
        wait_over(qtbot, controller)
    if controller.state is ScanState.STOPPED:
        assert "Resume goes on" in words(window)
        press(qtbot, window, "Resume")
        wait_over(qtbot, controller)
    assert controller.state is ScanState.DONE
    assert window.running.results.table.rowCount() == 60
    assert len(rows(report)) == 60


def test_a_scan_that_was_stopped_says_how_to_go_on(qtbot, window, controller, folder, report, gate):
    held = gate(20)
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    qtbot.waitUntil(lambda: controller.numbers.done >= 5)
    press(qtbot, window, "Stop")
    assert "stopping" in words(window)
    assert not button(window, "Stop").isEnabled()
    held.open()
    wait_over(qtbot, controller)
    assert f"Stopped after {controller.summary.done} of 60 files." in words(window)
    press(qtbot, window, "Resume")
    wait_over(qtbot, controller)
    assert window.running.results.table.rowCount() == 60


def test_closing_the_window_does_not_stop_the_scan(qtbot, window, controller, folder, report, gate):
    held = gate(20)
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    qtbot.waitUntil(lambda: controller.numbers.done >= 5)
    told = []
    window._session.noticed.connect(told.append)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    held.open()
    wait_over(qtbot, controller)
    assert [notice.kind for notice in told] == ["info"]
    assert "Done: 60 files" in told[0].text
    window.show()
    assert window.running.results.table.rowCount() == 60
    assert "Done: 60 files" in words(window)


def test_a_window_opened_later_shows_every_row(qtbot, controller, session, folder, report):
    controller.preview([folder], False)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    controller.start(report, controller.options)
    wait_over(qtbot, controller)
    late = ScanWindow(controller, session)
    qtbot.addWidget(late)
    late.show()
    assert late.running.results.table.rowCount() == 60
    assert "Done: 60 files" in words(late)


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda report: report.mkdir(), "The output is a folder. Choose a file in it"),
        (lambda report: report.write_text("my own table"), "Choose another name, or move it away."),
        (lambda report: report.parent.rmdir(), "The folder of the output does not exist."),
    ],
)
def test_an_impossible_report_is_a_sentence_in_place(qtbot, window, folder, report, prepare, sentence):
    prepare(report)
    choose(qtbot, window, folder, report)
    assert sentence in words(window)
    assert not button(window, "Start").isEnabled()


def test_hints_of_the_command_line_speak_of_buttons(qtbot, window, controller, folder, report):
    run_scan(folder, report)
    Path(f"{report}.journal").unlink()
    choose(qtbot, window, folder, report)
    assert "not its journal" in words(window)
    assert "--" not in words(window)
    window.choosing._fresh.click()
    qtbot.waitUntil(lambda: controller.outlook is not None)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    assert len(rows(report)) == 60


def test_a_report_that_another_scan_writes_is_a_sentence_where_it_was_asked_for(
    qtbot, window, controller, folder, report
):
    from lungviewer.store.journal import Journal

    other = Journal(Path(f"{report}.journal"), "elsewhere", "x")
    try:
        choose(qtbot, window, folder, report)
        press(qtbot, window, "Start")
        wait_over(qtbot, controller)
        assert "Another scan is writing this report" in words(window)
        assert window._pages.currentWidget() is window.choosing
    finally:
        other.close()
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    assert controller.state is ScanState.DONE


def test_a_scan_that_fails_on_the_way_keeps_its_rows_and_can_go_on(
    qtbot, window, controller, folder, report, monkeypatch
):
    import os

    choose(qtbot, window, folder, report)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        press(qtbot, window, "Start")
        wait_over(qtbot, controller)
    assert controller.state is ScanState.FAILED
    assert "No space left on device" in words(window)
    assert window.running.results.table.rowCount() == 60
    press(qtbot, window, "Resume")
    wait_over(qtbot, controller)
    assert controller.summary.kept == 60
    assert len(rows(report)) == 60


def test_what_can_be_done_with_a_finished_scan(
    qtbot, window, controller, session, folder, report, monkeypatch
):
    opened, asked, reports = [], [], []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    window.image_asked.connect(asked.append)
    window.report_asked.connect(lambda *given: reports.append(given))
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    press(qtbot, window, "Open CSV")
    press(qtbot, window, "Show in folder")
    press(qtbot, window, "Open report")
    assert opened == [str(report), str(report.parent)]
    assert reports == [(report, folder)]
    table = window.running.results
    table.setCurrentIndex(table.model().index(3, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert asked == [folder / table.table.record(3).path]
    with qtbot.waitSignal(session.files_changed):
        press(qtbot, window, "Show images")
    assert session.folder == folder
    press(qtbot, window, "Scan another")
    assert controller.state is ScanState.IDLE
    assert window._pages.currentWidget() is window.choosing
    assert window.choosing._folder.text() == ""


def test_a_report_that_no_program_opens_is_named(qtbot, window, controller, folder, report, monkeypatch):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    press(qtbot, window, "Open CSV")
    assert str(report) in words(window)


def test_a_blinded_reviewer_sees_no_calls(qtbot, window, controller, session, folder, report):
    session.settings.update(blinded=True)
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    view = window.running.results
    seen = [
        view.table.headerData(c, Qt.Orientation.Horizontal) for c in range(5) if not view.isColumnHidden(c)
    ]
    assert seen == ["File", "Status", "Reason"]
    labels = [c.label for c in controller.spec.classes]
    assert not any(label in words(window) for label in labels)
    session.settings.update(blinded=False)
    assert not view.isColumnHidden(1)
    assert all(label in words(window) for label in labels)


def test_a_blinded_reviewer_sees_no_status_that_follows_from_a_call(
    qtbot, window, controller, session, folder, report
):
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    view = window.running.results

    def column(number):
        return [view.table.index(row, number).data() for row in range(view.table.rowCount())]

    view.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    by_confidence = column(0)
    session.settings.update(blinded=True)
    assert set(column(3)) == {"answer hidden", "Cannot be read"}
    assert {why for why, status in zip(column(4), column(3), strict=True) if status == "answer hidden"} == {
        ""
    }
    assert column(0) != by_confidence
    counts = words(window)
    assert "OK 54" not in counts
    assert "Cannot be read 6" in counts
    view.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    calls = [name for name, status in zip(column(0), column(3), strict=True) if status == "answer hidden"]
    assert calls == sorted(calls)
    session.settings.update(blinded=False)
    assert "OK 54" in words(window)
    assert "answer hidden" not in column(3)


def test_options_reach_the_report(qtbot, window, controller, folder, report, tmp_path):
    choose(qtbot, window, folder, report)
    press_more = window.choosing._options._more
    qtbot.mouseClick(press_more, Qt.MouseButton.LeftButton)
    window.choosing._options._draw.click()
    window.choosing._options._scale.setValue(1.0)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    pictures = report.with_name("report pictures")
    assert len(list(pictures.iterdir())) == 54
    with report.open(encoding="utf-8-sig", newline="") as stream:
        scales = {row["um_per_px"] for row in csv.DictReader(stream) if row["status"] != "error"}
    assert {float(scale) for scale in scales} == {1.0}


def test_no_dialog_appears_whatever_is_in_the_folder(qtbot, window, controller, folder, report, monkeypatch):
    for name in ("question", "warning", "critical", "information"):
        monkeypatch.setattr(QMessageBox, name, lambda *a, **k: pytest.fail("a dialog"))
    for path in folder.iterdir():
        path.write_bytes(b"")
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    assert window.running.problems.table.rowCount() == 60


def test_the_status_bar_shows_a_scan_and_holds_it(qtbot, controller, folder, report, gate):
    status = ScanStatus(controller)
    qtbot.addWidget(status)
    status.show()
    opened = []
    status.open_asked.connect(lambda: opened.append(True))
    controller.changed.emit()
    assert not status.isVisible()
    held = gate(20)
    controller.preview([folder], False)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    controller.start(report, controller.options)
    assert status.isVisible()
    qtbot.waitUntil(lambda: " / 60" in status._text.text())
    qtbot.mouseClick(status._text, Qt.MouseButton.LeftButton)
    assert opened == [True]
    qtbot.mouseClick(status._pause, Qt.MouseButton.LeftButton)
    assert controller.state is ScanState.PAUSED
    assert status._pause.accessibleName() == "Go on with the scan"
    qtbot.mouseClick(status._stop, Qt.MouseButton.LeftButton)
    held.open()
    wait_over(qtbot, controller)
    assert not status.isVisible()


def test_every_control_has_a_name_for_screen_readers(qtbot, window, controller, folder, report):
    choose(qtbot, window, folder, report)
    press(qtbot, window, "Start")
    wait_over(qtbot, controller)
    kinds = (QPushButton, QCheckBox, RecordView, QDoubleSpinBox, QComboBox, QLineEdit, QProgressBar)
    controls = [control for kind in kinds for control in window.findChildren(kind)]
    unnamed = [c for c in controls if not (c.accessibleName() or (hasattr(c, "text") and c.text()))]
    assert [c for c in unnamed if c.objectName() != "qt_spinbox_lineedit"] == []
    assert len(controls) >= 20


def test_a_report_s_name_that_no_file_can_have_is_told_and_an_emptied_one_comes_back(
    qtbot, window, controller, folder, report
):
    choose(qtbot, window, folder, report)
    choose(qtbot, window, folder, report.with_name("r" * 300 + ".csv"))
    assert "too long" in words(window)
    assert not button(window, "Start").isEnabled()
    choose(qtbot, window, folder, report)
    line = window.choosing._output.line
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert line.text() == str(report)

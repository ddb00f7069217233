"""A scan behind the window: its states, its numbers, its rows, and how it ends."""

import os
from pathlib import Path

import pytest

from lungviewer.core.errors import JournalMismatch, OutputBusy, UsageError
from lungviewer.core.job import RecordingContext
from lungviewer.ui.batch import offering
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.state import BatchOptions, ScanState
from lungviewer.ui.batch.words import how_far, what_is_there
from tests.fixtures.batch import look, pause_holds, preview, scan, wait_over
from tests.fixtures.scans import comparable, draw_images, rows, run_scan
from tests.fixtures.windows import FakeKeeper, load_model, open_folder

# --- the same report ---------------------------------------------------------------------------------


def test_the_report_is_the_command_lines_byte_for_byte(qtbot, controller, folder, report, tmp_path):
    scan(qtbot, controller, folder, report)
    assert controller.state is ScanState.DONE
    assert controller.numbers.by_status["error"] == 6
    run_scan(folder, tmp_path / "other.csv")
    assert comparable(report) == comparable(tmp_path / "other.csv")
    assert len(rows(report)) == 60


def test_every_row_is_handed_on_once(qtbot, controller, folder, report):
    told, sums = [], []
    controller.rows_arrived.connect(told.extend)
    controller.finished.connect(sums.append)
    scan(qtbot, controller, folder, report)
    names = [record.path for record in told]
    assert sorted(names) == sorted(path.name for path in folder.iterdir())
    assert [record.path for record in controller.rows] == names
    (summary,) = sums
    assert (summary.done, summary.kept, summary.stopped) == (60, 0, False)
    assert (controller.numbers.found, controller.numbers.finished) == (60, 60)


def test_the_browsers_rows_fill_while_the_scan_runs(qtbot, controller, session, folder, report, gate):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    held = gate(20)
    open_folder(qtbot, session, folder, answers=False)
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: sum(session.record(p) is not None for p in session.files) >= 10)
    assert controller.state is ScanState.RUNNING
    held.open()
    wait_over(qtbot, controller)
    assert all(session.record(p) is not None for p in session.files)


def test_the_answers_of_a_scan_are_there_when_its_folder_is_opened_afterwards(
    qtbot, controller, session, folder, report
):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    scan(qtbot, controller, folder, report)
    open_folder(qtbot, session, folder)
    assert all(session.record(p) is not None for p in session.files)


def test_the_rows_that_came_while_the_folder_was_listed_are_not_lost(
    qtbot, controller, session, folder, report, gate
):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    held = gate(20)
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 10)
    open_folder(qtbot, session, folder, answers=False)
    qtbot.waitUntil(lambda: sum(session.record(p) is not None for p in session.files) >= 10)
    assert controller.state is ScanState.RUNNING
    held.open()
    wait_over(qtbot, controller)
    qtbot.waitUntil(lambda: all(session.record(p) is not None for p in session.files))


def test_many_rows_are_offered_in_portions(qtbot, controller, session, folder, report, monkeypatch):
    monkeypatch.setattr(offering, "_AT_ONCE", 7)
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    scan(qtbot, controller, folder, report)
    sizes, take = [], session.take_records
    monkeypatch.setattr(session, "take_records", lambda *a: (sizes.append(len(a[1])), take(*a)))
    open_folder(qtbot, session, folder)
    assert sum(sizes) == 60
    assert max(sizes) == 7


def test_the_row_of_a_file_that_was_replaced_since_is_not_offered(qtbot, controller, session, folder, report):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    scan(qtbot, controller, folder, report)
    replaced = folder / "image_00007.png"
    replaced.write_bytes((folder / "image_00001.png").read_bytes() + b" ")
    open_folder(qtbot, session, folder, answers=False)
    qtbot.waitUntil(lambda: sum(session.record(p) is not None for p in session.files) >= 59)
    assert session.record(replaced) is None
    assert controller._offer._next == 60


def test_the_rows_count_again_when_their_model_is_chosen_again(qtbot, controller, session, folder, report):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)
    scan(qtbot, controller, folder, report)
    qtbot.waitUntil(lambda: all(session.record(p) is not None for p in session.files))
    session.settings.update(pack="another")
    assert session.record(session.files[5]) is None
    qtbot.waitUntil(lambda: session.engine_info is not None)  # the fake engine is the same for all packs
    qtbot.waitUntil(lambda: all(session.record(p) is not None for p in session.files))


def test_rows_of_an_eight_bit_scan_are_not_shown_as_answers_of_the_model_in_use(
    qtbot, controller, session, folder, report, monkeypatch
):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)
    engine = controller._keeper.get(session.choice)
    engine.precision = "int8"
    scan(qtbot, controller, folder, report, precision="int8")
    assert {record.backend for record in controller.rows} == {"fake int8"}
    assert [p for p in session.files[1:] if session.record(p) is not None] == []


# --- stopping and going on ---------------------------------------------------------------------------


def test_a_stopped_scan_keeps_its_rows_and_resuming_does_only_the_rest(
    qtbot, controller, folder, report, gate, tmp_path
):
    held = gate(20)
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 10)
    controller.cancel()
    assert controller.state is ScanState.STOPPING
    held.open()
    wait_over(qtbot, controller)
    assert controller.state is ScanState.STOPPED
    done = controller.summary.done
    assert 10 <= done < 60
    assert len(rows(report)) == done
    controller.resume()
    wait_over(qtbot, controller)
    assert controller.state is ScanState.DONE
    assert (controller.summary.kept, controller.summary.done) == (done, 60 - done)
    assert len(controller.rows) == 60  # kept rows are handed on too
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


def stopped(qtbot, controller, folder, report, gate):
    held = gate(20)
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 10)
    controller.cancel()
    held.open()
    wait_over(qtbot, controller)


def test_resuming_with_another_model_looks_first_and_says_so(
    qtbot, controller, session, keeper, folder, report, gate
):
    load_model(qtbot, session)
    stopped(qtbot, controller, folder, report, gate)
    asked, get = [], keeper.get
    keeper.get = lambda choice: asked.append(choice) or get(choice)
    with qtbot.waitSignal(session.model_changed):
        session.settings.update(pack="another")
    controller.resume()
    assert controller.state is ScanState.READY
    qtbot.waitUntil(lambda: controller.outlook is not None)
    assert controller.other_model
    assert "Another model was chosen since" in what_is_there(controller.outlook, 60, False, True)
    assert asked == []
    session.settings.update(pack="")
    assert not controller.other_model
    qtbot.waitUntil(lambda: controller.outlook is not None and session.engine_info is not None)
    controller.start(report, controller.options)
    wait_over(qtbot, controller)
    assert controller.state is ScanState.DONE
    assert [choice.pack for choice in asked] == [None]


def test_which_rows_another_model_keeps_is_not_told_before_it_is_loaded(
    qtbot, controller, session, folder, report, gate
):
    load_model(qtbot, session)
    stopped(qtbot, controller, folder, report, gate)
    session.keeper.hold.clear()
    session.settings.update(pack="another")
    controller.resume()
    assert controller.outlook is controller._looking is None
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: controller.outlook is not None)


def test_a_scan_that_is_done_is_not_done_again(qtbot, controller, folder, report):
    scan(qtbot, controller, folder, report)
    preview(qtbot, controller, folder)
    look(qtbot, controller, report)
    assert (controller.outlook.earlier, controller.outlook.kept) == (60, 60)
    controller.start(report, BatchOptions())
    wait_over(qtbot, controller)
    assert (controller.summary.kept, controller.summary.done) == (60, 0)
    assert len(controller.rows) == 60


def test_stopping_before_the_first_file_is_a_stop(qtbot, controller, keeper, folder, report):
    keeper.hold.clear()
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    controller.cancel()
    assert controller.state is ScanState.STOPPING
    assert "Stopping" in how_far(controller.state, controller.numbers)
    keeper.hold.set()
    wait_over(qtbot, controller)
    assert controller.state is ScanState.STOPPED
    assert not report.exists()


def test_a_paused_scan_gives_no_rows_until_it_goes_on(qtbot, controller, folder, report, gate):
    held = gate(20)
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 5)
    controller.pause(True)
    assert controller.state is ScanState.PAUSED
    held.open()
    # A batch that was in hand may still arrive; then every thread stands at its next check.
    pause_holds(qtbot, controller)
    assert controller.numbers.done < 60
    controller.pause(False)
    wait_over(qtbot, controller)
    assert controller.summary.done == 60


def test_a_paused_scan_can_be_stopped(qtbot, controller, folder, report, gate):
    held = gate(20)
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 5)
    controller.pause(True)
    held.open()
    controller.cancel()
    wait_over(qtbot, controller)
    assert controller.state is ScanState.STOPPED
    assert len(rows(report)) == controller.summary.done


def test_shutting_down_in_the_middle_loses_nothing(qtbot, session, folder, report, gate, tmp_path):
    held = gate(20)
    controller = ScanController(session, keeper=FakeKeeper())
    preview(qtbot, controller, folder)
    controller.start(report, BatchOptions())
    qtbot.waitUntil(lambda: controller.numbers.done >= 10)
    seen = controller.numbers.done
    held.open()
    assert controller.shutdown()
    assert len(rows(report)) >= seen
    assert run_scan(folder, report).kept >= seen
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


# --- what goes wrong ---------------------------------------------------------------------------------


def test_a_second_scan_on_one_report_is_refused_with_a_sentence(qtbot, controller, folder, report):
    preview(qtbot, controller, folder)
    refused = []
    controller.failed.connect(refused.append)

    class Other(RecordingContext):
        def partial(self, value):
            if not self.partials:
                super().partial(value)
                controller.start(report, BatchOptions())
                wait_over(qtbot, controller)

    assert run_scan(folder, report, ctx=Other()).done == 60
    assert controller.state is ScanState.FAILED
    assert isinstance(controller.problem, OutputBusy)
    assert refused == [controller.problem]
    controller.resume()
    wait_over(qtbot, controller)
    assert controller.summary.kept == 60


@pytest.mark.parametrize(
    ("prepare", "kind"),
    [
        (lambda report: report.mkdir(), UsageError),
        (lambda report: report.write_text("my own table"), UsageError),
        (lambda report: report.parent.rmdir(), UsageError),
        (lambda report: Path(f"{report}.journal").write_bytes(b"none" * 999), JournalMismatch),
    ],
)
def test_an_impossible_output_is_told_before_and_at_the_start(
    qtbot, controller, folder, report, prepare, kind
):
    prepare(report)
    preview(qtbot, controller, folder)
    look(qtbot, controller, report)
    assert isinstance(controller.outlook.problem, kind)
    controller.start(report, BatchOptions())
    wait_over(qtbot, controller)
    assert isinstance(controller.problem, kind)
    assert controller.rows == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(qtbot, controller, folder, report):
    report.parent.chmod(0o555)
    scan(qtbot, controller, folder, report)
    assert controller.problem.hint


def test_a_model_that_cannot_be_loaded_ends_the_scan_before_it_writes(
    qtbot, controller, keeper, folder, report
):
    keeper.broken = True
    scan(qtbot, controller, folder, report)
    assert controller.state is ScanState.FAILED
    assert "model" in controller.problem.message
    assert list(report.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(qtbot, controller, tmp_path):
    preview(qtbot, controller, tmp_path / "nowhere")
    assert controller.state is ScanState.IDLE
    assert isinstance(controller.problem, UsageError)


def test_the_last_preview_counts(qtbot, controller, folder, tmp_path):
    draw_images(tmp_path / "second", 3)
    controller.preview([folder], False)
    controller.preview([tmp_path / "second"], False)
    qtbot.waitUntil(lambda: controller.outlook is not None)
    assert len(controller.preview_made.found.files) == 3


def test_the_engine_is_given_back_after_the_scan(qtbot, controller, keeper, folder, report):
    scan(qtbot, controller, folder, report)
    assert keeper._fake is None


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not take")
def test_an_image_is_found_from_its_row_whatever_it_is_called(qtbot, controller, tmp_path, report):
    names = ["plain.png", "two\nlines.png", os.fsdecode(b"not_utf8_\xff.png"), "zz.png"]
    (source,) = draw_images(tmp_path / "source", 1)
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(source.read_bytes())
    scan(qtbot, controller, folder, report)
    assert {controller.path_of(record) for record in controller.rows} == {folder / n for n in names}

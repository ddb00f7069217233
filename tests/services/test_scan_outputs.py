"""What a scan writes, may not write, and cannot write."""

import os
import shutil
from pathlib import Path

import pytest

from lungviewer.core.errors import JournalMismatch, OutputBusy, OutputUnwritable, UsageError
from lungviewer.core.job import RecordingContext
from tests.fixtures.scans import draw_images, rows, run_scan

ROOT = Path(__file__).parents[2]


def test_a_second_scan_on_one_report_is_refused_and_the_first_goes_on(folder, report):
    draw_images(folder, 6)

    class Intruder(RecordingContext):
        def partial(self, value):
            if not self.partials:
                super().partial(value)
                with pytest.raises(OutputBusy, match=str(os.getpid())):
                    run_scan(folder, report)

    summary = run_scan(folder, report, ctx=Intruder())
    assert summary.done == 6


def test_a_file_that_no_scan_wrote_is_not_replaced(folder, report):
    draw_images(folder, 1)
    report.write_text("my own table")
    with pytest.raises(UsageError, match="exists"):
        run_scan(folder, report)
    with pytest.raises(UsageError, match="no report"):
        run_scan(folder, report, fresh=True)
    assert report.read_text() == "my own table"


def test_what_a_person_wrote_into_the_report_is_not_drawn_over(folder, report):
    draw_images(folder, 2)
    run_scan(folder, report)
    table = report.read_bytes()
    header, first, *rest = table.split(b"\r\n")
    cells = first.split(b",")
    cells[header.split(b",").index(b"comment")] = b"my finding"
    report.write_bytes(b"\r\n".join([header, b",".join(cells), *rest]))
    with pytest.raises(UsageError, match="review columns"):
        run_scan(folder, report)
    assert b"my finding" in report.read_bytes()
    report.rename(report.with_name("mine.csv"))
    assert run_scan(folder, report).kept == 2
    assert report.read_bytes() == table


def test_a_report_saved_by_another_program_is_not_drawn_over(folder, report):
    draw_images(folder, 1)
    run_scan(folder, report)
    report.write_text("path;kind;status")
    with pytest.raises(UsageError, match="another program"):
        run_scan(folder, report)


def test_overlays_that_were_removed_are_drawn_again(folder, report, tmp_path):
    draw_images(folder, 3)
    (folder / "broken.png").write_bytes(b"")
    run_scan(folder, report, overlays=tmp_path / "maps")
    (tmp_path / "maps" / "image_00001.png.overlay.png").unlink()
    assert run_scan(folder, report, overlays=tmp_path / "maps").done == 1
    shutil.rmtree(tmp_path / "maps")
    assert run_scan(folder, report, overlays=tmp_path / "maps").done == 3


def test_a_folder_that_was_renamed_goes_on_with_its_report(folder, report, tmp_path):
    draw_images(folder, 3)
    run_scan(folder, report)
    folder.rename(tmp_path / "renamed")
    assert run_scan(tmp_path / "renamed", report).done == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_a_device_or_pipe_is_never_replaced(folder, tmp_path):
    draw_images(folder, 1)
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe",):
        with pytest.raises(UsageError):
            run_scan(folder, tmp_path / name, fresh=True)
    assert (tmp_path / "pipe").is_fifo()


def test_a_report_without_its_journal_is_replaced_only_when_asked(folder, report):
    draw_images(folder, 1)
    run_scan(folder, report)
    Path(f"{report}.journal").unlink()
    with pytest.raises(UsageError, match="journal"):
        run_scan(folder, report)
    run_scan(folder, report, fresh=True)
    assert len(rows(report)) == 1


def test_an_image_is_never_taken_for_the_output(folder, report):
    (image, *_) = draw_images(folder, 2)
    before = image.read_bytes()
    for output in (image, folder / ".." / "in" / image.name):
        with pytest.raises(UsageError):
            run_scan(folder, output, fresh=True)
    assert image.read_bytes() == before


def test_the_report_of_another_folder_is_not_replaced(folder, report, tmp_path):
    draw_images(folder, 1)
    draw_images(tmp_path / "other", 1)
    run_scan(folder, report)
    with pytest.raises(JournalMismatch):
        run_scan(tmp_path / "other", report)


@pytest.mark.parametrize("output", ["in", "missing/report.csv"])
def test_an_impossible_output_is_refused_before_any_work(folder, tmp_path, output):
    draw_images(folder, 1)
    with pytest.raises(UsageError):
        run_scan(folder, tmp_path / output)


@pytest.mark.parametrize("name", ["r" * 300 + ".csv", "r" * 240 + ".csv", "a\0b.csv"])
def test_a_name_that_no_file_can_have_is_a_sentence(folder, tmp_path, name):
    """The second one could be the report's, but not its journal's."""
    draw_images(folder, 1)
    with pytest.raises(UsageError, match="name"):
        run_scan(folder, tmp_path / name)


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_resumes(folder, report, monkeypatch):
    """T08: the disk is full when the CSV is drawn; the rows are in the journal all the same."""
    draw_images(folder, 5)
    run_scan(folder, report)
    old = report.read_bytes()
    draw_images(folder, 10)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputUnwritable, match="No space"):
            run_scan(folder, report)
    assert report.read_bytes() == old
    assert [p.name for p in report.parent.iterdir() if p.name.endswith(".part")] == []
    summary = run_scan(folder, report)
    assert (summary.kept, summary.done) == (10, 0)
    assert len(rows(report)) == 10


def test_a_report_that_somebody_has_open_costs_a_redraw_not_the_scan(folder, report, monkeypatch):
    """Windows refuses to replace a file that a spreadsheet has open."""
    draw_images(folder, 12)
    whole = Path.replace
    held = iter([True, True])

    def replace(self, target):
        if next(held, False):
            raise PermissionError(13, "used by another process")
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    summary = run_scan(folder, report, csv_every_s=0.0)
    assert summary.done == 12
    assert len(rows(report)) == 12


def test_a_report_whose_folder_is_removed_during_the_scan_is_a_sentence(folder, report):
    draw_images(folder, 12)

    class Removing(RecordingContext):
        def partial(self, value):
            super().partial(value)
            shutil.rmtree(report.parent, ignore_errors=True)

    with pytest.raises(OutputUnwritable):
        run_scan(folder, report, ctx=Removing())


def test_a_folder_that_is_suddenly_empty_does_not_empty_the_report(folder, report):
    paths = draw_images(folder, 3)
    run_scan(folder, report)
    for path in paths:
        path.unlink()
    with pytest.raises(UsageError, match="no images"):
        run_scan(folder, report)
    assert len(rows(report)) == 3
    assert run_scan(folder, report, fresh=True).found == 0


def test_one_overlay_that_cannot_be_written_costs_a_note(folder, report, tmp_path):
    draw_images(folder, 3)
    maps = tmp_path / "maps"
    (maps / "image_00001.png.overlay.png").mkdir(parents=True)  # in the way
    assert run_scan(folder, report, overlays=maps).done == 3
    noted = [r["path"] for r in rows(report) if "overlay_not_written" in r["reason"]]
    assert noted == ["image_00001.png"]

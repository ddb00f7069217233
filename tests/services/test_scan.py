"""A folder into a CSV: what must hold whatever happens. (Crash points: tests/crash.)"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from lungviewer.core.errors import JournalMismatch, OutputBusy, OutputUnwritable, UsageError
from lungviewer.core.job import RecordingContext
from lungviewer.services.scan import ScanProgress
from tests.fixtures.packs import COLOURS, paint
from tests.fixtures.scans import comparable, draw_images, fake_engine, rows, run_scan

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def report(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "report.csv"


def test_every_file_is_one_row_and_the_bad_ones_say_why(folder, report):
    draw_images(folder, 12, every_bad=4)
    (folder / "notes.txt").write_text("not an image")
    summary = run_scan(folder, report)
    assert (summary.found, summary.done, summary.ignored) == (12, 12, 1)
    table = rows(report)
    assert [r["path"] for r in table] == sorted(r["path"] for r in table)
    bad = [r for r in table if r["status"] == "error"]
    assert len(bad) == 3
    assert all(r["reason"] == "truncated" and "copy the file again" in r["error"] for r in bad)
    good = [r for r in table if r["status"] != "error"]
    assert all(r["predicted_class"] and float(r["confidence"]) > 0 for r in good)


def test_a_second_run_does_only_what_is_new(folder, report):
    draw_images(folder, 6)
    run_scan(folder, report)
    before = comparable(report)
    assert run_scan(folder, report).done == 0
    assert comparable(report) == before
    (folder / "image_00006.png").write_bytes((folder / "image_00001.png").read_bytes())
    os.utime(folder / "image_00002.jpg", (1, 1))
    summary = run_scan(folder, report)
    assert (summary.done, summary.kept) == (2, 5)


def test_another_pack_or_scale_starts_over(folder, report):
    draw_images(folder, 3)
    run_scan(folder, report)
    assert run_scan(folder, report, engine=fake_engine("e" * 64)).done == 3
    assert run_scan(folder, report, um_per_px=1.0).done == 3
    assert rows(report)[0]["um_per_px"] != ""


def test_sub_folders_only_when_asked_for(folder, report):
    draw_images(folder, 2)
    draw_images(folder / "deeper" / "still", 2)
    draw_images(folder / ".hidden", 2)
    assert run_scan(folder, report).found == 2
    assert run_scan(folder, report, recursive=True).found == 4
    assert "deeper/still/image_00000.jpg" in {r["path"] for r in rows(report)}


def test_what_this_program_writes_is_not_scanned(folder):
    draw_images(folder, 2)
    report = folder / "report.csv"
    options = {"recursive": True, "overlays": folder / "maps"}
    run_scan(folder, report, **options)
    assert len(list((folder / "maps").iterdir())) == 2
    summary = run_scan(folder, report, **options)
    assert (summary.found, summary.done) == (2, 0)
    assert run_scan(folder, folder / "other.csv", recursive=True, overlays=folder).found == 2
    assert run_scan(folder, folder / "third.csv", recursive=True).found == 2


def test_an_empty_folder_gives_a_table_without_rows(folder, report):
    folder.mkdir()
    assert run_scan(folder, report).found == 0
    assert report.read_bytes().startswith(b"\xef\xbb\xbfpath,kind,")
    assert rows(report) == []


def test_the_same_numbers_with_any_batch_and_any_number_of_workers(folder, tmp_path):
    draw_images(folder, 20, every_bad=7)
    tables = []
    for batch, workers in ((1, 1), (8, 4), (32, 2)):
        report = tmp_path / f"{batch}-{workers}.csv"
        run_scan(folder, report, batch=batch, workers=workers)
        tables.append(comparable(report))
    assert tables[0] == tables[1] == tables[2]


def test_inputs_are_left_alone_even_in_a_folder_that_cannot_be_written(folder, report):
    paths = draw_images(folder, 4, every_bad=3)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_mode) for p in paths}
    folder.chmod(0o555)
    try:
        run_scan(folder, report)
    finally:
        folder.chmod(0o755)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_mode) for p in paths} == before
    assert sorted(folder.iterdir()) == sorted(paths)


# --- stopping, dying, resuming


class StopAfter(RecordingContext):
    def __init__(self, rows_wanted):
        super().__init__()
        self._left = rows_wanted

    def partial(self, value):
        super().partial(value)
        self._left -= len(value.rows)
        if self._left <= 0:
            self.cancel()


def test_a_stopped_scan_keeps_what_it_did_and_goes_on(folder, report, tmp_path):
    draw_images(folder, 30)
    summary = run_scan(folder, report, ctx=StopAfter(8), batch=2)
    assert summary.stopped
    assert 8 <= summary.done < 30
    assert len(rows(report)) == summary.done
    rest = run_scan(folder, report)
    assert (rest.kept, rest.done) == (summary.done, 30 - summary.done)
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


def test_rows_are_in_the_journal_before_they_are_reported(folder, report):
    draw_images(folder, 10)

    class Looking(RecordingContext):
        def partial(self, value):
            if isinstance(value, ScanProgress) and value.rows:
                import sqlite3

                with sqlite3.connect(f"{report}.journal") as other:
                    stored = {r[0].decode() for r in other.execute("SELECT path FROM results")}
                other.close()
                assert {r.path for r in value.rows} <= stored
                super().partial(value)

    ctx = Looking()
    run_scan(folder, report, ctx=ctx)
    assert sum(len(p.rows) for p in ctx.partials) == 10


KILLED = """
import sys; from pathlib import Path
from tests.fixtures.scans import run_scan
if __name__ == "__main__":
    run_scan(Path(sys.argv[1]), Path(sys.argv[2]), csv_every_s=0.2)
"""


@pytest.mark.parametrize("total", [400, pytest.param(2000, marks=pytest.mark.slow)])
def test_killed_again_and_again_nothing_is_lost(folder, report, tmp_path, total):
    """T04: real processes, `kill -9` as soon as some new rows are in the journal, then a resume."""
    draw_images(folder, 40, size=40, every_bad=9)
    for i in range(40, total):  # links to a few files: the scan does not care
        source = folder / f"image_{i % 40:05}.{'png' if i % 2 else 'jpg'}"
        os.link(source, folder / f"link_{i:05}{source.suffix}")
    script = tmp_path / "scan.py"
    script.write_text(KILLED)
    command = [sys.executable, script, folder, report]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seen = 0
    for _ in range(4):
        process = subprocess.Popen(command, env=environment)
        children = wait_for_rows(process, report, seen + total // 10)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _gone, alive = psutil.wait_procs(children, timeout=20)
        assert not alive, "a process of the scan outlived it"
        seen = len(journal_rows(report))
    subprocess.run(command, env=environment, check=True)
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


def wait_for_rows(process, report, count):
    """Wait until the journal holds `count` rows; the children that the scan has by then."""
    deadline = time.monotonic() + 120
    while process.poll() is None and len(journal_rows(report)) < count:
        assert time.monotonic() < deadline
        os.sched_yield()
    return psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []


def journal_rows(report):
    import sqlite3

    path = Path(f"{report}.journal")
    if not path.exists():
        return []
    try:
        database = sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)
        try:
            return database.execute("SELECT path FROM results").fetchall()
        finally:
            database.close()
    except sqlite3.Error:
        return []


def test_a_file_that_kills_the_program_costs_one_row_at_the_next_run(folder, report, tmp_path, monkeypatch):
    """The decoder dies at one file: the first run dies with it, the second writes a row about it."""
    draw_images(folder, 12)
    script = tmp_path / "scan.py"
    script.write_text(
        "import lungviewer.readers.raster as raster, os, sys\n"
        "whole = raster.open_raster\n"
        "def open_raster(path, um_per_px=None):\n"
        "    if path.name == 'image_00005.png': os.kill(os.getpid(), 11)\n"
        "    return whole(path, um_per_px)\n"
        "raster.open_raster = open_raster\n"
        "from pathlib import Path\n"
        "from tests.fixtures.scans import run_scan\n"
        "if __name__ == '__main__': run_scan(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    command = [sys.executable, script, folder, report]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    first = subprocess.run(command, env=environment, check=False)
    assert first.returncode == -signal.SIGSEGV
    subprocess.run(command, env=environment, check=True)
    table = {r["path"]: r for r in rows(report)}
    assert len(table) == 12
    assert table["image_00005.png"]["reason"] == "decoder_crashed"
    assert sum(r["status"] == "error" for r in table.values()) == 1
    assert run_scan(folder, report).done == 0  # and it is not tried a third time


# --- outputs that cannot be written


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


def test_sub_folders_that_were_left_out_are_counted(folder, report):
    draw_images(folder / "a", 1)
    draw_images(folder / "b", 1)
    summary = run_scan(folder, report)
    assert (summary.found, summary.not_entered) == (0, 2)


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


def test_a_folder_that_does_not_exist_is_refused(tmp_path, report):
    with pytest.raises(UsageError, match="does not exist"):
        run_scan(tmp_path / "nowhere", report)


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


def test_a_folder_that_may_not_be_entered_is_a_row(folder, report, monkeypatch):
    draw_images(folder, 1)
    draw_images(folder / "closed", 1)
    whole = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)
    run_scan(folder, report, recursive=True)
    (row,) = (r for r in rows(report) if r["path"] == "closed")
    assert (row["status"], row["reason"]) == ("error", "permission_denied")
    monkeypatch.setattr(os, "scandir", whole)
    run_scan(folder, report, recursive=True)
    assert {r["path"] for r in rows(report)} == {"image_00000.jpg", "closed/image_00000.jpg"}


def test_a_mistake_of_the_program_in_one_file_is_one_row_and_is_tried_again(folder, report, monkeypatch):
    import lungviewer.services.classify as classify

    draw_images(folder, 5)
    whole = classify.plan_fields
    calls = []

    def plan_fields(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise ZeroDivisionError("of CANARY.png")
        return whole(*arguments)

    monkeypatch.setattr(classify, "plan_fields", plan_fields)
    run_scan(folder, report, workers=1)
    (row,) = (r for r in rows(report) if r["status"] == "error")
    assert row["reason"] == "unexpected"
    assert "CANARY" not in row["error"]
    assert run_scan(folder, report).done == 1
    assert not [r for r in rows(report) if r["status"] == "error"]


def test_overlays_of_many_fields_do_not_wait_for_each_other(folder, report, tmp_path, monkeypatch):
    """The reading threads wait for room that only the scanning thread gives back."""
    import lungviewer.services.pipeline as pipeline

    monkeypatch.setattr(pipeline, "FIELD_BYTES", 10_000)  # three fields of 32 pixels
    folder.mkdir()
    for i in range(8):
        Image.fromarray(paint(COLOURS[i % 3], 256, 128, seed=i)).save(folder / f"{i}.png")
    options = {"um_per_px": 1.0, "overlays": tmp_path / "maps", "batch": 1}
    assert run_scan(folder, report, **options).done == 8
    assert rows(report)[0]["tiles"] == "8"


def test_images_that_fail_after_they_took_room_give_it_back(folder, report, monkeypatch):
    import lungviewer.services.classify as classify
    import lungviewer.services.pipeline as pipeline

    monkeypatch.setattr(pipeline, "FIELD_BYTES", 10_000)  # three fields of 32 pixels
    draw_images(folder, 20)
    whole, calls = classify.check_field, []

    def check_field(*arguments):
        calls.append(1)
        if len(calls) % 2:
            raise ZeroDivisionError
        return whole(*arguments)

    monkeypatch.setattr(classify, "check_field", check_field)
    summary = run_scan(folder, report, workers=1)
    assert summary.by_status["error"] == 10
    assert summary.done == 20


def test_stopping_is_seen_while_large_images_are_cut(folder, report, monkeypatch):
    """Cutting 2,000 fields takes seconds; the stop must not wait for them."""
    import lungviewer.services.classify as classify

    folder.mkdir()
    for i in range(4):
        Image.fromarray(paint(COLOURS[0], 2000, 1000, seed=i)).save(folder / f"{i}.png")
    ctx = RecordingContext()
    whole, cuts = classify._cut, []

    def cut(*arguments):
        cuts.append(1)
        if len(cuts) == 5:
            ctx.cancel()
        return whole(*arguments)

    monkeypatch.setattr(classify, "_cut", cut)
    assert run_scan(folder, report, ctx=ctx, um_per_px=2.0).stopped
    assert len(cuts) < 20


def test_one_overlay_that_cannot_be_written_costs_a_note(folder, report, tmp_path):
    draw_images(folder, 3)
    maps = tmp_path / "maps"
    (maps / "image_00001.png.overlay.png").mkdir(parents=True)  # in the way
    assert run_scan(folder, report, overlays=maps).done == 3
    noted = [r["path"] for r in rows(report) if "overlay_not_written" in r["reason"]]
    assert noted == ["image_00001.png"]


def test_the_same_folder_by_another_way_is_the_same_scan(folder, report, tmp_path, monkeypatch):
    draw_images(folder, 2)
    run_scan(folder, report)
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    for way in (Path("."), Path("../in"), tmp_path / "link", folder / ""):
        assert run_scan(way, report).done == 0


def test_poison_among_many_files_costs_its_own_rows_only(folder, report):
    """T06: 5 % of 200 files are damaged in different ways."""
    draw_images(folder, 200, size=40)
    paths = sorted(folder.iterdir())
    for i, path in enumerate(paths[::20]):
        path.write_bytes([b"", b"\xff\xd8\xff\xe0 nonsense", b"plain text", path.read_bytes()[:60]][i % 4])
    summary = run_scan(folder, report)
    table = rows(report)
    assert (len(table), summary.by_status["error"]) == (200, 10)
    assert {r["reason"] for r in table if r["status"] == "error"} <= {
        "empty_file",
        "not_an_image",
        "truncated",
        "corrupt",
    }

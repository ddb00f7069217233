"""A scan that is stopped, killed, short of room: nothing is lost, nothing waits for ever."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from lungviewer.core.job import RecordingContext
from lungviewer.services.scan import ScanProgress
from tests.fixtures.packs import COLOURS, paint
from tests.fixtures.scans import comparable, draw_images, rows, run_scan

ROOT = Path(__file__).parents[2]


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


def test_overlays_of_many_fields_do_not_wait_for_each_other(folder, report, tmp_path, monkeypatch):
    """The reading threads wait for room that only the scanning thread gives back."""
    import lungviewer.services.bounded_reading as bounded_reading

    monkeypatch.setattr(bounded_reading, "FIELD_BYTES", 10_000)  # three fields of 32 pixels
    folder.mkdir()
    for i in range(8):
        Image.fromarray(paint(COLOURS[i % 3], 256, 128, seed=i)).save(folder / f"{i}.png")
    options = {"um_per_px": 1.0, "overlays": tmp_path / "maps", "batch": 1}
    assert run_scan(folder, report, **options).done == 8
    assert rows(report)[0]["tiles"] == "8"


def test_images_that_fail_after_they_took_room_give_it_back(folder, report, monkeypatch):
    import lungviewer.services.bounded_reading as bounded_reading
    import lungviewer.services.prepare as prepare

    monkeypatch.setattr(bounded_reading, "FIELD_BYTES", 10_000)  # three fields of 32 pixels
    draw_images(folder, 20)
    whole, calls = prepare.check_field, []

    def check_field(*arguments):
        calls.append(1)
        if len(calls) % 2:
            raise ZeroDivisionError
        return whole(*arguments)

    monkeypatch.setattr(prepare, "check_field", check_field)
    summary = run_scan(folder, report, workers=1)
    assert summary.by_status["error"] == 10
    assert summary.done == 20


def test_stopping_is_seen_while_large_images_are_cut(folder, report, monkeypatch):
    """Cutting 2,000 fields takes seconds; the stop must not wait for them."""
    import lungviewer.services.prepare as prepare

    folder.mkdir()
    for i in range(4):
        Image.fromarray(paint(COLOURS[0], 2000, 1000, seed=i)).save(folder / f"{i}.png")
    ctx = RecordingContext()
    whole, cuts = prepare.cut_field, []

    def cut(*arguments):
        cuts.append(1)
        if len(cuts) == 5:
            ctx.cancel()
        return whole(*arguments)

    monkeypatch.setattr(prepare, "cut_field", cut)
    assert run_scan(folder, report, ctx=ctx, um_per_px=2.0).stopped
    assert len(cuts) < 20

"""Real slide files in a folder scan, through the processes that read them, and what is made of their rows."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.core.types import SLIDE
from lungviewer.exporters.csv_table import read_records
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.overlay import overlay_path
from lungviewer.services.regions import cut_regions, telling_regions
from lungviewer.services.reporting import ReportOptions, draw_pictures, make_report
from lungviewer.services.reviewing import draft_review, export_reviewed_csv, identify
from lungviewer.services.slide_map import look_at_slide
from lungviewer.services.slide_result import MapOptions, as_image_result
from lungviewer.services.slide_scan import SlideAdvance
from lungviewer.store.review_entry import Action
from lungviewer.store.reviews import ReviewLog
from tests.fixtures.scans import comparable, draw_images, fake_engine, rows, run_scan
from tests.fixtures.slides import damage_tile, tiled_tiff, tissue

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Where maps are kept."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "data"))


def draw_slide(path, *, width=1024, height=768, um_per_px=0.5, seed=0, jpeg=False):
    """Eight by six tiles, of which the inner ones hold tissue."""
    path.parent.mkdir(exist_ok=True)
    pixels = tissue(width, height, seed)
    grain = np.random.default_rng(seed).integers(-40, 41, (height, width, 1))
    stained = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None] < 220
    drawn = np.where(stained, pixels + grain, pixels).clip(0, 255).astype(np.uint8)
    tiled_tiff(path, drawn, um_per_px=um_per_px, jpeg=jpeg)
    return path


def test_a_slide_and_an_image_in_one_table(folder, report, tmp_path):
    draw_images(folder, 2)
    draw_slide(folder / "slide.tif")
    summary = run_scan(folder, report, overlays=tmp_path / "maps")
    assert (summary.done, summary.by_status.get("error")) == (3, None)
    row = rows(report)[-1]
    assert (row["path"], row["kind"], row["status"], row["confidence"]) == ("slide.tif", SLIDE, "refused", "")
    assert (row["width_px"], row["um_per_px"]) == ("1024", "0.500000")
    assert row["reason"].startswith("little_tissue")
    assert 0 < float(row["tissue_mm2"]) < 1024 * 768 * 0.25 / 1e6
    assert overlay_path(tmp_path / "maps", b"slide.tif").is_file()
    assert run_scan(folder, report, overlays=tmp_path / "maps").done == 0


def test_a_slide_without_a_scale_is_an_error_row_until_one_is_given(folder, report):
    draw_slide(folder / "slide.tif", um_per_px=None)
    run_scan(folder, report)
    (row,) = rows(report)
    assert (row["status"], row["reason"], row["kind"]) == ("error", "spacing_unknown", SLIDE)
    assert run_scan(folder, report).done == 0
    assert run_scan(folder, report, um_per_px=0.5).done == 1
    assert rows(report)[0]["status"] == "refused"  # there is little tissue on it


def test_a_damaged_part_costs_that_part(folder, report):
    draw_slide(folder / "slide.tif", jpeg=True)
    damage_tile(folder / "slide.tif", 2, 5)  # of the level that the model reads
    run_scan(folder, report)
    (row,) = rows(report)
    assert row["status"] == "refused"
    assert "unreadable" in row["reason"]
    assert int(row["tiles_refused"]) > 0


KILLED = """
import os, signal, sys; from pathlib import Path
from lungviewer.core.job import NullContext
from lungviewer.services.slide_scan import SlideAdvance
from tests.fixtures.scans import run_scan
class Dying(NullContext):
    def partial(self, value):
        if isinstance(value, SlideAdvance) and value.number == 1 and value.done >= 4:
            os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    run_scan(Path(sys.argv[1]), Path(sys.argv[2]), ctx=Dying(), batch=1)
"""


def test_killed_inside_a_slide_nothing_is_lost_and_the_next_scan_goes_on_inside_it(
    folder, report, tmp_path, monkeypatch
):
    draw_images(folder, 3)
    draw_slide(folder / "a.tif")
    draw_slide(folder / "b.tif", seed=1)
    script = tmp_path / "scan.py"
    script.write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    dead = subprocess.run([sys.executable, script, folder, report], env=environment, check=False)
    assert dead.returncode == -signal.SIGKILL
    ctx = RecordingContext()
    rest = run_scan(folder, report, ctx=ctx, batch=1)
    assert (rest.kept, rest.done) == (3, 2)
    # The slide that the program died of comes last, from the tile on that was kept.
    told = [p for p in ctx.partials if isinstance(p, SlideAdvance) and p.wanted]
    assert next(p.done for p in told if p.name == "a.tif") >= 4
    assert next(p.done for p in told if p.name == "b.tif") < 4
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


def test_a_stop_inside_a_slide_is_seen_and_what_was_done_is_kept(folder, report):
    draw_slide(folder / "a.tif")
    ctx = RecordingContext()
    whole = ctx.partial

    def partial(value):
        whole(value)
        if isinstance(value, SlideAdvance) and value.done >= 3:
            ctx.cancel()

    ctx.partial = partial
    stopped = run_scan(folder, report, ctx=ctx, batch=1)
    assert (stopped.stopped, stopped.done) == (True, 0)
    again = RecordingContext()
    assert run_scan(folder, report, ctx=again).done == 1
    assert next(p.done for p in again.partials if isinstance(p, SlideAdvance) and p.wanted) >= 3


@pytest.fixture
def scanned(folder, report):
    draw_slide(folder / "slide.tif")
    run_scan(folder, report)
    return folder / "slide.tif"


def test_a_review_of_a_slide_follows_it_under_another_name(scanned, report, tmp_path):
    log = ReviewLog(tmp_path / "reviews.sqlite")
    (record,), _ = read_records(report)
    log.append(draft_review(identify(scanned), record, "Ann", Action.OVERRIDE, "benign"))
    reviewed = export_reviewed_csv(report, scanned.parent, log, tmp_path / "reviewed.csv", NullContext())
    assert (reviewed.missing, reviewed.records[0].review_class) == (0, "benign")
    assert (reviewed.agreement.reviewed, reviewed.agreement.compared) == (1, 0)
    moved = scanned.rename(scanned.with_name("other.svs"))
    assert log.history(identify(moved).sha256)[0].chosen == "benign"
    draw_slide(scanned, seed=5)
    assert identify(scanned) != identify(moved)


def test_what_is_kept_of_a_map_serves_reports_and_pictures_of_places(scanned, report, tmp_path, monkeypatch):
    engine, images = fake_engine(), scanned.parent
    options = draw_pictures(report, images, engine, tmp_path / "maps", ReportOptions(), NullContext())
    assert options.unlike == 0
    told = make_report(report, tmp_path / "report.pdf", options, NullContext())
    assert (told.images, told.pictures) == (1, 1)

    slide = look_at_slide(scanned, engine, MapOptions())
    assert slide.complete
    regions = telling_regions(as_image_result(slide), slide.summary.leading, engine.spec, 4)
    with IsolatedDecoder() as decoder:
        shown = cut_regions(scanned, regions, 48, um_per_px=None, isolated=decoder, ctx=NullContext())
    assert shown
    for region in shown:
        assert region.pixels.shape == (48, 48, 3)
        assert region.pixels.std() > 5

    # A map that is not kept is not made for a report: that would take minutes.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    options = draw_pictures(report, images, engine, tmp_path / "others", ReportOptions(), NullContext())
    engine.close()
    assert (options.unlike, (tmp_path / "others").exists()) == (0, False)
    told = make_report(report, tmp_path / "report.html", options, NullContext())
    assert told.pictures == 0
    assert "1 have no picture" in (tmp_path / "report.html").read_text()

"""What a scan would find, and what it would meet at its output: told without touching anything."""

import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from lungviewer.core.errors import JournalMismatch, OutputUnwritable, UsageError
from lungviewer.core.job import RecordingContext
from lungviewer.services.preview import look_at_output, preview_scan
from lungviewer.services.scan import KeptRows, ScanOptions
from tests.fixtures.scans import draw_images, fake_engine, run_scan
from tests.fixtures.slides import tiled_tiff, tissue

PACK = "f" * 64


def look(folder, output, *, pack=PACK, **options):
    found = preview_scan([folder], recursive=False, documents=output.parent).found
    return look_at_output(output, found, ScanOptions(**options), "fp32", pack)


def test_what_was_found_is_told_by_format_with_its_size(folder, tmp_path):
    paths = draw_images(folder, 5)
    draw_images(folder / "deeper", 1)
    (folder / "notes.txt").write_text("x")
    preview = preview_scan([folder], recursive=False, documents=tmp_path)
    assert preview.formats == (("JPEG", 3), ("PNG", 2))
    assert preview.total_bytes == sum(p.stat().st_size for p in paths)
    assert (preview.found.ignored, preview.found.not_entered) == (1, 1)
    assert preview_scan([folder], recursive=True, documents=tmp_path).formats == (("JPEG", 4), ("PNG", 2))


def test_a_report_is_suggested_beside_the_folder_and_never_in_it(folder, tmp_path, monkeypatch):
    draw_images(folder, 1)
    assert preview_scan([folder], recursive=False, documents=tmp_path).suggested == tmp_path / "in report.csv"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    elsewhere = tmp_path / "Documents"
    suggested = preview_scan([folder], recursive=False, documents=elsewhere).suggested
    assert suggested == elsewhere / "in report.csv"


def test_a_new_report_meets_nothing(folder, report):
    draw_images(folder, 2)
    outlook = look(folder, report)
    assert (outlook.problem, outlook.earlier, outlook.kept) == (None, 0, 0)
    assert list(report.parent.iterdir()) == []


def test_rows_that_still_hold_are_counted_for_this_pack_and_these_settings(folder, report):
    draw_images(folder, 5, every_bad=5)
    run_scan(folder, report)
    before = {p: p.read_bytes() for p in report.parent.iterdir()}
    assert (look(folder, report).earlier, look(folder, report).kept) == (5, 5)
    os.utime(folder / "image_00002.jpg", (1, 1))
    assert look(folder, report).kept == 4
    assert look(folder, report, pack="e" * 64).kept == 0
    assert look(folder, report, um_per_px=1.0).kept == 0
    assert look(folder, report, pack=None).kept == 4
    assert look(folder, report, fresh=True).earlier == 0
    assert {p: p.read_bytes() for p in report.parent.iterdir()} == before


def test_what_is_counted_is_what_the_scan_keeps_and_tells(folder, report):
    draw_images(folder, 6)
    run_scan(folder, report)
    os.utime(folder / "image_00002.jpg", (1, 1))
    expected = look(folder, report).kept
    ctx = RecordingContext()
    assert run_scan(folder, report, ctx=ctx).kept == expected
    told = [row for part in ctx.partials if isinstance(part, KeptRows) for row in part.rows]
    assert len(told) == expected
    assert "image_00002.jpg" not in {row.path for row in told}


def test_the_report_of_another_folder_is_a_problem_that_starting_over_removes(folder, report, tmp_path):
    draw_images(folder, 1)
    run_scan(folder, report)
    draw_images(tmp_path / "other", 2, size=70)
    outlook = look(tmp_path / "other", report)
    assert isinstance(outlook.problem, JournalMismatch)
    assert outlook.replaceable
    folder.rename(tmp_path / "renamed")
    assert look(tmp_path / "renamed", report).kept == 1


def test_a_damaged_journal_is_a_problem_that_starting_over_removes(folder, report):
    draw_images(folder, 1)
    run_scan(folder, report)
    Path(f"{report}.journal").write_bytes(b"no database" * 100)
    outlook = look(folder, report)
    assert isinstance(outlook.problem, JournalMismatch)
    assert outlook.replaceable
    run_scan(folder, report, fresh=True)
    assert look(folder, report).problem is None


def test_outputs_that_the_scan_would_refuse_are_refused_before(folder, report):
    draw_images(folder, 1)
    report.write_text("my own table")
    foreign = look(folder, report)
    assert isinstance(foreign.problem, UsageError)
    assert not foreign.replaceable
    for output in (folder, report.parent / "missing" / "report.csv"):
        assert isinstance(look(folder, output).problem, UsageError)
        assert not look(folder, output).replaceable


def test_a_report_without_its_journal_may_be_replaced(folder, report):
    draw_images(folder, 1)
    run_scan(folder, report)
    Path(f"{report}.journal").unlink()
    assert look(folder, report).replaceable
    assert look(folder, report, fresh=True).problem is None


def test_a_folder_that_cannot_be_written_is_told_before(folder, report, monkeypatch):
    draw_images(folder, 1)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    outlook = look(folder, report)
    assert isinstance(outlook.problem, OutputUnwritable)
    assert not outlook.replaceable


def test_a_journal_can_be_looked_into_while_a_scan_writes_it(folder, report):
    draw_images(folder, 8)
    seen = []

    class Looking(RecordingContext):
        def partial(self, value):
            super().partial(value)
            seen.append(look(folder, report).kept)

    run_scan(folder, report, ctx=Looking(), workers=1)
    assert seen == sorted(seen)
    assert seen[-1] == 8


def test_nothing_of_a_missing_folder_is_listed(tmp_path):
    with pytest.raises(UsageError):
        preview_scan([tmp_path / "nowhere"], recursive=False, documents=tmp_path)


def test_the_engines_own_settings_are_those_that_are_looked_for(folder, report):
    """The fingerprint that is looked for is the one that a scan writes."""
    draw_images(folder, 1)
    engine = fake_engine("a" * 64)
    run_scan(folder, report, engine=engine)
    assert look(folder, report, pack=engine.provenance.model_sha256).kept == 1
    with sqlite3.connect(f"{report}.journal") as database:
        assert database.execute("SELECT COUNT(*) FROM results").fetchone() == (1,)
    database.close()


def test_slides_are_counted_by_what_they_are(folder, tmp_path):
    draw_images(folder, 2)
    tiled_tiff(folder / "slide.tif", tissue(256, 256))
    Image.fromarray(tissue(64, 64)).save(folder / "plain.tif")
    preview = preview_scan([folder], recursive=False, documents=tmp_path)
    assert (len(preview.found.files), preview.slides) == (4, 1)

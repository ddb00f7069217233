"""A folder into a CSV: which rows, which numbers. (Crash points: tests/crash.)"""

import os
from pathlib import Path

import pytest

from lungviewer.core.errors import UsageError
from tests.fixtures.scans import comparable, draw_images, fake_engine, rows, run_scan

ROOT = Path(__file__).parents[2]


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


def test_sub_folders_that_were_left_out_are_counted(folder, report):
    draw_images(folder / "a", 1)
    draw_images(folder / "b", 1)
    summary = run_scan(folder, report)
    assert (summary.found, summary.not_entered) == (0, 2)


def test_a_folder_that_does_not_exist_is_refused(tmp_path, report):
    with pytest.raises(UsageError, match="does not exist"):
        run_scan(tmp_path / "nowhere", report)


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
    import lungviewer.services.prepare as prepare

    draw_images(folder, 5)
    whole = prepare.plan_fields
    calls = []

    def plan_fields(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise ZeroDivisionError("of CANARY.png")
        return whole(*arguments)

    monkeypatch.setattr(prepare, "plan_fields", plan_fields)
    run_scan(folder, report, workers=1)
    (row,) = (r for r in rows(report) if r["status"] == "error")
    assert row["reason"] == "unexpected"
    assert "CANARY" not in row["error"]
    assert run_scan(folder, report).done == 1
    assert not [r for r in rows(report) if r["status"] == "error"]


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

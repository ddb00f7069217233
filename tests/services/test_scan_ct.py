"""Folders of CT slices into a table."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from PIL import Image

from lungviewer.core.types import ImageRecord, Provenance, Status
from lungviewer.exporters.overlay_png import is_overlay_png
from lungviewer.services.find import find_images
from lungviewer.services.preview import preview_scan
from lungviewer.services.rows import would_be_said
from lungviewer.services.thumbnails import Thumbnails
from tests.fixtures.ct_packs import as_picture, ct_engine, slice_of
from tests.fixtures.dicoms import write_frames, write_slice
from tests.fixtures.packs import paint
from tests.fixtures.scans import comparable, fake_engine, rows, run_scan

NAMES = ("normal", "benign", "malignant")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return ct_engine(tmp_path_factory.mktemp("packs"))


def chest(folder, count=9, series="a series", prefix="", **options):
    folder.mkdir(parents=True, exist_ok=True)
    for z in range(count):
        values = slice_of(NAMES[z % 3], seed=z)
        path = folder / f"{prefix}{z:03}.dcm"
        write_slice(path, values, position=(0.0, 0.0, -2.0 * z), series=series, instance=z, **options)


def by_path(report):
    return {row["path"]: row for row in rows(report)}


def test_every_slice_is_a_row_with_the_columns_that_images_have(folder, report, engine):
    chest(folder)
    summary = run_scan(folder, report, engine=engine)
    assert (summary.found, summary.done, summary.by_class) == (9, 9, dict.fromkeys(NAMES, 3))
    row = by_path(report)["002.dcm"]
    assert (row["kind"], row["predicted_class"], row["status"]) == ("ct", "malignant", "ok")
    assert (row["width_px"], row["height_px"], float(row["um_per_px"])) == ("64", "64", 700.0)
    assert (row["tiles"], row["tissue_mm2"]) == ("1", "")


def test_neither_batches_nor_workers_change_a_table(folder, tmp_path, engine):
    chest(folder, 7)
    write_frames(folder / "many.dcm", [slice_of(n) for n in NAMES])
    tables = []
    for workers, batch in ((1, 1), (2, 4), (4, 32)):
        report = tmp_path / f"{workers}.csv"
        run_scan(folder, report, engine=engine, workers=workers, batch=batch)
        tables.append(comparable(report))
    assert tables[0] == tables[1] == tables[2]


def test_a_folder_of_everything_costs_only_the_rows_of_what_is_no_slice(folder, report, engine):
    chest(folder, 3, series="first", prefix="a")
    chest(folder, 3, series="second", prefix="b")
    write_slice(folder / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    write_slice(folder / "mr.dcm", Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    (folder / "cut.dcm").write_bytes((folder / "a000.dcm").read_bytes()[:-900])
    (folder / "no suffix").write_bytes((folder / "a001.dcm").read_bytes())
    Image.fromarray(as_picture(slice_of("malignant"))).save(folder / "exported.png")
    Image.fromarray(paint((200, 60, 120))).save(folder / "tissue.png")
    (folder / "readme.txt").write_text("no picture")
    summary = run_scan(folder, report, engine=engine)
    assert summary.ignored == 1
    found = by_path(report)
    errors = {path: row["reason"] for path, row in found.items() if row["status"] == "error"}
    assert errors == {
        "report.dcm": "unsupported_format",
        "mr.dcm": "unsupported_format",
        "cut.dcm": "truncated",
    }
    assert found["no suffix"]["predicted_class"] == "benign"
    assert (found["exported.png"]["predicted_class"], found["exported.png"]["kind"]) == ("malignant", "image")
    assert found["tissue.png"]["status"] == "refused"
    assert all(found[f"{p}00{z}.dcm"]["predicted_class"] == NAMES[z] for p in "ab" for z in range(3))


def test_a_scan_with_a_histology_pack_refuses_slices_by_name(folder, report):
    chest(folder, 2)
    summary = run_scan(folder, report, engine=fake_engine())
    assert (summary.by_status, summary.by_class) == ({"refused": 2}, {})
    assert {row["reason"] for row in rows(report)} == {"ct_slice"}


def test_a_scan_with_a_ct_pack_refuses_slides_by_name(folder, report, engine, shared_data):
    folder.mkdir()
    shutil.copy(shared_data / "slides" / "cmu_small_region.svs", folder)
    summary = run_scan(folder, report, engine=engine)
    (row,) = rows(report)
    assert summary.by_status == {"refused": 1}
    assert (row["kind"], row["reason"], row["error"], row["predicted_class"]) == ("slide", "not_ct", "", "")
    assert run_scan(folder, report, engine=engine).kept == 1


def test_pictures_beside_the_table_show_slices_through_the_packs_window(folder, report, engine, tmp_path):
    chest(folder, 3)
    write_frames(folder / "many.dcm", [slice_of(n) for n in NAMES])
    run_scan(folder, report, engine=engine, overlays=tmp_path / "pictures")
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert len(drawn) == 4
    assert all(is_overlay_png(tmp_path / "pictures" / name) for name in drawn)
    assert not any("overlay_not_written" in row["reason"] for row in rows(report))


def test_what_is_found_is_called_dicom_and_slices_are_no_slides(folder, tmp_path):
    chest(folder, 3)
    preview = preview_scan([folder], recursive=False, documents=tmp_path)
    assert (preview.formats, preview.slides) == ((("DICOM", 3),), 0)
    assert len(find_images([folder], recursive=False).files) == 3


def test_a_slice_has_a_small_picture(folder, tmp_path):
    chest(folder, 1)
    thumbnails = Thumbnails(1, tmp_path / "cache")
    assert thumbnails.get(folder / "000.dcm").shape == (64, 64, 3)
    thumbnails.close()


def test_rows_of_slices_hold_at_any_scale():
    made_by = Provenance("tiny-ct", "1", "f" * 64, "onnx", "cpu", "1")
    row = ImageRecord("a.dcm", "ct", Status.OK, um_per_px=None, model_sha256="f" * 64, backend="onnx")
    for scales in ((0.5, None, None), (None, 0.5, None), (None, None, 0.5)):
        scanned, scale, usual = scales
        assert would_be_said(row, made_by, scanned_um_per_px=scanned, scale=scale, usual=usual)
    other = replace(made_by, model_sha256="0" * 64)
    assert not would_be_said(row, other, scanned_um_per_px=None, scale=None, usual=None)


def test_no_field_of_a_patient_reaches_a_table(folder, report, engine):
    chest(folder, 2, PatientName="Canary^Clara", PatientID="CANARY-1", SeriesDescription="CANARY chest")
    chest(folder, 1, prefix="bad", PatientName="Canary^Clara", Modality="CANARY")
    run_scan(folder, report, engine=engine)
    text = report.read_text(encoding="utf-8-sig")
    assert "canary" not in text.lower()
    assert "2.25." not in text
    assert len(rows(report)) == 3


def test_a_real_series_is_scanned_whole(report, engine, shared_data):
    data = shared_data / "ct_dicom" / "series_a"
    if not data.is_dir():
        pytest.skip("needs ct_dicom/series_a")
    summary = run_scan(data, report, engine=engine, batch=32)
    assert summary.found == summary.done == 32
    found = rows(report)
    assert {row["kind"] for row in found} == {"ct"}
    assert not [row for row in found if row["status"] == "error"]
    assert {float(row["um_per_px"]) for row in found} == {703.125}

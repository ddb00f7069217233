"""Reports of scans: from a table, with reviews and pictures, and never over a file that is something else."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pypdf import PdfReader

from lungviewer.core.errors import Cancelled, OutputError, OutputUnwritable, ReviewLogDamaged, UsageError
from lungviewer.core.job import CancellableContext, NullContext
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.exporters.csv_table import read_records, write_image_csv
from lungviewer.exporters.overlay_png import RESEARCH_ONLY
from lungviewer.packs.store import load_pack
from lungviewer.services.reporting import ReportOptions, draw_pictures, make_report, rows_to_picture
from lungviewer.services.reviewing import draft_review, identify, identify_files
from lungviewer.store.review_entry import Action
from lungviewer.store.reviews import ReviewLog
from tests.contracts.exporter_contract import room_for
from tests.fixtures.dicoms import phantom, slice_dataset, to_bytes, write_series, write_slice
from tests.fixtures.reviewing import tamper
from tests.fixtures.scans import draw_images, fake_engine, run_scan

CTX = NullContext()
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_images(tmp_path / "lab" / "images", 6, every_bad=6)
    return tmp_path / "lab" / "images"


@pytest.fixture
def table(folder: Path, tmp_path: Path) -> Path:
    run_scan(folder, tmp_path / "report.csv", overlays=tmp_path / "overlays")
    return tmp_path / "report.csv"


@pytest.fixture
def log(folder: Path, tmp_path: Path) -> ReviewLog:
    log = ReviewLog(tmp_path / "data" / "reviews.sqlite")
    identity = identify(folder / "image_00002.jpg")
    log.append(draft_review(identity, None, "Ann Reader", Action.OVERRIDE, "benign", "crushed"))
    return log


def record(path: str, **values: object) -> ImageRecord:
    plain = {"status": Status.OK, "predicted_class": "benign", "confidence": 0.9, "kind": "png"}
    return ImageRecord(path=path, **{**plain, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_of_slides_a_report_says_what_was_measured_and_by_which_rule(tmp_path: Path, suffix: str) -> None:
    shipped = ROOT / "models" / "lung-histology-mobilenetv2" / "pack.json"
    made_by = {"model": "lung", "model_sha256": hashlib.sha256(shipped.read_bytes()).hexdigest()}
    slide = record("a.svs", kind=SLIDE, status=Status.REVIEW, confidence=None, **made_by)
    slide = replace(slide, tumour_share=0.0342, tissue_mm2=112.34, reason="tumour_focus; slide_not_validated")
    refused = replace(slide, path="b.svs", status=Status.REFUSED, predicted_class="", reason="no_tissue")
    unclear = replace(refused, path="c.svs", tumour_share=0.234, reason="tumour_unclear")
    rows = [slide, replace(refused, tissue_mm2=0.0), unclear]
    write_image_csv(tmp_path / "table.csv", rows, ["adenocarcinoma"])
    target = tmp_path / f"report{suffix}"
    make_report(tmp_path / "table.csv", target, ReportOptions(), CTX)
    text = (
        target.read_text()
        if suffix == ".html"
        else "".join(p.extract_text() for p in PdfReader(target).pages)
    )
    words = "".join(text.split())
    for said in (
        "of these whole slides",
        "tumour 3.4 %",
        "tumour 23.4 %",
        "112.3 mm² tissue",
        "0.0 mm² tissue",
        REASON_SENTENCES["tumour_focus"],
        REASON_SENTENCES["tumour_unclear"],
        "Whole slides have no confidence",
        "A slide is called Adenocarcinoma when tumour tiles cover at least 25 %",
    ):
        assert "".join(said.split()) in words
    assert words.count("tumour3.4%") == 1
    assert words.count("–") >= 3  # in place of their confidence
    assert "Confidence of the calls" not in text


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_a_report_of_a_scan_holds_rows_errors_reviews_and_pictures(
    folder: Path, table: Path, log: ReviewLog, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"report{suffix}"
    options = ReportOptions("Lung, batch 7", folder, log, tmp_path / "overlays", 2, ("image_00001.png",))
    told = make_report(table, target, options, CTX)
    assert (told.images, told.left_out, told.pictures, told.reviewed, told.missing) == (6, 0, 1, 1, 0)
    text = (
        target.read_text()
        if suffix == ".html"
        else "".join(p.extract_text() for p in PdfReader(target).pages)
    )
    for said in (
        "Lung, batch 7",
        RESEARCH_ONLY,
        "image_00005.png",
        "Ann Reader",
        "crushed",
        "Cannot be read",
    ):
        assert said.replace(" ", "") in "".join(text.split())
    assert log.head()[1][:20] in text
    assert str(tmp_path) not in text
    assert "lab/images" not in text


def test_without_the_folder_the_tables_own_review_columns_count(tmp_path: Path) -> None:
    rows = [record("a.png", review_class="benign", reviewer="Bob", reviewed_at="2025-02-03T10:00:00+00:00")]
    write_image_csv(tmp_path / "t.csv", rows, ("benign",))
    told = make_report(tmp_path / "t.csv", tmp_path / "r.html", ReportOptions(), CTX)
    assert (told.reviewed, told.missing) == (1, None)
    text = (tmp_path / "r.html").read_text()
    assert "benign (as called) – Bob, 2025-02-03" in text
    assert "Review by people" not in text


@pytest.fixture
def chest(tmp_path: Path) -> Path:
    """A series, one of whose slices is deflated, and a slice of another series."""
    folder = tmp_path / "chest"
    paths = write_series(folder, 3)
    last = slice_dataset(phantom(), position=(0.0, 0.0, -6.0), series="a series", instance=9)
    last.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    (folder / "deflated.dcm").write_bytes(to_bytes(last))
    write_slice(folder / "other.dcm", series="another")
    assert len(paths) == 3
    return folder


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_the_review_of_a_series_stands_beside_its_slices_and_counts_for_none(
    chest: Path, tmp_path: Path, suffix: str
) -> None:
    paths = sorted(chest.iterdir())
    series = [path for path in paths if path.name != "other.dcm"]
    log = ReviewLog(tmp_path / "data" / "reviews.sqlite")
    log.append(draft_review(identify_files(series), None, "Ann", Action.COMMENT, comment="old scanner"))
    log.append(draft_review(identify_files(series), None, "Bob", Action.OVERRIDE, "malignant"))
    rows = [record(path.name, kind="ct", width_px=64, height_px=64) for path in paths]
    write_image_csv(tmp_path / "table.csv", rows, ["benign", "malignant"])
    target = tmp_path / f"report{suffix}"
    summary = make_report(tmp_path / "table.csv", target, ReportOptions(images=chest, log=log), CTX)
    assert (summary.reviewed, summary.series_reviewed, summary.missing) == (0, 1, 0)
    text = (
        target.read_text()
        if suffix == ".html"
        else "".join(page.extract_text() for page in PdfReader(target).pages)
    )
    words = "".join(text.split())
    assert words.count("wholeseries:malignant–Bob") == 4
    assert words.count("oldscanner") == 4
    assert "1CTserieswasreviewedasawhole." in words
    (chest / series[0].name).unlink()  # then it is another series
    summary = make_report(tmp_path / "table.csv", target, ReportOptions(images=chest, log=log), CTX)
    assert summary.series_reviewed == 0


def test_a_slice_with_a_review_of_its_own_shows_that_one(chest: Path, tmp_path: Path) -> None:
    series = sorted(path for path in chest.iterdir() if path.name != "other.dcm")
    log = ReviewLog(tmp_path / "data" / "reviews.sqlite")
    log.append(draft_review(identify_files(series), None, "Bob", Action.OVERRIDE, "malignant"))
    log.append(draft_review(identify(series[0]), None, "Ann", Action.OVERRIDE, "benign"))
    rows = [record(path.name, kind="ct", width_px=64, height_px=64) for path in series]
    write_image_csv(tmp_path / "table.csv", rows, ["benign", "malignant"])
    target = tmp_path / "report.html"
    summary = make_report(tmp_path / "table.csv", target, ReportOptions(images=chest, log=log), CTX)
    assert (summary.reviewed, summary.series_reviewed) == (1, 1)
    text = target.read_text()
    assert text.count("whole series: malignant") == 3
    assert text.count("benign (as called) – Ann") == 1


def test_a_model_that_is_here_is_quoted_and_one_that_is_not_is_said_so(tmp_path: Path) -> None:
    pack = load_pack(ROOT / "models" / "lung-histology-mobilenetv2")
    here = {"model": pack.spec.id, "model_version": pack.spec.version, "model_sha256": pack.sha256}
    rows = [
        record("a.png", predicted_class="adenocarcinoma", **here),
        record("b.png", model="gone", model_version="9", model_sha256="a" * 64),
    ]
    write_image_csv(tmp_path / "t.csv", rows, pack.spec.class_ids)
    make_report(tmp_path / "t.csv", tmp_path / "r.html", ReportOptions(), CTX)
    text = (tmp_path / "r.html").read_text()
    for said in (
        pack.sha256,
        "a" * 64,
        "gone 9",
        "is not on this machine",
        "Small cell carcinoma, carcinoid",
    ):
        assert said in text
    assert "504 of 504 right" in text
    assert "<td>Adenocarcinoma</td>" in text
    assert "#d55e00" in text


def test_a_model_nobody_measured_is_said_so(tmp_path: Path, monkeypatch) -> None:
    pack = load_pack(ROOT / "models" / "lung-histology-mobilenetv2")
    entry = type(
        "Entry", (), {"path": ROOT / "models" / pack.spec.id, "spec": replace(pack.spec, validated=False)}
    )
    monkeypatch.setattr("lungviewer.services.report_models.find_packs", lambda dirs: [entry])
    write_image_csv(tmp_path / "t.csv", [record("a.png", model_sha256=pack.sha256)], ("benign",))
    make_report(tmp_path / "t.csv", tmp_path / "r.html", ReportOptions(), CTX)
    assert "Nobody has measured" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_no_rows_and_only_errors_have_a_report(tmp_path: Path, suffix: str) -> None:
    bad = [record(f"{i}.png", status=Status.ERROR, predicted_class="", confidence=None, reason="truncated")
           for i in range(3)]  # fmt: skip
    for name, rows in (("none", []), ("bad", bad)):
        write_image_csv(tmp_path / f"{name}.csv", rows, ())
        target = tmp_path / f"{name}{suffix}"
        assert make_report(tmp_path / f"{name}.csv", target, ReportOptions(), CTX).images == len(rows)
        assert target.stat().st_size > 1000


def test_pictures_are_of_what_needs_review_or_of_what_was_chosen() -> None:
    rows = [
        record("a"),
        record("b", status=Status.REFUSED),
        record("c", status=Status.REVIEW),
        record("d", status=Status.ERROR),
        record("e", status=Status.REVIEW),
    ]
    assert [r.path for r in rows_to_picture(rows, ReportOptions())] == ["c", "e", "b"]
    assert [r.path for r in rows_to_picture(rows, ReportOptions(pictures=1))] == ["c"]
    assert [r.path for r in rows_to_picture(rows, ReportOptions(chosen=("d", "a")))] == ["a", "d"]


def test_pictures_can_be_drawn_for_the_report_by_the_same_model_only(
    folder: Path, table: Path, tmp_path: Path
) -> None:
    chosen = ReportOptions(images=folder, chosen=("image_00000.jpg", "image_00005.png"))
    drawn = tmp_path / "drawn"
    options = draw_pictures(table, folder, fake_engine(), drawn, chosen, CTX)
    assert options.overlays == drawn
    assert make_report(table, tmp_path / "r.html", options, CTX).pictures == 1
    assert "1 have no picture" in (tmp_path / "r.html").read_text()
    with pytest.raises(UsageError):
        draw_pictures(table, folder, fake_engine("0" * 64), drawn, chosen, CTX)
    table.write_bytes(table.read_bytes().replace(b",fake,", b",fake int8,"))
    with pytest.raises(UsageError, match="precision"):
        draw_pictures(table, folder, fake_engine(), drawn, chosen, CTX)


def test_other_images_of_the_same_names_are_left_out_and_that_is_said(
    folder: Path, table: Path, log: ReviewLog, tmp_path: Path
) -> None:
    """Somebody chose a folder that was not scanned."""
    other = tmp_path / "other"
    draw_images(other, 3, size=96)  # another size
    shutil.copy(folder / "image_00004.jpg", other / "image_00003.png")  # the size, but another answer
    shutil.copy(folder / "image_00004.jpg", other)
    log.append(draft_review(identify(other / "image_00000.jpg"), None, "Bob", Action.OVERRIDE, "benign"))
    names = tuple(f"image_{n:05}.{'png' if n % 2 else 'jpg'}" for n in range(5))
    chosen = ReportOptions(images=other, log=log, chosen=names)
    options = draw_pictures(table, other, fake_engine(), tmp_path / "drawn", chosen, CTX)
    told = make_report(table, tmp_path / "r.html", options, CTX)
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["image_00004.jpg.overlay.png"]
    assert (told.pictures, told.unlike, told.reviewed) == (1, 4, 0)
    assert told.missing == 2  # one is not there, one is of another size and has a review
    text = (tmp_path / "r.html").read_text()
    assert "4 are left out" in text
    assert "2 of 6 images were not found in the folder, or are of another size" in text
    assert "Bob" not in text


def test_a_picture_is_drawn_at_the_scale_of_the_scan(tmp_path: Path) -> None:
    (path,) = draw_images(tmp_path / "images", 1, size=200)
    for number, scale in enumerate((None, 1.0)):
        table = tmp_path / f"{number}.csv"
        run_scan(path.parent, table, um_per_px=scale)
        chosen = ReportOptions(chosen=(path.name,))
        options = draw_pictures(table, path.parent, fake_engine(), tmp_path / "drawn", chosen, CTX)
        assert options.unlike == 0


def test_pictures_of_odd_names_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "odd" / "sub"
    (path,) = draw_images(folder, 1)
    path.rename(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.jpg"))
    run_scan(tmp_path / "odd", tmp_path / "t.csv", overlays=tmp_path / "overlays", recursive=True)
    (row,) = read_records(tmp_path / "t.csv")[0]
    options = ReportOptions(images=tmp_path / "odd", overlays=tmp_path / "overlays", chosen=(row.path,))
    assert make_report(tmp_path / "t.csv", tmp_path / "r.html", options, CTX).pictures == 1


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_a_report_replaces_a_report_and_nothing_else(
    table: Path, folder: Path, tmp_path: Path, suffix: str
) -> None:
    mine = tmp_path / f"mine{suffix}"
    mine.write_text("my own page")
    with pytest.raises(UsageError):
        make_report(table, mine, ReportOptions(), CTX)
    assert mine.read_text() == "my own page"
    target = tmp_path / f"r{suffix}"
    target.write_bytes(b"")
    make_report(table, target, ReportOptions(), CTX)
    make_report(table, target, ReportOptions("Again"), CTX)
    copied = tmp_path / f"linked{suffix}"
    os.link(folder / "image_00000.jpg", copied)
    with pytest.raises(UsageError):
        make_report(table, copied, ReportOptions(images=folder), CTX)


@pytest.mark.parametrize("name", ["report", "report.docx", "report.csv"])
def test_another_ending_is_refused(table: Path, tmp_path: Path, name: str) -> None:
    before = table.read_bytes()
    with pytest.raises(UsageError):
        make_report(table, tmp_path / name, ReportOptions(), CTX)
    assert table.read_bytes() == before


def test_failures_are_sentences_and_leave_nothing(
    folder: Path, table: Path, log: ReviewLog, tmp_path: Path
) -> None:
    target = tmp_path / "r.html"
    with pytest.raises(OutputError):
        make_report(tmp_path / "gone.csv", target, ReportOptions(), CTX)
    with pytest.raises(UsageError):
        make_report(table, target, ReportOptions(images=tmp_path / "gone", log=log), CTX)
    with room_for(2000), pytest.raises(OutputUnwritable):
        make_report(table, target, ReportOptions(), CTX)
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        make_report(table, target, ReportOptions(), ctx)
    tamper(log.path, "UPDATE entries SET chosen = 'x'")
    with pytest.raises(ReviewLogDamaged, match="Entry 1"):
        make_report(table, target, ReportOptions(images=folder, log=log), CTX)
    assert not target.exists()

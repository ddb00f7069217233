"""`lungviewer series` as a person uses it: folders of slices in, sentences and a table out."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from tests.fixtures.ct_packs import ct_pack, slice_of
from tests.fixtures.dicoms import write_frames, write_slice
from tests.fixtures.packs import tiny_pack
from tests.fixtures.scans import LENIENT
from tests.fixtures.series_runs import CHEST, chest, run, table
from tests.fixtures.views import blocks


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return ct_pack(tmp_path_factory.mktemp("packs") / "ct")


def test_a_series_is_summed_up_and_every_slice_is_a_row(tmp_path, pack, capsys):
    folder = chest(tmp_path / "in")
    assert run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Series 1 (.): 6 slices of 64 × 64 pixels, 0.7 mm each, every 2 mm"
    assert said[1].startswith("  Benign in 1 of 6 slices: 4; surest 4 (")
    assert said[2].startswith("  Malignant in 3 of 6 slices: 2–3, 6; surest ")
    assert "  Refused: 1 slice: 5" in said
    assert "    5: The field is uniform: there is nothing to classify." in said
    assert said[-1] == "Research use only, not for diagnosis."
    rows = table(tmp_path / "out.csv")
    assert [row["predicted_class"] for row in rows] == ["" if c == "empty" else c for c in CHEST]
    assert [row["position_mm"] for row in rows] == [f"{-2 * z}.000" for z in range(6)]
    assert [row["instance"] for row in rows] == list("123456")
    assert [row["path"] for row in rows] == [f"{9 - z}.dcm" for z in range(6)]
    assert (rows[4]["status"], rows[4]["reason"], rows[4]["confidence"]) == ("refused", "empty", "")
    for row in rows:
        assert sum(float(row[f"p_{c}"]) for c in ("benign", "malignant", "normal")) == pytest.approx(
            1, abs=1e-5
        )


def test_two_series_of_a_folder_and_a_report_among_them(tmp_path, pack, capsys):
    folder = chest(tmp_path / "in", CHEST[:3], "first", "a")
    chest(folder, CHEST[:2], "second", "b", SeriesNumber=9)
    write_slice(folder / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    (folder / "notes.txt").write_text("no slice")
    assert run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv") == 0
    spoken = capsys.readouterr()
    assert [line.split(":")[0] for line in spoken.out.splitlines() if line.startswith("Series")] == [
        "Series 1 (.)",
        "Series 2 (.)",
    ]
    assert "1 DICOM file left out: The DICOM file is a structured report." in spoken.err
    rows = table(tmp_path / "out.csv")
    assert [(row["series"], row["slice"]) for row in rows] == [
        *(("1", str(n)) for n in (1, 2, 3)),
        *(("2", str(n)) for n in (1, 2)),
        ("", ""),
    ]
    assert (rows[-1]["path"], rows[-1]["status"]) == ("report.dcm", "error")
    assert rows[-1]["reason"] == "unsupported_format"
    assert rows[-1]["error"].startswith("The DICOM file is a structured report.")


def test_a_gap_is_told_with_its_place_and_a_damaged_slice_costs_itself(tmp_path, pack, capsys):
    folder = chest(tmp_path / "in")
    (folder / "7.dcm").unlink()  # the third
    damaged = folder / "6.dcm"
    damaged.write_bytes(damaged.read_bytes()[:-500])
    assert run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv") == 1
    said = capsys.readouterr().out
    assert "Slices are missing within the series. (After slice 2.)" in said
    assert "Not read: 3: The DICOM file ends in the middle of its pixels." in said
    row = table(tmp_path / "out.csv")[2]
    assert (row["status"], row["reason"]) == ("error", "truncated")
    assert (row["predicted_class"], row["p_normal"]) == ("", "")
    assert row["error"].startswith("The DICOM file ends in the middle")


def test_every_dicom_file_is_a_row_of_its_own(tmp_path, pack, capsys):
    folder = chest(tmp_path / "in" / "a", CHEST[:3])
    other = tmp_path / "in" / "b"
    other.mkdir()
    (other / "cut.dcm").write_bytes((folder / "9.dcm").read_bytes()[:400])
    write_slice(other / "10.dcm", Modality="MR")
    write_slice(other / "9.dcm", Modality="MR")
    Image.fromarray(blocks(64, 64)).save(other / "picture.png")
    assert run("series", tmp_path / "in", "-r", "--pack", pack, "--csv", tmp_path / "out.csv") == 1
    rows = table(tmp_path / "out.csv")
    assert [row["path"] for row in rows] == [
        "a/9.dcm",
        "a/8.dcm",
        "a/7.dcm",
        "b/9.dcm",
        "b/10.dcm",
        "b/cut.dcm",
    ]
    assert [row["status"] for row in rows[3:]] == ["error"] * 3
    assert {row["model"] for row in rows} == {"tiny-ct"}
    assert all(row["reason"] and row["error"] for row in rows[3:])
    assert "1 file of another kind" in capsys.readouterr().err


def test_sub_folders_are_entered_when_asked(tmp_path, pack, capsys):
    chest(tmp_path / "in" / "left", CHEST[:2])
    assert run("series", tmp_path / "in", "--pack", pack) == 2
    assert run("series", tmp_path / "in", "--pack", pack, "-r") == 0
    assert "Series 1 (left):" in capsys.readouterr().out


@pytest.mark.parametrize(
    "case", ["nothing there", "no such folder", "a histology pack", "a slice's name", "a text"]
)
def test_what_makes_no_sense_is_told_and_nothing_is_touched(tmp_path, pack, capsys, case):
    folder = chest(tmp_path / "in", CHEST[:1])
    before = (folder / "9.dcm").read_bytes()
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.csv").write_text("mine")
    tissue = tiny_pack(tmp_path / "tissue", checks=LENIENT)
    code = {
        "nothing there": lambda: run("series", tmp_path / "empty", "--pack", pack),
        "no such folder": lambda: run("series", tmp_path / "none", "--pack", pack),
        "a histology pack": lambda: run("series", folder, "--pack", tissue),
        "a slice's name": lambda: run("series", folder, "--pack", pack, "--csv", folder / "9.dcm"),
        "a text": lambda: run("series", folder, "--pack", pack, "--csv", tmp_path / "text.csv"),
    }[case]()
    assert code == 2
    assert capsys.readouterr().err.startswith("lungviewer: ")
    assert (folder / "9.dcm").read_bytes() == before
    assert (tmp_path / "text.csv").read_text() == "mine"


def test_the_table_is_drawn_anew_over_an_older_one(tmp_path, pack):
    folder = chest(tmp_path / "in", CHEST[:2])
    for _ in range(2):
        assert run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv", "--quiet") == 0
    assert len(table(tmp_path / "out.csv")) == 2


def test_neither_names_nor_headers_become_formulas_or_tell_of_a_patient(tmp_path, pack, capsys):
    folder = chest(
        tmp_path / "in",
        CHEST[:2],
        PatientName="Canary^Clara",
        PatientID="CANARY",
        SeriesDescription="=CANARY()",
    )
    (folder / "9.dcm").rename(folder / "=HYPERLINK(1).dcm")
    assert run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv") == 0
    spoken = capsys.readouterr()
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    for said in (text, spoken.out, spoken.err):
        assert "canary" not in said.lower()
        assert "2.25." not in said
    assert {row["path"] for row in table(tmp_path / "out.csv")} == {"'=HYPERLINK(1).dcm", "8.dcm"}


def test_one_file_is_a_series_and_an_image(tmp_path, pack, capsys):
    path = write_slice(tmp_path / "one.dcm", slice_of("malignant"))
    assert run("series", path, "--pack", pack) == 0
    assert "1 slice of 64 × 64 pixels" in capsys.readouterr().out
    assert run("classify", path, "--pack", pack, "--json", "--overlay", tmp_path / "a.png") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["kind"], record["predicted_class"], record["um_per_px"]) == ("ct", "malignant", 700.0)
    assert (tmp_path / "a.png").exists()


def test_every_encoding_that_is_read_is_in_a_series_deflated_too(pack, shared_data, tmp_path, capsys):
    folder = shared_data / "ct_dicom" / "transfer_syntaxes"
    if not folder.is_dir():
        pytest.skip("needs ct_dicom/transfer_syntaxes")
    run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv")
    read = {row["path"] for row in table(tmp_path / "out.csv")}
    assert any("Deflated" in name for name in read)
    assert len(read) >= 12
    assert "Some slices of the series lie at the same place." in capsys.readouterr().out


def test_a_drawn_series_is_told_from_end_to_end(pack, tmp_path, capsys):
    assert run("samples", "--ct", 5, tmp_path) == 0
    assert run("series", tmp_path / "synthetic_ct_5", "--pack", pack) == 0
    assert "5 slices of 512 × 512 pixels, 0.703 mm each, every 60 mm" in capsys.readouterr().out


def test_of_a_file_of_slices_the_answer_says_which_slice_it_is_of(pack, tmp_path, capsys):
    frames = [slice_of(name, seed=z) for z, name in enumerate(CHEST[:4])]
    assert run("classify", write_frames(tmp_path / "many.dcm", frames), "--pack", pack) == 0
    said = capsys.readouterr().out
    assert "4 of 4 slices read: Malignant 2, Normal 1, Benign 1" in said
    assert any(
        f"slice_{n}_of_4: The file has 4 slices; this is the answer for slice {n}," in said for n in (2, 3)
    )

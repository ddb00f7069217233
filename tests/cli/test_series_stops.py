"""`lungviewer series` that is stopped, or has nothing to do."""

from __future__ import annotations

import os
import signal

import pytest
from PIL import Image

from lungviewer.core.errors import BackendError, ImageCorrupt
from lungviewer.services import ct_folder
from lungviewer.services.engine import InferenceEngine
from tests.fixtures.ct_packs import ct_pack
from tests.fixtures.dicoms import write_slice
from tests.fixtures.series_runs import CHEST, chest, run, table
from tests.fixtures.views import blocks


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return ct_pack(tmp_path_factory.mktemp("packs") / "ct")


@pytest.fixture
def two(tmp_path):
    """A folder of a series of three slices, and one of four."""
    chest(tmp_path / "in", CHEST[:3], "first", "a", SeriesNumber=1)
    return chest(tmp_path / "in", CHEST[:4], "second", "b", SeriesNumber=2)


@pytest.fixture
def at_field(monkeypatch):
    """Have something happen before the model sees a field, by its number from 1."""

    def install(number, happen):
        real, seen = InferenceEngine.analyse, [0]

        def analyse(engine, fields, checks):
            seen[0] += len(fields)
            if seen[0] >= number:
                happen()
            return real(engine, fields, checks)

        monkeypatch.setattr(InferenceEngine, "analyse", analyse)

    return install


def fail():
    raise BackendError("The model stopped.", hint="Try again.")


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to oneself alone")
@pytest.mark.parametrize(
    ("happen", "exit_code", "code", "sentence"),
    [
        (fail, 2, "backend_error", "The model stopped. Try again."),
        (interrupt, 130, "cancelled", "The job was stopped."),
    ],
)
def test_what_was_finished_before_a_stop_is_kept(
    tmp_path, pack, two, at_field, capsys, happen, exit_code, code, sentence
):
    """The second slice of the second series is the fifth field."""
    at_field(5, happen)
    out = tmp_path / "out.csv"
    write_slice(two / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    assert run("series", two, "--pack", pack, "--csv", out, "--batch", 1, "--readers", 1) == exit_code
    rows = table(out)
    assert [row["series"] for row in rows] == [*"1112222", ""]
    assert [row["predicted_class"] for row in rows[:3]] == list(CHEST[:3])
    judged = [row for row in rows[3:7] if row["status"] != "error"]
    left = [row for row in rows[3:7] if row["status"] == "error"]
    assert len(judged) <= 2
    assert {(row["reason"], row["error"]) for row in left} == {(code, sentence)}
    spoken = capsys.readouterr()
    assert "Malignant in 2 of 3 slices" in spoken.out
    assert f"{len(judged)} of 4 slices were looked at." in spoken.out
    assert (
        "Stopped: 1 of 2 series was finished. The table says which slices were not looked at." in spoken.err
    )
    assert ("The model stopped." in spoken.err) == (happen is fail)


def test_series_after_a_stop_are_in_the_table_too(tmp_path, pack, two, at_field):
    chest(two, CHEST[:2], "third", "c", SeriesNumber=3)
    at_field(4, fail)
    assert run("series", two, "--pack", pack, "--csv", tmp_path / "out.csv", "--quiet") == 2
    rows = table(tmp_path / "out.csv")
    assert [row["series"] for row in rows] == list("111222233")
    assert {row["reason"] for row in rows[3:]} == {"backend_error"}


@pytest.mark.parametrize(
    "happen", [fail, pytest.param(interrupt, marks=pytest.mark.skipif(os.name == "nt", reason="no Ctrl-C"))]
)
def test_a_stop_before_anything_is_judged_leaves_an_older_table(tmp_path, pack, two, monkeypatch, happen):
    out = tmp_path / "out.csv"
    assert run("series", two, "--pack", pack, "--csv", out) == 0
    before = out.read_bytes()
    real = ct_folder.classify_series

    def judge(*given, **options):
        happen()
        return real(*given, **options)

    monkeypatch.setattr(ct_folder, "classify_series", judge)
    assert run("series", two, "--pack", pack, "--csv", out, "--batch", 1) == (2 if happen is fail else 130)
    assert out.read_bytes() == before


def test_a_series_that_cannot_be_opened_costs_no_other(tmp_path, pack, two, monkeypatch, capsys):
    real, calls = ct_folder.classify_series, []

    def judge(*given, **options):
        calls.append(given)
        if len(calls) == 1:
            raise ImageCorrupt("The slices contradict each other.")
        return real(*given, **options)

    monkeypatch.setattr(ct_folder, "classify_series", judge)
    assert run("series", two, "--pack", pack, "--csv", tmp_path / "out.csv") == 1
    rows = table(tmp_path / "out.csv")
    assert {(r["status"], r["reason"]) for r in rows[:3]} == {("error", "corrupt")}
    assert [r["predicted_class"] for r in rows[3:]] == list(CHEST[:4])
    assert "The slices contradict each other." in capsys.readouterr().err


# --- nothing to do -----------------------------------------------------------------------------------


def write_report(folder):
    return write_slice(folder / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")


def write_picture(folder):
    Image.fromarray(blocks(64, 64)).save(folder / "picture.png")


def write_deep(folder):
    chest(folder / "deep", CHEST[:1])


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda folder: None, "No CT series was found there. Choose a folder that DICOM slices lie in."),
        (
            write_report,
            "No CT series was found there. 1 DICOM file left out: The DICOM file is a structured report. ",
        ),
        (
            write_picture,
            "No CT series was found there, only 1 file of another kind. Choose a folder that DICOM slices "
            "lie in; for pictures and whole slides, scan it instead (`lungviewer scan`).",
        ),
        (write_deep, "No CT series was found there. Enter sub-folders (--recursive)"),
    ],
)
def test_a_folder_without_ct_says_what_is_there_instead(tmp_path, pack, capsys, write, said):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder)
    assert run("series", folder, "--pack", pack, "--csv", tmp_path / "out.csv") == 2
    assert capsys.readouterr().err.startswith(f"lungviewer: {said}")
    assert not (tmp_path / "out.csv").exists()


def test_a_report_that_is_named_is_told_to_be_one(tmp_path, pack, capsys):
    assert run("series", write_report(tmp_path), "--pack", pack) == 2
    assert "The DICOM file is a structured report." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("small.svs", "only 1 file of another kind"),
        ("wsi_multiframe_no_mpp.dcm", "The DICOM file is a photograph or microscope picture."),
    ],
)
def test_a_slide_is_no_series(pack, shared_data, capsys, name, kind):
    assert run("series", shared_data / "slides" / name, "--pack", pack) == 2
    said = capsys.readouterr().err
    assert kind in said
    assert "for pictures and whole slides, scan it instead (`lungviewer scan`)" in said


def test_damaged_slices_alone_are_rows_and_no_bad_use(tmp_path, pack, capsys):
    whole = (chest(tmp_path / "in", CHEST[:1]) / "9.dcm").read_bytes()
    (tmp_path / "in" / "9.dcm").write_bytes(whole[:400])
    assert run("series", tmp_path / "in", "--pack", pack, "--csv", tmp_path / "out.csv") == 1
    (row,) = table(tmp_path / "out.csv")
    assert (row["path"], row["status"], row["series"]) == ("9.dcm", "error", "")
    spoken = capsys.readouterr()
    assert "No CT series was found there." in spoken.out
    assert "1 DICOM file left out: " in spoken.err

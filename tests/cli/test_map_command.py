"""`lungviewer map` as a person uses it: slides in, files that other programs read out."""

import csv
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
import shapely.geometry
import tifffile

from lungviewer.cli.main import main
from lungviewer.core import slide_summary
from lungviewer.core.errors import OutputBusy
from lungviewer.exporters.csv_table import read_records
from lungviewer.readers import opening
from lungviewer.readers.slide_open import open_slide_here
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.results_folder import ResultsFolder
from tests.fixtures.packs import BEIGE, PINK, PURPLE, paint, tiny_pack
from tests.fixtures.scans import LENIENT
from tests.fixtures.slides import aperio, leica, tiled_tiff

SIDE = 128
"""Level-0 pixels of a tile: the tiny pack looks at 64 µm, and the slides have 0.5 µm/px."""

_OPEN_SLIDE = opening.open_slide

PURPLE_AT, PINK_AT = (1, 1, 3, 3), (5, 1, 2, 4)  # column, row, columns, rows of tiles


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """What is kept of maps goes nowhere else."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "data"))


@pytest.fixture
def in_processes(monkeypatch):
    """Slides are read as they are in earnest, by other processes: a second or two for each."""
    monkeypatch.setattr(opening, "open_slide", _OPEN_SLIDE)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    def here(path, um_per_px=None, *, colour_managed=False, **_):
        return open_slide_here(path, um_per_px, colour_managed)

    monkeypatch.setattr(opening, "open_slide", here)


@pytest.fixture(autouse=True)
def calls_of_small_slides(monkeypatch):
    """The drawn slides hold less tissue than a call asks for."""
    monkeypatch.setattr(slide_summary, "LITTLE_MM2", 0.0)


@pytest.fixture
def pack(tmp_path):
    return tiny_pack(tmp_path / "tiny", checks=replace(LENIENT, min_tissue=0.05))


def picture(columns=8, rows=6):
    """Glass, with a purple and a pink piece that fill whole tiles."""
    pixels = np.full((rows * SIDE, columns * SIDE, 3), 244, np.uint8)
    for colour, (column, row, across, down) in ((PURPLE, PURPLE_AT), (PINK, PINK_AT)):
        place = np.s_[row * SIDE : (row + down) * SIDE, column * SIDE : (column + across) * SIDE]
        pixels[place] = paint(colour, across * SIDE, down * SIDE)
    return pixels


@pytest.fixture
def slides(tmp_path):
    folder = tmp_path / "slides"
    folder.mkdir()
    aperio(folder / "one.svs", picture())
    return folder


def run(*arguments):
    return main([str(a) for a in arguments])


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def boxes(path, label):
    """The shapes of all tiles of a class."""
    features = json.loads(path.read_text("utf-8"))["features"]
    return [
        shapely.geometry.shape(f["geometry"])
        for f in features
        if f["properties"]["objectType"] == "tile" and f["properties"]["classification"]["name"] == label
    ]


def truth(place):
    column, row, across, down = place
    return [n * SIDE for n in (column, row, column + across, row + down)]


def test_help_answers_without_heavy_modules(capsys):
    with pytest.raises(SystemExit) as stop:
        run("map", "--help")
    assert stop.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not for diagnosis" in said
    assert "--exports" in said


def test_a_slide_becomes_a_folder_of_results_and_a_summary(slides, pack, tmp_path, capsys, in_processes):
    out = tmp_path / "out"
    assert run("map", slides / "one.svs", "-o", out, "--pack", pack) == 0
    said = capsys.readouterr().out
    assert "Tumour A. Needs review." in said
    assert "Tumour 100 % of" in said
    assert "1 of 1 slides mapped" in said
    assert f"Results: {out}" in said
    assert "Research use only" in said
    names = {p.relative_to(out).as_posix() for p in out.rglob("*.*") if p.is_file() and p.name[0] != "."}
    (run_file,) = out.glob("run_metadata_*.json")
    assert names == {
        "model-outputs-csv/one.csv",
        "model-outputs-geojson/one.geojson",
        "masks/one.jpg",
        "overlays/one.png",
        "probability/one.ome.tiff",
        "slides.csv",
        run_file.name,
    }
    ((row,), _) = read_records(out / "slides.csv")
    assert (row.path, row.kind, row.predicted_class, row.confidence) == ("one.svs", "slide", "tumour_a", None)


def test_shapes_lie_where_the_tissue_was_drawn(slides, pack, tmp_path):
    out = tmp_path / "out"
    assert run("map", slides, "-o", out, "--pack", pack) == 0
    for label, place in (("Tumour A", PURPLE_AT), ("Tumour B", PINK_AT)):
        union = shapely.unary_union(boxes(out / "model-outputs-geojson/one.geojson", label))
        np.testing.assert_allclose(union.bounds, truth(place), atol=1)
        assert union.area == pytest.approx(shapely.box(*truth(place)).area, rel=1e-3)
    planes = tifffile.imread(out / "probability/one.ome.tiff")
    for channel, (column, row, across, down) in enumerate((PURPLE_AT, PINK_AT)):
        expected = np.zeros(planes.shape[1:], bool)
        expected[row : row + down, column : column + across] = True
        np.testing.assert_array_equal(planes[channel] > 200, expected)


def test_a_slide_with_bounds_is_told_in_qupaths_frame_and_its_table_in_the_files(pack, tmp_path):
    """QuPath crops a slide to the bounds that it states; WSInfer does not."""
    import openslide

    path, place = tmp_path / "in" / "bounds.scn", (646, 390)
    path.parent.mkdir()
    leica(path, [(picture(), place)], (3000, 2000))
    out = tmp_path / "out"
    assert run("map", path, "-o", out, "--pack", pack) == 0
    for label, where in (("Tumour A", PURPLE_AT), ("Tumour B", PINK_AT)):
        union = shapely.unary_union(boxes(out / "model-outputs-geojson/bounds.geojson", label))
        np.testing.assert_allclose(union.bounds, truth(where), atol=1)
    rows = [row for row in table(out / "model-outputs-csv/bounds.csv") if row["status"] != "refused"]
    assert len(rows) == 9 + 8
    with openslide.OpenSlide(path) as slide:
        assert int(slide.properties["openslide.bounds-x"]) == place[0]
        for row in rows:
            box = [int(row[name]) for name in ("minx", "miny", "width", "height")]
            seen = np.asarray(slide.read_region(box[:2], 0, box[2:]).convert("RGB"), float).mean(axis=(0, 1))
            expected = PURPLE if float(row["prob_tumour_a"]) > 0.5 else PINK
            np.testing.assert_allclose(seen, expected, atol=3)
    run_file = next(out.glob("run_metadata_*.json"))
    assert json.loads(run_file.read_text("utf-8"))["slides"][0]["offset"] == list(place)


def test_one_bad_slide_does_not_stop_the_others(slides, pack, tmp_path, capsys):
    (slides / "bad.svs").write_bytes(b"II*\0 nothing")
    tiled_tiff(slides / "without_scale.tiff", picture(), um_per_px=None)
    out = tmp_path / "out"
    named = [slides / name for name in ("bad.svs", "one.svs", "without_scale.tiff")]
    assert run("map", *named, "-o", out, "--pack", pack, "--exports", "csv") == 1
    said = capsys.readouterr()
    rows = {row.path: row for row in read_records(out / "slides.csv")[0]}
    assert {name: row.status.value for name, row in rows.items()} == {
        "bad.svs": "error",
        "one.svs": "review",
        "without_scale.tiff": "error",
    }
    assert rows["without_scale.tiff"].reason == "spacing_unknown"
    assert "without_scale.tiff: spacing_unknown" in said.err
    assert "State its µm per pixel (--um-per-px)" in said.err
    assert "bad.svs: " in said.err
    assert "1 of 3 slides mapped" in said.out


def test_a_scale_that_a_person_gives_is_used_and_told_in_every_export(slides, pack, tmp_path):
    tiled_tiff(slides / "without_scale.tiff", picture(), um_per_px=None)
    out = tmp_path / "out"
    slide = slides / "without_scale.tiff"
    assert run("map", slide, "-o", out, "--pack", pack, "--um-per-px", 0.25) == 0
    features = json.loads((out / "model-outputs-geojson/without_scale.geojson").read_text("utf-8"))[
        "features"
    ]
    assert {f["properties"]["metadata"]["um per px from"] for f in features} == {"user"}
    assert int(table(out / "model-outputs-csv/without_scale.csv")[0]["width"]) == 256
    with tifffile.TiffFile(out / "probability/without_scale.ome.tiff") as file:
        assert '<M K="um per px from">user</M>' in file.ome_metadata
    run_file = json.loads(next(out.glob("run_metadata_*.json")).read_text("utf-8"))
    assert (run_file["slides"][0]["um_per_px"], run_file["slides"][0]["um_per_px_source"]) == (0.25, "user")


def test_of_a_folder_its_slides_are_mapped_and_nothing_else(slides, pack, tmp_path, capsys):
    from PIL import Image

    Image.fromarray(paint(BEIGE)).save(slides / "plain.png")
    (slides / "notes.txt").write_text("notes")
    first = tmp_path / "first"
    assert run("map", slides, "-o", first, "--pack", pack, "--exports", "ome-tiff,csv") == 0
    assert "1 of 1 slides mapped; 2 other files are no slides" in capsys.readouterr().out
    # A map is a pyramid, too, but no slide.
    (slides / "map.ome.tiff").write_bytes((first / "probability/one.ome.tiff").read_bytes())
    assert run("map", slides, "-o", tmp_path / "second", "--pack", pack, "--exports", "csv") == 0
    assert [r.path for r in read_records(tmp_path / "second/slides.csv")[0]] == ["one.svs"]


def test_a_folder_without_slides_is_said_so(pack, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run("map", tmp_path / "empty", "-o", tmp_path / "out", "--pack", pack) == 2
    assert capsys.readouterr().err.startswith("lungviewer: No slide was found there. ")
    assert not (tmp_path / "out").exists()


def test_sub_folders_are_entered_when_asked_for(slides, pack, tmp_path, capsys):
    arguments = ("-o", slides / "out", "--pack", pack, "--exports", "csv,mask,ome-tiff")
    assert run("map", tmp_path / "slides" / "..", *arguments) == 2
    said = capsys.readouterr().err
    assert "No slide was found there; 2 sub-folders were not entered." in said
    assert "Enter sub-folders (--recursive)" in said
    assert run("map", slides.parent, "--recursive", *arguments) == 0
    assert [r.path for r in read_records(slides / "out/slides.csv")[0]] == ["slides/one.svs"]
    capsys.readouterr()
    assert run("map", slides, *arguments) == 0
    assert "1 sub-folders were not entered; --recursive does." in capsys.readouterr().out
    assert run("map", slides, "-r", *arguments) == 0  # what it wrote there is not mapped
    assert "1 of 1 slides mapped" in capsys.readouterr().out


def test_slides_of_one_name_in_two_folders_do_not_overwrite_each_other(slides, pack, tmp_path):
    (tmp_path / "others").mkdir()
    aperio(tmp_path / "others" / "one.svs", picture(columns=9))
    out = tmp_path / "out"
    assert run("map", slides, tmp_path / "others", "-o", out, "--pack", pack, "--exports", "csv") == 0
    assert len(list((out / "model-outputs-csv").iterdir())) == 2
    assert [r.path for r in read_records(out / "slides.csv")[0]] == ["one.svs", "one.svs (2)"]


def test_slides_of_different_trees_are_called_by_what_was_named(slides, pack, tmp_path):
    deep = tmp_path / "someone" / "deep"
    deep.mkdir(parents=True)
    aperio(deep / "two.svs", picture(columns=9))
    out = tmp_path / "out"
    command = ("map", slides / "one.svs", tmp_path / "someone", "-r", "-o", out, "--pack", pack)
    assert run(*command, "--exports", "csv") == 0
    assert [r.path for r in read_records(out / "slides.csv")[0]] == ["deep/two.svs", "one.svs"]
    (run_file,) = out.glob("run_metadata_*.json")
    assert "someone" not in run_file.read_text("utf-8")


def test_results_of_an_earlier_run_stay(slides, pack, tmp_path):
    out = tmp_path / "out"
    assert run("map", slides, "-o", out, "--pack", pack) == 0
    before = {p: p.read_bytes() for p in out.rglob("one.*")}
    aperio(slides / "two.svs", picture(rows=7))
    assert run("map", slides / "two.svs", "-o", out, "--pack", pack, "--exports", "csv,mask") == 0
    assert {p: p.read_bytes() for p in out.rglob("one.*")} == before
    assert [r.path for r in read_records(out / "slides.csv")[0]] == ["one.svs", "two.svs"]
    assert len(list(out.glob("run_metadata_*.json"))) == 2


def test_levels_of_one_dicom_slide_are_mapped_once(shared_data, tmp_path, capsys):
    folder = shared_data / "slides" / "cmu_small_region_dicom"
    pack = tiny_pack(tmp_path / "wide", checks=LENIENT, um_per_px=8.0)
    assert run("map", folder, "-o", tmp_path / "out", "--pack", pack, "--exports", "csv") == 0
    assert "1 of 1 slides mapped" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_stopped_it_goes_on_inside_the_slide(slides, pack, tmp_path, monkeypatch, capsys):
    aperio(
        slides / "one.svs",
        np.pad(paint(PURPLE, 1280, 960), ((64, 64), (64, 64), (0, 0)), constant_values=244),
        um_per_px=1,
    )
    analyse, seen = InferenceEngine.analyse, []

    def counted(self, fields, failed_checks):
        seen.append(len(fields))
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return analyse(self, fields, failed_checks)

    monkeypatch.setattr(InferenceEngine, "analyse", counted)
    arguments = ("map", slides, "-o", tmp_path / "out", "--pack", pack, "--batch", 16, "--exports", "csv")
    assert run(*arguments) == 130
    assert "Stopped. Give the same command again to go on." in capsys.readouterr().err
    first = sum(seen)
    assert run(*arguments) == 0
    tiles = len(table(tmp_path / "out/model-outputs-csv/one.csv"))
    assert first < tiles
    assert sum(seen) == tiles  # nothing twice
    assert run(*arguments) == 0
    assert sum(seen) == tiles
    seen.clear()
    assert run(*arguments, "--fresh") == 130
    assert "Give the same command again, without --fresh, to go on." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.svs", "-o", "out"], "no such file or folder: nowhere.svs"),
        (["slides/one.svs", "-o", "slides"], "slides lie in"),
        (["slides", "-o", "slides"], "slides lie in"),
        (["slides", "-o", "file"], "no folder"),
        (["slides", "-o", "o" * 300], "could not be made"),
        (["slides", "-o", "out", "--pack", "no-such-pack"], "no such pack"),
    ],
)
def test_bad_use_is_one_sentence_and_exit_code_two(
    slides, pack, tmp_path, monkeypatch, capsys, arguments, said
):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    if "--pack" not in arguments:
        arguments = [*arguments, "--pack", str(pack)]
    assert run("map", *arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("lungviewer: ")
    assert said in lines[0]
    assert not Path("out").exists()
    assert [p.name for p in slides.iterdir()] == ["one.svs"]


@pytest.mark.parametrize(
    "more",
    [
        ["--overlap", "0.8"],
        ["--tissue-threshold", "2"],
        ["--exports", "pdf"],
        ["--exports", ","],
        ["--readers", "0"],
    ],
)
def test_options_that_make_no_sense_are_refused(more):
    with pytest.raises(SystemExit) as stop:
        run("map", "x.svs", "-o", "out", *more)
    assert stop.value.code == 2


def test_a_table_that_another_program_saves_costs_rows_and_not_the_run(slides, pack, tmp_path, capsys):
    aperio(slides / "two.svs", picture(rows=7))
    (slides / "x.svs").write_bytes(b"II*\0 nothing")
    out = tmp_path / "out"
    named = [slides / name for name in ("one.svs", "two.svs", "x.svs")]
    record = ResultsFolder.record

    def spoiled(self, row, *more):
        record(self, row, *more)
        (out / "slides.csv").write_text("path;kind")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResultsFolder, "record", spoiled)
        assert run("map", *named, "-o", out, "--pack", pack, "--exports", "csv") == 1
    said = capsys.readouterr()
    assert "1 of 3 slides mapped" in said.out
    assert "two.svs: output_error: " in said.err
    assert "x.svs: output_error: " in said.err
    assert {p.name for p in (out / "model-outputs-csv").iterdir()} == {"one.csv", "two.csv"}


def test_a_folder_that_somebody_else_holds_costs_a_slide_and_not_the_run(
    slides, pack, tmp_path, capsys, monkeypatch
):
    aperio(slides / "two.svs", picture(rows=7))
    claim = ResultsFolder.claim

    def busy_once(self, slide, identity, name):
        if name == "one.svs":
            raise OutputBusy("Another program writes into this folder of results just now.")
        return claim(self, slide, identity, name)

    monkeypatch.setattr(ResultsFolder, "claim", busy_once)
    assert run("map", slides, "-o", tmp_path / "out", "--pack", pack, "--exports", "csv") == 1
    assert "one.svs: output_busy: " in capsys.readouterr().err
    assert [r.path for r in read_records(tmp_path / "out/slides.csv")[0]] == ["two.svs"]


def test_a_file_in_the_place_of_one_export_costs_that_slide_its_files_only(slides, pack, tmp_path, capsys):
    aperio(slides / "two.svs", picture(rows=7))
    out = tmp_path / "out"
    arguments = ("map", slides, "-o", out, "--pack", pack, "--exports", "csv")
    assert run(*arguments) == 0
    (out / "model-outputs-csv/one.csv").write_text("mine")
    (out / "model-outputs-csv/two.csv").unlink()
    assert run(*arguments) == 1
    assert "one.svs: output_unwritable: " in capsys.readouterr().err
    assert (out / "model-outputs-csv/one.csv").read_text() == "mine"
    assert (out / "model-outputs-csv/two.csv").exists()

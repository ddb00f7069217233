"""A map into a folder of results: the layout, names, what must not be replaced, what stays."""

from __future__ import annotations

import errno
import itertools
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from lungviewer.core.errors import (
    Cancelled,
    ImageCorrupt,
    ImageError,
    OutputBusy,
    OutputError,
    OutputUnwritable,
    UsageError,
)
from lungviewer.core.job import CancellableContext, NullContext, RecordingContext
from lungviewer.core.types import ImageRecord, Status
from lungviewer.exporters.csv_table import read_records, write_image_csv
from lungviewer.services import results_folder, slide_export
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind
from lungviewer.services.results_folder import ResultsFolder, check_results_folder
from lungviewer.services.slide_export import export_map, run_metadata
from tests.fixtures.packs import tiny_spec
from tests.fixtures.slide_maps import PROVENANCE, overview, slide_map

SPEC = tiny_spec()


def export(folder, slide=None, kinds=USUAL_KINDS, ctx=None):
    slide = slide or slide_map()
    picture = overview(slide, 300)
    return export_map(slide, SPEC, folder, kinds, ctx or NullContext(), overview=picture)


def named(name, identity, **changes):
    """A map of a slide of that name, with its row."""
    slide = slide_map(columns=6, rows=5, name=name, identity=identity)
    record = replace(slide.record, path=os.fsencode(name).decode("utf-8", "backslashreplace"))
    return replace(slide, record=replace(record, **changes))


def results_in(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name[0] != "."}


def test_the_layout_is_that_of_wsinfer_and_ours_beside_it(tmp_path):
    written = export(tmp_path / "out")
    assert written == (
        "model-outputs-csv/slide.csv",
        "model-outputs-geojson/slide.geojson",
        "probability/slide.ome.tiff",
        "masks/slide.jpg",
        "overlays/slide.png",
    )
    (run,) = (tmp_path / "out").glob("run_metadata_????????T??????.json")
    assert results_in(tmp_path / "out") == {*written, "slides.csv", run.name}


@pytest.mark.parametrize("kind", ExportKind)
def test_each_kind_can_be_asked_for_alone(tmp_path, kind):
    (written,) = export(tmp_path, kinds=(kind,))
    assert written == f"{kind.folder}/slide{kind.suffix}"
    (run,) = tmp_path.glob("run_metadata_*.json")
    assert results_in(tmp_path) == {written, "slides.csv", run.name}
    said = json.loads(run.read_text("utf-8"))
    assert said["options"]["exports"] == kind
    assert said["slides"][0]["files"] == [written]


def test_the_row_is_the_maps_record(tmp_path):
    slide = slide_map(columns=24, rows=18)
    export(tmp_path, slide)
    rows, ids = read_records(tmp_path / "slides.csv")
    assert ids == SPEC.class_ids
    assert [(r.path, r.kind, r.status, r.predicted_class) for r in rows] == [
        ("slide.svs", "slide", slide.summary.status, slide.summary.predicted or "")
    ]


def test_run_metadata_name_the_slide_its_scale_and_its_origin_but_no_place(tmp_path):
    export(tmp_path / "out")
    (run,) = (tmp_path / "out").glob("run_metadata_*.json")
    text = run.read_text("utf-8")
    (slide,) = json.loads(text)["slides"]
    assert (slide["name"], slide["results"], slide["complete"]) == ("slide.svs", "slide", True)
    assert (slide["um_per_px"], slide["um_per_px_source"], slide["tile_px"]) == (0.5, "slide", 128)
    assert str(tmp_path) not in text
    assert Path.home().name not in text or Path.home().name in ("", "root")
    assert "refused tiles do not count" in json.loads(text)["rule"]


def test_the_overlay_is_a_picture_with_words_round_it(tmp_path):
    export(tmp_path, kinds=(ExportKind.OVERLAY,))
    with Image.open(tmp_path / "overlays/slide.png") as picture:
        assert picture.width >= 300
        assert "not for diagnosis" in picture.info["Comment"]


def test_a_second_export_replaces_the_first_and_says_so_in_metadata_of_its_own(tmp_path):
    first = export(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in first}
    assert export(tmp_path) == first
    assert {name: (tmp_path / name).read_bytes() for name in first} == before
    assert len(list(tmp_path.glob("run_metadata_*.json"))) == 2
    assert len(read_records(tmp_path / "slides.csv")[0]) == 1


def test_two_slides_of_one_name_have_files_and_rows_of_their_own_whatever_the_order(tmp_path):
    one, other = named("a.svs", "11" * 32), named("a.svs", "22" * 32, analysed_at="2025-02-02T00:00:00+00:00")
    kinds = (ExportKind.CSV,)
    (first,) = export(tmp_path, one, kinds)
    (second,) = export(tmp_path, other, kinds)
    assert first == "model-outputs-csv/a.csv"
    assert second.startswith("model-outputs-csv/a-")
    assert len(read_records(tmp_path / "slides.csv")[0]) == 2
    assert export(tmp_path, other, kinds) == (second,)
    assert export(tmp_path, one, kinds) == (first,)
    rows, _ = read_records(tmp_path / "slides.csv")
    assert sorted(r.analysed_at for r in rows) == [one.record.analysed_at, other.record.analysed_at]


def test_slides_that_cannot_be_recognised_are_not_taken_for_one(tmp_path):
    one, other = named("x/a.svs", ""), named("y/a.svs", "")
    same_row = named("x/a.svs", "")
    written = [export(tmp_path, slide, (ExportKind.GEOJSON,)) for slide in (one, other, same_row, one)]
    ids = [
        {f["id"] for f in json.loads((tmp_path / name).read_text("utf-8"))["features"]} for (name,) in written
    ]
    assert all(not a & b for a, b in itertools.combinations(ids, 2))
    assert len(read_records(tmp_path / "slides.csv")[0]) == 4


def test_copies_whose_names_differ_in_case_only_do_not_meet_on_any_disk(tmp_path):
    results = ResultsFolder(tmp_path, run_metadata(SPEC, PROVENANCE, slide_map().options, ()))
    one, other = (results.claim(Path(name), "11" * 32, name) for name in ("a.svs", "A.svs"))
    assert one.casefold() != other.casefold()


def test_names_that_differ_in_case_only_do_not_meet_on_any_disk(tmp_path):
    (first,) = export(tmp_path, named("a.svs", "11" * 32), (ExportKind.CSV,))
    (second,) = export(tmp_path, named("A.svs", "22" * 32), (ExportKind.CSV,))
    assert first.casefold() != second.casefold()


def test_copies_of_a_slide_in_one_run_have_files_of_their_own_and_the_same_ones_again(tmp_path):
    def run():
        results = ResultsFolder(tmp_path, run_metadata(SPEC, PROVENANCE, slide_map().options, ()))
        return [results.claim(Path(name), "11" * 32, name) for name in ("x/a.svs", "y/a.svs", "x/a.svs")]

    first = run()
    assert first[0] == first[2] != first[1]
    assert run() == first


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize(
    "name",
    [
        b"\xf0\x9f\x98\x80.svs",
        b"line\nbreak.svs",
        b"a" * 250 + b".svs",
        b"not\xffutf8.svs",
        b"=1+1.svs",
        b".svs",
    ],
    ids=["emoji", "line break", "long", "not UTF-8", "formula", "no stem"],
)
def test_slides_of_odd_names_are_written_whole(tmp_path, name):
    slide = named(os.fsdecode(name), "33" * 32)
    written = export(tmp_path, slide, ExportKind)
    assert len(written) == len(ExportKind)
    assert all((tmp_path / file).stat().st_size > 100 for file in written)
    assert export(tmp_path, slide, ExportKind) == written
    rows, _ = read_records(tmp_path / "slides.csv")
    assert len(rows) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_two_names_that_look_alike_are_two(tmp_path):
    (one,) = export(tmp_path, named(os.fsdecode(b"a\xff.svs"), "11" * 32), (ExportKind.CSV,))
    (other,) = export(tmp_path, named("a\\xff.svs", "22" * 32), (ExportKind.CSV,))
    assert one != other


@pytest.mark.parametrize("kind", ExportKind)
def test_a_file_that_is_no_export_is_never_replaced(tmp_path, kind):
    (written,) = export(tmp_path, kinds=(kind,))
    (tmp_path / written).write_bytes(b"somebody's own")
    with pytest.raises(OutputUnwritable, match="none of lungviewer's"):
        export(tmp_path, kinds=(kind,))
    assert (tmp_path / written).read_bytes() == b"somebody's own"


def test_a_kind_that_cannot_be_written_does_not_keep_the_others_from_it(tmp_path):
    kinds = (ExportKind.CSV, ExportKind.GEOJSON, ExportKind.PROBABILITY)
    export(tmp_path, kinds=kinds)
    (tmp_path / "model-outputs-geojson/slide.geojson").write_text("{}")
    map_path = tmp_path / "probability/slide.ome.tiff"
    map_path.unlink()
    with pytest.raises(OutputUnwritable, match=r"2 of 3 files were written\. geojson: A file .* exists"):
        export(tmp_path, kinds=kinds)
    assert map_path.exists()
    run = max(tmp_path.glob("run_metadata_*.json"))
    assert json.loads(run.read_text("utf-8"))["slides"][0]["files"] == [
        "model-outputs-csv/slide.csv",
        "probability/slide.ome.tiff",
    ]


def test_a_full_disk_ends_the_export_at_once(tmp_path, monkeypatch):
    def full(*_):
        raise OutputUnwritable("Full.") from OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(slide_export, "write_tile_csv", full)
    with pytest.raises(OutputUnwritable, match=r"^Full\.$"):
        export(tmp_path, kinds=(ExportKind.CSV, ExportKind.MASK))
    assert not (tmp_path / "masks").exists()


def test_files_of_another_map_of_the_slide_do_not_stay_beside_new_ones(tmp_path):
    export(tmp_path, kinds=(ExportKind.CSV, ExportKind.GEOJSON, ExportKind.MASK, ExportKind.OVERLAY))
    (tmp_path / "masks/slide.jpg").write_bytes(b"somebody's own")
    mine = tmp_path / "overlays/other.png"
    mine.write_bytes((tmp_path / "overlays/slide.png").read_bytes())
    export(tmp_path, kinds=(ExportKind.PROBABILITY,))  # the same map: everything stays
    assert (tmp_path / "model-outputs-csv/slide.csv").exists()
    (written,) = export(tmp_path, slide_map(overlap=0.5), (ExportKind.CSV,))
    assert {name for name in results_in(tmp_path) if "/" in name} == {
        written,
        "masks/slide.jpg",
        "overlays/other.png",
    }
    export(tmp_path, slide_map(overlap=0.5), (ExportKind.GEOJSON,))
    assert (tmp_path / written).exists()
    export(tmp_path, slide_map(overlap=0.5, looked_at=5), (ExportKind.PROBABILITY,))
    assert not (tmp_path / written).exists()


def test_metadata_that_name_files_elsewhere_have_none_removed(tmp_path):
    (written,) = export(tmp_path / "out", kinds=(ExportKind.CSV,))
    (run,) = (tmp_path / "out").glob("run_metadata_*.json")
    other = tmp_path / "out.csv"
    other.write_bytes((tmp_path / "out" / written).read_bytes())
    run.write_text(run.read_text("utf-8").replace(written, "../out.csv"), "utf-8")
    export(tmp_path / "out", slide_map(overlap=0.5), (ExportKind.GEOJSON,))
    assert other.exists()


def test_the_slide_is_asked_once_when_it_cannot_be_read(tmp_path, monkeypatch):
    asked = []

    def broken(path, *_, **__):
        asked.append(path)
        raise ImageCorrupt("Broken.")

    monkeypatch.setattr(slide_export.opening, "open_slide", broken)
    with pytest.raises(ImageCorrupt, match=r"0 of 2 files were written\. mask, overlay: Broken\."):
        export_map(slide_map(), SPEC, tmp_path, (ExportKind.MASK, ExportKind.OVERLAY), NullContext())
    assert len(asked) == 1


def test_what_wsinfer_wrote_stays_and_ours_lies_beside_it(tmp_path, shared_data):
    theirs = tmp_path / "model-outputs-csv" / "slide.csv"
    theirs.parent.mkdir()
    theirs.write_bytes((shared_data / "interop/wsinfer/cmu_small_region.csv").read_bytes())
    before = theirs.read_bytes()
    (written,) = export(tmp_path, kinds=(ExportKind.CSV,))
    assert theirs.read_bytes() == before
    assert (tmp_path / written) != theirs


def test_rows_of_other_slides_stay_with_what_somebody_wrote_into_them(tmp_path):
    export(tmp_path, named("a.svs", "11" * 32), (ExportKind.CSV,))
    rows, ids = read_records(tmp_path / "slides.csv")
    reviewed = replace(rows[0], review_class="benign", reviewer="X", comment="=looked at it")
    write_image_csv(tmp_path / "slides.csv", [reviewed], (*ids, "another_pack"))
    export(tmp_path, named("b.svs", "22" * 32), (ExportKind.CSV,))
    (row, other), ids = read_records(tmp_path / "slides.csv")
    assert row == reviewed
    assert other.path == "b.svs"
    assert ids == (*SPEC.class_ids, "another_pack")
    export(tmp_path, named("a.svs", "11" * 32, analysed_at="2025-03-03T00:00:00+00:00"), (ExportKind.CSV,))
    (row, _), _ = read_records(tmp_path / "slides.csv")
    assert (row.analysed_at[:7], row.review_class, row.comment) == ("2025-03", "benign", "=looked at it")


def test_an_error_row_gives_way_to_an_answer_and_never_takes_the_place_of_one(tmp_path):
    results = ResultsFolder(tmp_path, run_metadata(SPEC, PROVENANCE, slide_map().options, ()))
    error = ImageRecord(path="a.svs", kind="slide", status=Status.ERROR, reason="corrupt", error="Broken.")
    results.record(error, SPEC.class_ids)
    results.record(error, SPEC.class_ids)
    assert [r.status for r in read_records(tmp_path / "slides.csv")[0]] == [Status.ERROR]
    slide = named("a.svs", "11" * 32)
    export(tmp_path, slide, (ExportKind.CSV,))
    assert [r.status for r in read_records(tmp_path / "slides.csv")[0]] == [slide.summary.status]
    results.record(error, SPEC.class_ids)
    assert len(read_records(tmp_path / "slides.csv")[0]) == 2


def test_results_do_not_go_where_the_slides_are(tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    slide = tmp_path / "in" / "sub" / "a.svs"
    slide.touch()
    for folder in (tmp_path / "in" / "sub", tmp_path / "in", tmp_path / "in" / "sub" / ".." / "sub"):
        with pytest.raises(UsageError, match="slides lie in"):
            check_results_folder(folder, [slide])
    check_results_folder(tmp_path / "in" / "sub" / "results", [slide])
    assert not (tmp_path / "in" / "sub" / "results").exists()


def test_the_report_of_a_scan_gets_no_rows_of_maps(tmp_path):
    write_image_csv(tmp_path / "slides.csv", [], SPEC.class_ids)
    (tmp_path / "slides.csv.journal").touch()
    with pytest.raises(UsageError, match="report of a scan"):
        export(tmp_path)
    assert results_in(tmp_path) == {"slides.csv", "slides.csv.journal"}


def test_a_table_that_was_changed_meanwhile_is_no_bad_use(tmp_path):
    results = ResultsFolder(tmp_path, run_metadata(SPEC, PROVENANCE, slide_map().options, ()))
    (tmp_path / "slides.csv").write_text("path;kind")
    with pytest.raises(OutputError, match="another program") as told:
        results.record(named("a.svs", "11" * 32).record, SPEC.class_ids)
    assert not isinstance(told.value, UsageError)
    assert (tmp_path / "slides.csv").read_text() == "path;kind"


def test_a_row_costs_one_look_at_each_earlier_run(tmp_path, monkeypatch):
    for number in range(3):
        export(tmp_path, named(f"{number}.svs", f"{number}" * 64), (ExportKind.CSV,))
    looks = []
    read = results_folder.read_entries
    monkeypatch.setattr(results_folder, "read_entries", lambda path: looks.append(path) or read(path))
    results = ResultsFolder(tmp_path, run_metadata(SPEC, PROVENANCE, slide_map().options, ()))
    results.record(named("b.svs", "bb" * 32).record, SPEC.class_ids)
    assert len(looks) == 3


def test_a_table_of_another_program_is_never_replaced(tmp_path):
    for content in (b"a,b\r\n1,2\r\n", b"\xef\xbb\xbfpath,kind,width_px,height_px,more\r\n"):
        (tmp_path / "slides.csv").write_bytes(content)
        with pytest.raises(UsageError, match=r"slides\.csv"):
            export(tmp_path)
        assert results_in(tmp_path) == {"slides.csv"}
        assert (tmp_path / "slides.csv").read_bytes() == content


def test_a_file_in_place_of_the_folder_is_said_so(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(UsageError, match="no folder"):
        export(tmp_path / "out")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_folder_that_no_disk_takes_is_said_so(tmp_path, name):
    with pytest.raises(OutputUnwritable, match="could not be made"):
        ResultsFolder(tmp_path / name, run_metadata(SPEC, PROVENANCE, slide_map().options, ()))


def test_a_stop_leaves_whole_files_and_a_row_that_tells_which(tmp_path):
    class StopsInTheSecond(CancellableContext):
        def progress(self, done, total, text=""):
            if done == 1:
                self.cancel()

    with pytest.raises(Cancelled):
        export(tmp_path, kinds=(ExportKind.CSV, ExportKind.GEOJSON, ExportKind.MASK), ctx=StopsInTheSecond())
    (run,) = tmp_path.glob("run_metadata_*.json")
    assert json.loads(run.read_text("utf-8"))["slides"][0]["files"] == ["model-outputs-csv/slide.csv"]
    assert results_in(tmp_path) == {"model-outputs-csv/slide.csv", "slides.csv", run.name}


def test_progress_counts_the_kinds(tmp_path):
    ctx = RecordingContext()
    export(tmp_path, kinds=(ExportKind.MASK, ExportKind.CSV), ctx=ctx)
    assert [(done, total) for done, total, _ in ctx.steps] == [(0, 2), (1, 2), (2, 2)]


def test_a_slide_that_is_gone_costs_only_the_pictures(tmp_path):
    slide = slide_map(name=str(tmp_path / "gone.svs"))
    with pytest.raises(ImageError):
        export_map(slide, SPEC, tmp_path / "out", USUAL_KINDS, NullContext())
    (run,) = (tmp_path / "out").glob("run_metadata_*.json")
    (said,) = json.loads(run.read_text("utf-8"))["slides"]
    assert len(said["files"]) == 3


def test_a_folder_that_another_program_writes_into_is_said_so(tmp_path, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(results_folder, "_LOCK_WAIT_S", 0.01)
    with FileLock(tmp_path / ".lungviewer.lock"), pytest.raises(OutputBusy):
        export(tmp_path)
    export(tmp_path)


def test_a_map_of_which_nothing_is_known_yet_can_be_written(tmp_path):
    assert len(export(tmp_path, slide_map(looked_at=0), ExportKind)) == len(ExportKind)


def test_an_unfinished_map_says_so_everywhere(tmp_path):
    slide = slide_map(looked_at=10)
    export(tmp_path, slide)
    (run,) = tmp_path.glob("run_metadata_*.json")
    assert json.loads(run.read_text("utf-8"))["slides"][0]["complete"] is False
    (row,), _ = read_records(tmp_path / "slides.csv")
    assert "not_finished" in row.reason

"""What is not lung is told apart; altered pictures for choosing the score are made the same every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import NullContext
from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.trust import check_field
from lungviewer.services.phantom.fields import TISSUE_KINDS, make_field
from tests.fixtures.colour_data import draw_tile, write_colour_data
from tests.fixtures.tiny_judge import painted, tiny_judge
from training.errors import DataProblem
from training.far_sets import OTHER_STAINS, photographs, restained, synthetic_glass
from training.strange import STRANGE, make_strange
from training.unlike import drawn_sets, read_strange_set, strange_record, strange_records


@pytest.mark.parametrize("kind", list(STRANGE))
def test_altered_pictures_are_repeatable_and_altered(kind: str) -> None:
    tiles = np.stack([draw_tile("lung_aca", i) for i in range(3)])
    before = tiles.copy()
    one, other = (make_strange(kind, tiles, 3) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(tiles, before)
    assert (one.shape, one.dtype) == (tiles.shape, np.uint8)
    assert np.abs(one.astype(int) - tiles).mean() > 1


def test_drawn_glass_is_refused_as_glass_by_the_image_checks() -> None:
    reasons = {check_field(picture, ImageCheckLimits(), "histology") for picture in synthetic_glass(224)}
    assert reasons == {"glass"}


def manifest_of(folder: Path, groups: int) -> None:
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))
    lines = [f"{path},x,g{i % groups}" for i, path in enumerate(files)]
    (folder / "manifest.csv").write_text("\n".join(["path,label,group", *lines]) + "\n")


def test_strange_sets_are_scored_against_home(tmp_path: Path) -> None:
    judge = tiny_judge(score="gaussian", refuse_above=3.0)
    fields, _, groups = painted()
    home = judge.fields_at_once(fields)
    folder = write_colour_data(tmp_path / "data", groups=4, copies=1, manifest=False)
    sets = {"far away": folder, "near:other organ": folder}
    records = strange_records(judge, sets, home, NullContext(), groups, fields[::2])
    by_name = {r["set"]: r for r in records}
    assert [r["kind"] for r in records] == ["far", "near", *["far"] * 5]
    assert set(by_name) - {"far away", "other organ"} == {
        "glass (synthetic)",
        "photographs (crops of 2)",
        *OTHER_STAINS,
    }
    for record in records:
        assert record["refused"] + record["review"] + record["ok"] == pytest.approx(1)
        assert record["auroc_with_checks"] >= record["auroc"] > 0.5
        assert record["images"] >= record["groups"] > 0
    assert by_name["glass (synthetic)"]["refused"] == by_name["glass (synthetic)"]["auroc_with_checks"] == 1
    photographs = by_name["photographs (crops of 2)"]
    assert (photographs["groups"], photographs["auroc_interval"]) == (2, None)


def test_groups_of_a_strange_set_are_those_of_its_manifest(tmp_path: Path) -> None:
    folder = write_colour_data(tmp_path / "data", groups=3, copies=1, manifest=False)
    assert read_strange_set("x", folder).unit == "file"
    manifest_of(folder, groups=2)
    found = read_strange_set("near: x", folder)
    assert (found.name, found.near, found.unit, len(found.pictures)) == ("x", True, "group", 9)
    assert set(found.groups) == {"g0", "g1"}


def test_intervals_need_groups_on_both_sides() -> None:
    judge = tiny_judge(score="gaussian")
    fields, _, groups = painted()
    home = judge.fields_at_once(fields)
    some = drawn_sets(32, fields[::2])[2]
    without = strange_record(judge, some, home, NullContext())
    found = strange_record(judge, some, home, NullContext(), groups)
    assert without["auroc_interval"] is None
    low, high = found["auroc_interval"]
    assert low <= found["auroc"] <= high


def test_drawn_sets_need_no_folder_and_an_empty_folder_is_a_sentence(tmp_path: Path) -> None:
    judge = tiny_judge(score="gaussian")
    home = judge.fields_at_once(painted()[0])
    drawn = strange_records(judge, {}, home, NullContext())
    assert [r["set"] for r in drawn] == ["glass (synthetic)", "photographs (crops of 2)"]
    assert all(r["drawn"] and r["kind"] == "far" for r in drawn)
    with pytest.raises(DataProblem, match="no images"):
        strange_records(judge, {"none": tmp_path}, home, NullContext())


def test_home_images_that_a_check_refuses_rank_as_high_as_strange_ones_that_it_refuses() -> None:
    judge = tiny_judge(score="gaussian")
    home = judge.fields_at_once(painted()[0])
    glass = drawn_sets(32, None)[0]
    refused = replace(
        home, status=np.full(len(home.status), "refused"), reason=np.full(len(home.status), "blur")
    )
    assert strange_record(judge, glass, home, NullContext())["auroc_with_checks"] == 1
    assert strange_record(judge, glass, refused, NullContext())["auroc_with_checks"] == 0.5


@pytest.mark.parametrize("name", ["trichrome (recoloured)", "fluorescence (recoloured)"])
def test_tissue_in_another_stain_is_refused_for_its_colours(name: str) -> None:
    tiles = np.stack([make_field(kind, 2, 224, 0.58) for kind in TISSUE_KINDS])
    reasons = {check_field(picture, ImageCheckLimits(), "histology") for picture in restained(tiles, name)}
    assert reasons == {"other_stain"}


@pytest.mark.parametrize("name", list(OTHER_STAINS))
def test_other_stains_move_the_colour_and_keep_the_tissue(name: str) -> None:
    tile = draw_tile("lung_aca", 0)
    (found,) = restained(tile[None], name)
    assert (found.shape, found.dtype) == (tile.shape, np.uint8)
    assert np.abs(found.mean(axis=(0, 1)) - tile.mean(axis=(0, 1))).max() > 20
    before, after = (p.astype(float).mean(axis=2).reshape(-1) for p in (tile, found))
    assert abs(np.corrcoef(before, after)[0, 1]) > 0.5


def test_photographs_are_square_crops_and_always_the_same() -> None:
    (one, names), (other, _) = photographs(6), photographs(6)
    assert set(names) == {"photograph 0", "photograph 1"}
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.shape[0] == a.shape[1] >= 213

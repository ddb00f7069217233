"""Splits keep groups whole, always; and say so loudly when groups are not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.fixtures.coarse_pictures import picture, save
from training.classes import ADENOCARCINOMA, BENIGN, SQUAMOUS
from training.data import UNKNOWN_GROUPS_NOTE, Dataset, Sample, open_dataset
from training.duplicates import check_exact, fingerprint, near_pairs
from training.errors import DataProblem, LeakageError
from training.split import (
    SIDES,
    check_groups,
    describe,
    folds_by_group,
    read_split,
    split_by_group,
    split_by_image,
    write_split,
)


def dataset(group_sizes: list[list[int]]) -> Dataset:
    """One class per list, one group per number, that many images in it."""
    samples = tuple(
        Sample(f"{c}/{g}_{i}.png", str(c), c, f"{c}-{g}")
        for c, sizes in enumerate(group_sizes)
        for g, size in enumerate(sizes)
        for i in range(size)
    )
    classes = (ADENOCARCINOMA, BENIGN, SQUAMOUS)[: len(group_sizes)]
    return Dataset(Path("."), samples, classes, "", groups_known=True)


sizes = st.lists(st.lists(st.integers(1, 12), min_size=3, max_size=25), min_size=2, max_size=3)


@given(sizes, st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_no_group_is_ever_on_two_sides_and_no_class_is_missing_from_one(
    group_sizes: list[list[int]], seed: int
) -> None:
    data = dataset(group_sizes)
    split = split_by_group(data, seed)
    where: dict[str, set[str]] = {}
    for sample, side in zip(data.samples, split.sides, strict=True):
        where.setdefault(sample.group, set()).add(side)
    assert all(len(sides) == 1 for sides in where.values())
    for side in SIDES:
        assert {data.samples[i].target for i in split.rows(side)} == set(range(len(group_sizes)))
    assert split_by_group(data, seed) == split


@given(
    st.lists(st.sampled_from("abcdef"), min_size=2, max_size=40),
    st.data(),
)
@settings(max_examples=60)
def test_the_gate_names_every_group_on_two_sides_and_only_those(
    groups: list[str], data: st.DataObject
) -> None:
    sides = [data.draw(st.sampled_from(SIDES)) for _ in groups]
    bad = sorted(g for g in set(groups) if len({s for h, s in zip(groups, sides, strict=True) if h == g}) > 1)
    if not bad:
        check_groups(groups, sides)
        return
    with pytest.raises(LeakageError) as caught:
        check_groups(groups, sides)
    assert list(caught.value.listed) == bad


wide = st.lists(st.lists(st.integers(1, 12), min_size=5, max_size=25), min_size=2, max_size=3)


@given(wide, st.integers(3, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_every_sample_is_tested_and_validated_once_and_no_group_is_on_two_sides_of_a_fold(
    group_sizes: list[list[int]], k: int, seed: int
) -> None:
    data = dataset(group_sizes)
    folds = folds_by_group(data, k, seed)
    assert len(folds) == k
    for side in ("test", "validation"):
        rows = np.concatenate([fold.rows(side) for fold in folds])
        assert sorted(rows) == list(range(len(data.samples)))
    for fold in folds:
        check_groups([s.group for s in data.samples], fold.sides)
        for side in SIDES:
            assert {data.samples[i].target for i in fold.rows(side)} == set(range(len(group_sizes)))


@given(wide, st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_folds_and_splits_do_not_depend_on_the_order_of_files(
    group_sizes: list[list[int]], seed: int, random: Random
) -> None:
    data = dataset(group_sizes)
    order = list(range(len(data.samples)))
    random.shuffle(order)
    shuffled = replace(data, samples=tuple(data.samples[i] for i in order))
    for there, here in (
        *zip(folds_by_group(shuffled, 3, seed), folds_by_group(data, 3, seed), strict=True),
        (split_by_group(shuffled, seed), split_by_group(data, seed)),
    ):
        assert there.sides == tuple(here.sides[i] for i in order)


def test_folds_are_of_like_size_and_mix() -> None:
    data = dataset([[10] * 23, [7] * 31, [3] * 40])
    for fold in folds_by_group(data, 5, 1):
        counts = np.bincount([data.samples[i].target for i in fold.rows("test")])
        assert counts == pytest.approx([46, 43.4, 24], abs=7)


@pytest.mark.parametrize(("k", "what"), [(2, "at least 3 folds"), (6, "has 5 groups")])
def test_folds_that_cannot_be_dealt_are_refused(k: int, what: str) -> None:
    with pytest.raises(DataProblem, match=what):
        folds_by_group(dataset([[2] * 5, [2] * 9]), k, 1)


def test_shares_are_near_seventy_fifteen_fifteen() -> None:
    data = dataset([[10] * 40, [10] * 40, [10] * 40])
    table = describe(data, split_by_group(data, 3))
    assert [table[s]["images"] / 1200 for s in SIDES] == pytest.approx([0.7, 0.15, 0.15], abs=0.03)


def test_another_seed_gives_another_split() -> None:
    data = dataset([[5] * 30, [5] * 30])
    assert split_by_group(data, 1).sides != split_by_group(data, 2).sides


def test_a_class_with_two_groups_is_refused() -> None:
    with pytest.raises(DataProblem, match="2 groups"):
        split_by_group(dataset([[5, 5], [5] * 9]), 1)


def test_a_split_by_image_says_so_and_does_separate_copies() -> None:
    data = dataset([[10] * 10, [10] * 10])
    split = split_by_image(data, 1)
    assert split.unit == "image"
    with pytest.raises(LeakageError):
        check_groups([s.group for s in data.samples], split.sides)


def test_a_saved_split_comes_back_the_same_and_an_edited_one_is_refused(tmp_path: Path) -> None:
    data = dataset([[4] * 9, [4] * 9])
    split = split_by_group(data, 5)
    write_split(tmp_path / "split.csv", data, split)
    assert read_split(tmp_path / "split.csv", data, "group", 5) == split
    lines = (tmp_path / "split.csv").read_text().splitlines()
    turned = lines[1].rsplit(",", 1)
    lines[1] = turned[0] + "," + ("test" if turned[1] != "test" else "train")
    (tmp_path / "split.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(LeakageError):
        read_split(tmp_path / "split.csv", data, "group", 5)
    with pytest.raises(DataProblem, match="other data"):
        read_split(tmp_path / "split.csv", dataset([[4] * 9, [5] * 9]), "group", 5)
    (tmp_path / "split.csv").write_text("file,where\na.png,train\n")
    with pytest.raises(DataProblem, match="columns path and side"):
        read_split(tmp_path / "split.csv", data, "group", 5)


def test_identical_pictures_on_two_sides_are_refused_even_as_other_files(tmp_path: Path) -> None:
    for i in range(4):
        save(tmp_path / "lung_aca" / f"{i}.png", picture(i))
        save(tmp_path / "lung_n" / f"{i}.png", picture(100 + i))
    save(tmp_path / "lung_aca" / "copy.bmp", picture(0))
    data = open_dataset(tmp_path)
    prints, paths = fingerprint(data), [s.path for s in data.samples]
    one_side = ["train"] * len(paths)
    assert check_exact(prints, paths, one_side) == 1
    apart = ["test" if p == "lung_aca/copy.bmp" else "train" for p in paths]
    with pytest.raises(LeakageError) as caught:
        check_exact(prints, paths, apart)
    assert set(caught.value.listed) == {"lung_aca/0.png", "lung_aca/copy.bmp"}
    assert "copy" not in caught.value.sentence.replace("copies", "")


def test_a_mirrored_and_recompressed_copy_across_sides_is_reported(tmp_path: Path) -> None:
    for i in range(6):
        save(tmp_path / "lung_aca" / f"{i}.png", picture(i))
        save(tmp_path / "lung_n" / f"{i}.png", picture(100 + i))
    mirrored = Image.fromarray(np.ascontiguousarray(np.rot90(picture(3)[:, ::-1])))
    mirrored.save(tmp_path / "lung_n" / "twin.jpg", quality=80)
    data = open_dataset(tmp_path)
    sides = ["test" if s.path.endswith("twin.jpg") else "train" for s in data.samples]
    pairs = near_pairs(fingerprint(data), sides)
    assert [(data.samples[i].path, data.samples[j].path) for i, j in pairs] == [
        ("lung_aca/3.png", "lung_n/twin.jpg")
    ]


def test_look_alikes_between_validation_and_test_are_reported_too_and_bare_glass_is_alike_to_nothing(
    tmp_path: Path,
) -> None:
    for i in range(3):
        save(tmp_path / "lung_aca" / f"{i}.png", picture(i))
        save(tmp_path / "lung_n" / f"{i}.png", picture(100 + i))
    save(tmp_path / "lung_aca" / "twin.png", picture(1)[::-1])
    for i in range(2):
        save(tmp_path / "lung_n" / f"glass{i}.png", np.full((48, 48, 3), 240 + i, np.uint8))
    data = open_dataset(tmp_path)
    prints = fingerprint(data)
    side_of = {"lung_aca/1.png": "validation", "lung_aca/twin.png": "test", "lung_n/glass0.png": "test"}
    sides = [side_of.get(s.path, "train") for s in data.samples]
    expected = [("lung_aca/1.png", "lung_aca/twin.png")]
    for separate in (sides, range(len(data.samples))):
        pairs = near_pairs(prints, separate)
        assert [(data.samples[i].path, data.samples[j].path) for i, j in pairs] == expected


def test_without_a_manifest_every_file_name_is_a_group_and_the_note_is_loud(tmp_path: Path) -> None:
    for label in ("lung_aca", "lung_n"):
        for i in range(2):
            save(tmp_path / label / f"{i}.png", picture(i))
            save(tmp_path / label / f"{i}.bmp", picture(i))
    data = open_dataset(tmp_path)
    assert data.notes == (UNKNOWN_GROUPS_NOTE,)
    assert UNKNOWN_GROUPS_NOTE.startswith("GROUPS ARE NOT KNOWN")
    assert data.split_unit == "file name"
    assert {s.group for s in data.samples} == {"lung_aca/0", "lung_aca/1", "lung_n/0", "lung_n/1"}


def test_unreadable_files_are_found_with_their_reason(tmp_path: Path) -> None:
    for label in ("lung_aca", "lung_n"):
        save(tmp_path / label / "good.png", picture(1))
    whole = (tmp_path / "lung_aca" / "good.png").read_bytes()
    (tmp_path / "lung_aca" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "lung_aca" / "text.png").write_text("not a picture")
    (tmp_path / "lung_n" / "empty.jpg").write_bytes(b"")
    Image.fromarray(np.zeros((40, 40, 4), np.uint8)).save(tmp_path / "lung_n" / "alpha.png")
    found = fingerprint(open_dataset(tmp_path)).unreadable
    assert found == {
        "lung_aca/cut.png": "damaged or incomplete",
        "lung_aca/text.png": "not an image",
        "lung_n/empty.jpg": "not an image",
        "lung_n/alpha.png": "pixels of type RGBA",
    }


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("path,label\na.png,lung_n\n", "lacks"),
        ("path,label,group\nlung_n/0.png,lung_n,\n", "empty cell"),
        ("path,label,group\nlung_n/0.png,lung_n,a\nlung_n/0.png,lung_n,b\n", "more than once"),
        ("path,label,group\nlung_n/missing.png,lung_n,a\n", "not in the data folder"),
        ("path,label,group\n../outside.png,lung_n,a\n", "not in the data folder"),
        ("path,label,group\nlung_n/0.png,kidney,a\n", "not known"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, content: str, what: str) -> None:
    data = tmp_path / "data"
    save(data / "lung_n" / "0.png", picture(1))
    save(tmp_path / "outside.png", picture(2))
    (data / "manifest.csv").write_text(content)
    with pytest.raises(DataProblem, match=what):
        open_dataset(data)

"""The audit's figures: probes see only what they should, pairs are counted right, embeddings compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import NullContext
from tests.fixtures.coarse_pictures import picture, save, write_coarse_data
from tests.fixtures.colour_data import write_colour_data
from training.audit.embedding import NEAR_COSINE, comparable, similar_pairs, whitened
from training.audit.pairs import Alike, agreement, merged_groups, order_for_reading
from training.audit.probes import colour_histogram, corner_statistics
from training.audit.shortcuts import shortcut_record
from training.classes import ADENOCARCINOMA, BENIGN
from training.data import Dataset, Sample, open_dataset
from training.errors import DataProblem

pytest.importorskip("sklearn", reason="needs the training extra")


def rows(*groups: str, known: bool = True) -> Dataset:
    """One sample per group name; names that start with n are benign."""
    samples = tuple(Sample(f"{i}.png", "x", int(g.startswith("n")), g) for i, g in enumerate(groups))
    return Dataset(Path("."), samples, (ADENOCARCINOMA, BENIGN), "", known)


# --- probes --------------------------------------------------------------------------------------------


def test_the_colour_probe_cannot_see_where_a_pixel_is() -> None:
    pixels = picture(1)
    shuffled = np.random.default_rng(0).permutation(pixels.reshape(-1, 3)).reshape(pixels.shape)
    assert np.array_equal(colour_histogram(pixels), colour_histogram(shuffled))
    assert not np.allclose(colour_histogram(pixels), colour_histogram(picture(2)))


def test_the_corner_probe_sees_the_corners_only_whichever_way_the_picture_is_turned() -> None:
    pixels = picture(1)
    other = picture(2)
    for y in (np.s_[:6], np.s_[-6:]):
        for x in (np.s_[:6], np.s_[-6:]):
            other[y, x] = pixels[y, x]
    assert np.array_equal(corner_statistics(pixels), corner_statistics(other))
    assert np.allclose(corner_statistics(pixels), corner_statistics(np.rot90(pixels)[:, ::-1]), atol=1e-3)


def test_classes_that_differ_in_colour_are_told_by_colour_and_the_sentence_warns(tmp_path: Path) -> None:
    data = open_dataset(write_colour_data(tmp_path / "data", groups=6, copies=2))
    record = shortcut_record(data, NullContext())
    assert list(record) == ["colour", "corners", "file"]
    figure = record["colour"]["balanced_accuracy"]
    assert figure["value"] == 1.0
    assert figure["chance"] == pytest.approx(1 / 3)
    assert (figure["images"], figure["groups"], figure["split_unit"]) == (36, 18, "group")
    assert "wrong reason" in record["colour"]["sentence"]


def test_classes_that_differ_in_nothing_but_jpeg_quality_are_told_by_the_file_alone(tmp_path: Path) -> None:
    for c, (label, quality) in enumerate((("lung_aca", 95), ("lung_n", 60))):
        for i in range(12):
            save(tmp_path / label / f"{i}.jpg", picture(100 * c + i), quality=quality)
    record = shortcut_record(open_dataset(tmp_path), NullContext())
    assert record["file"]["accuracy"]["value"] == 1.0
    assert record["file"]["accuracy"]["split_unit"] == "file name"
    assert "wrong reason" in record["file"]["sentence"]
    colour = record["colour"]
    assert "cannot be told" in colour["sentence"]
    assert colour["balanced_accuracy"]["low"] <= colour["balanced_accuracy"]["chance"]


def test_where_only_the_number_of_bytes_differs_the_sentence_says_so(tmp_path: Path) -> None:
    data = open_dataset(write_coarse_data(tmp_path, ("lung_aca", "lung_n"), groups=3))
    record = shortcut_record(data, NullContext())
    assert "only the number of bytes differs" in record["file"]["sentence"]
    assert {probe["folds"] for probe in record.values()} == {3}


def test_a_class_of_two_groups_cannot_be_probed(tmp_path: Path) -> None:
    data = open_dataset(write_coarse_data(tmp_path, ("lung_aca", "lung_n"), groups=2))
    with pytest.raises(DataProblem, match="at least 3 folds"):
        shortcut_record(data, NullContext())


# --- pairs ---------------------------------------------------------------------------------------------


def test_precision_and_recall_of_pairs_are_against_the_groups() -> None:
    data = rows("a", "a", "a", "b", "b", "n", "n")  # 3 + 1 + 1 pairs of one group
    found = agreement([(0, 1), (3, 4), (0, 5)], data)
    assert found is not None
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["recall"]["value"] == pytest.approx(2 / 5)
    assert found["recall"]["low"] is None  # three groups are too few for an interval
    assert (found["recall"]["images"], found["recall"]["groups"]) == (7, 3)


def test_pairs_without_a_wrong_one_are_not_given_a_certain_precision() -> None:
    data = rows(*(name for name in "abcdefgh" for _ in range(2)))
    found = agreement([(i, i + 1) for i in range(0, 16, 2)], data)
    assert found is not None
    assert found["precision"]["value"] == 1.0
    assert found["precision"]["low"] == pytest.approx(0.025 ** (1 / 8))


def test_where_groups_are_not_known_nothing_is_measured_against_them() -> None:
    assert agreement([(0, 1)], rows("a", "a", known=False)) is None
    assert agreement([(0, 1)], rows("a", "b")) is None
    nothing = agreement([], rows("a", "a", "b"))
    assert nothing is not None
    assert nothing["precision"]["value"] is None
    assert nothing["recall"]["value"] == 0.0


def test_groups_that_share_look_alikes_become_one_through_others_too() -> None:
    data = rows("d", "b", "c", "a", "e")
    assert merged_groups(data, [(0, 1), (1, 2)]) == ["b", "b", "b", "a", "e"]


def test_pairs_are_read_gravest_first() -> None:
    data = rows("a", "a", "b", "n")
    pairs = [Alike(0, 1, "hash", 0, None), Alike(1, 2, "hash", 3, None), Alike(0, 2, "hash", 1, None)]
    torn = Alike(0, 3, "hash", 8, None)
    assert order_for_reading([*pairs, torn], data) == [torn, pairs[2], pairs[1], pairs[0]]


# --- embeddings ----------------------------------------------------------------------------------------


def test_whitening_finds_the_one_twin_where_plain_cosine_calls_everything_alike() -> None:
    random = np.random.default_rng(4)
    spread = np.geomspace(3, 0.3, 40)
    embedding = (20 + random.normal(size=(300, 40)) * spread).astype(np.float32)
    embedding[290] = embedding[7] + random.normal(size=40) * spread * 0.05
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    assert (unit @ unit.T).min() > 0.9
    vectors = whitened(embedding)
    assert vectors.shape == (300, 32)
    assert similar_pairs(vectors, NullContext(), block=64) == [(7, 290)]


def test_more_images_are_whitened_in_more_dimensions_up_to_what_the_embedding_has() -> None:
    random = np.random.default_rng(0)
    for images, width, dimensions in ((128, 90, 16), (600, 90, 64), (600, 33, 32)):
        assert comparable(images, width)
        assert whitened(random.normal(size=(images, width)).astype(np.float32)).shape[1] == dimensions
    assert not comparable(127, 500)
    assert not comparable(10_000, 15)
    assert sorted(NEAR_COSINE.values(), reverse=True) == [NEAR_COSINE[d] for d in sorted(NEAR_COSINE)]

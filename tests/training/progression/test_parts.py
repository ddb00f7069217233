"""The stage axis, the coordinates of made-up people, batches and what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.__main__ import main
from training.data import open_dataset
from training.errors import DataProblem
from training.progression.fit import open_split
from training.progression.frame import fitted_frame, plain_frame
from training.progression.settings import Settings
from training.progression.slices import Batches, Slices, as_floats, read_slices
from training.split import split_by_group


def test_codes_become_coordinates_with_mean_0_and_covariance_1_and_back() -> None:
    random = np.random.default_rng(0)
    means = random.standard_normal((3000, 3)).astype(np.float32) @ np.float32(
        [[2, 1, 0], [0, 0.5, 0], [0, 0, 1]]
    )
    variances = np.full_like(means, 0.25)
    frame = fitted_frame(means + np.float32(3), variances, np.zeros(3000, np.float32))
    drawn = means + np.float32(3) + 0.5 * random.standard_normal(means.shape).astype(np.float32)
    coordinates = (drawn - frame.origin) @ frame.back
    assert np.abs(coordinates.mean(axis=0)).max() < 0.1
    assert np.abs(np.cov(coordinates, rowvar=False) - np.eye(3)).max() < 0.1
    assert np.allclose(coordinates @ frame.forward + frame.origin, drawn, atol=1e-4)


def test_every_stage_weighs_the_same_in_the_coordinates() -> None:
    means = np.float32([[0], [0], [0], [4]])
    frame = fitted_frame(means, np.ones_like(means), np.float32([0, 0, 0, 2]))
    assert frame.origin == pytest.approx([2.0])
    assert plain_frame(2).forward.tolist() == [[1, 0], [0, 1]]


def test_batches_are_even_over_stages_and_the_same_for_the_same_step(slices: Slices) -> None:
    batches = Batches(slices, 6, seed=3)
    pictures, stages = batches.draw(5)
    again, _ = Batches(slices, 6, seed=3).draw(5)
    assert pictures.shape == (6, 32, 32, 1)
    assert sorted(stages.tolist()) == [0, 0, 1, 1, 2, 2]
    assert np.array_equal(pictures, again)
    assert not np.array_equal(pictures, batches.draw(6)[0])
    assert (as_floats(slices.pixels).min(), as_floats(np.uint8([[[255]]])).max()) == (-1 + 38 / 127.5, 1)


def test_only_the_side_that_was_asked_for_is_read(disc_folder: Path) -> None:
    dataset, split = open_split(disc_folder, 7)
    training = read_slices(dataset, split, ("train",), 32)
    held = read_slices(dataset, split, ("validation", "test"), 32)
    assert len(training) + len(held) == len(dataset.samples)
    assert not set(training.groups) & set(held.groups)
    by_path = {s.path: s.label for s in dataset.samples}
    names = {0.0: "normal", 1.0: "benign", 2.0: "malignant"}
    assert all(by_path[p] == names[float(s)] for p, s in zip(training.paths, training.stages, strict=True))


def test_coloured_pictures_are_refused(disc_folder: Path) -> None:
    first = disc_folder / "benign" / "0.png"
    cv2.imwrite(str(first), np.full((32, 32, 3), (200, 30, 30), np.uint8))
    dataset = open_dataset(disc_folder)
    with pytest.raises(DataProblem, match="coloured"):
        read_slices(dataset, split_by_group(dataset, 7), ("train", "validation", "test"), 32)


def test_data_without_known_groups_are_refused(disc_folder: Path) -> None:
    (disc_folder / "manifest.csv").unlink()
    with pytest.raises(DataProblem, match="learned by heart"):
        open_split(disc_folder, 7)


@pytest.mark.parametrize("wrong", [{"method": "magic"}, {"size": 100}, {"batch": 0}])
def test_settings_that_no_network_can_have_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DataProblem):
        Settings(**wrong).check()  # type: ignore[arg-type]


def test_a_folder_that_is_no_run_is_told_in_a_sentence(
    tmp_path: Path, disc_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--run", str(tmp_path), "--data", str(disc_folder), "--pack-out", str(tmp_path / "pack")]
    code = main(["progression", "export", *told, "--json-lines"])
    assert code == 2
    assert "no run folder of a simulator" in capsys.readouterr().out

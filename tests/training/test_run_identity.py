"""A run that is resumed, and a pack that is measured again, must be about the same images."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

from lungviewer.core.job import NullContext
from tests.fixtures.colour_data import write_colour_data
from training.data import open_dataset
from training.errors import DataProblem
from training.prepare import DataRequest, Prepared, prepare_data
from training.run_folder import RunFolder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_colour_data(tmp_path / "data", groups=12, copies=1)


def prepare(data: Path, out: Path) -> Prepared:
    run = RunFolder(out)
    run.open({"what": "a test"})
    return prepare_data(DataRequest(data, None, {}, 3), run, NullContext())


def test_the_same_images_are_prepared_again(data: Path, tmp_path: Path) -> None:
    first = prepare(data, tmp_path / "run")
    assert prepare(data, tmp_path / "run").split == first.split


def test_changed_labels_are_not_taken_for_what_was_learned(data: Path, tmp_path: Path) -> None:
    prepare(data, tmp_path / "run")
    manifest = data / "manifest.csv"
    with manifest.open(newline="") as stream:
        rows = list(csv.reader(stream))
    rows[1][1], rows[-1][1] = rows[-1][1], rows[1][1]
    with manifest.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    with pytest.raises(DataProblem, match="have changed since this run was begun") as caught:
        prepare(data, tmp_path / "run")
    assert "--out" in caught.value.sentence
    prepare(data, tmp_path / "another")


def test_a_changed_picture_is_noticed(data: Path, tmp_path: Path) -> None:
    prepare(data, tmp_path / "run")
    path = data / open_dataset(data).samples[0].path
    Image.new("RGB", (64, 64), (1, 2, 3)).save(path)
    with pytest.raises(DataProblem, match="have changed"):
        prepare(data, tmp_path / "run")


def test_a_manifest_is_what_it_says_not_how_it_is_written(data: Path) -> None:
    before, manifest = open_dataset(data), data / "manifest.csv"
    lines = manifest.read_text().splitlines()
    manifest.write_bytes("\r\n".join([lines[0], *reversed(lines[1:])]).encode("utf-8-sig"))
    assert open_dataset(data).manifest_sha256 == before.manifest_sha256
    manifest.write_text("\n".join([lines[0], lines[1] + "x", *lines[2:]]))
    assert open_dataset(data).manifest_sha256 != before.manifest_sha256

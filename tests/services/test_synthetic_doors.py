"""A picture of the simulator comes in by no door: one image, a folder, thumbnails apart, reviews, reports."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import SyntheticImage
from lungviewer.core.job import NullContext
from lungviewer.exporters.strip_gif import write_strip_gif
from lungviewer.exporters.strip_png import write_strip_png
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.services.classify import classify_file, error_record
from lungviewer.services.progression import Simulator
from lungviewer.services.reporting import ReportOptions, make_report
from lungviewer.services.reviewing import draft_review, identify
from lungviewer.store.review_entry import Action
from tests.fixtures.coarse_pictures import write_coarse_data
from tests.fixtures.scans import draw_images, fake_engine, rows, run_scan
from tests.fixtures.simulators import strip_of, tiny_simulator
from training.data import decode, open_dataset
from training.duplicates import fingerprint
from training.errors import DataProblem


@pytest.fixture
def folder(tmp_path):
    """Three images and three files of the simulator, one of them without its text."""
    draw_images(tmp_path / "images", 3)
    simulator = Simulator.open(load_simulator(tiny_simulator(tmp_path / "pack")))
    strip = strip_of(simulator, 5)
    simulator.close()
    write_strip_png(tmp_path / "images" / "strip.png", strip)
    write_strip_gif(tmp_path / "images" / "strip.gif", strip)
    with Image.open(tmp_path / "images" / "strip.png") as picture:
        Image.fromarray(np.asarray(picture)).save(tmp_path / "images" / "saved again.jpg", quality=75)
    return tmp_path / "images"


@pytest.mark.parametrize("name", ["strip.png", "strip.gif", "saved again.jpg"])
def test_no_single_image(folder, name):
    with pytest.raises(SyntheticImage):
        classify_file(folder / name, fake_engine())


def test_one_row_each_in_a_scan_and_in_its_report(folder, tmp_path):
    summary = run_scan(folder, tmp_path / "scan.csv")
    found = {row["path"]: row for row in rows(tmp_path / "scan.csv")}
    assert len(found) == summary.done == 6
    for name in ("strip.png", "strip.gif", "saved again.jpg"):
        row = found[name]
        assert (row["status"], row["reason"], row["predicted_class"]) == ("error", "synthetic", "")
        assert "simulator" in row["error"]
    assert sum(row["status"] == "error" for row in found.values()) == 3
    make_report(tmp_path / "scan.csv", tmp_path / "report.html", ReportOptions(), NullContext())
    assert "simulator" in (tmp_path / "report.html").read_text("utf-8")


def test_no_review(folder):
    path = folder / "strip.png"
    record = error_record("strip.png", SyntheticImage("It was drawn."), fake_engine().provenance)
    with pytest.raises(SyntheticImage, match="no patient"):
        draft_review(identify(path), record, "Ann", Action.OVERRIDE, "benign")


def test_no_training_image(folder, tmp_path):
    """GIFs are read by no training at all."""
    data = write_coarse_data(tmp_path / "data", ("lung_aca", "lung_n"))
    (data / "manifest.csv").unlink()
    for name in ("strip.png", "saved again.jpg"):
        with pytest.raises(DataProblem, match="simulator"):
            decode((folder / name).read_bytes())
        (data / "lung_n" / name).write_bytes((folder / name).read_bytes())
    dataset = open_dataset(data)
    unreadable = fingerprint(dataset).unreadable
    assert set(unreadable) == {"lung_n/strip.png", "lung_n/saved again.jpg"}
    assert all("simulator" in why for why in unreadable.values())
    drawn = next(sample for sample in dataset.samples if sample.path == "lung_n/strip.png")
    with pytest.raises(DataProblem, match="simulator") as caught:
        dataset.pixels(drawn, 64)
    assert caught.value.listed == (drawn.path,)

"""Strips of the simulator: what is on them, and that no part of one goes without its mark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.job import NullContext
from lungviewer.core.simulator import Strip
from lungviewer.core.synthetic import MARK, has_bars
from lungviewer.core.types import Prediction, Status
from lungviewer.exporters.strip_gif import END_MS, STEP_MS, write_strip_gif
from lungviewer.exporters.strip_png import write_strip_png
from lungviewer.exporters.strip_sheet import malignant_words, step_sheet, strip_sheet
from lungviewer.exporters.synthetic_mark import stamped_picture
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.packs.store import load_pack
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.progression import Simulator, judge_steps
from tests.contracts.exporter_contract import ExporterContract
from tests.fixtures.simulators import ct_judge, strip_of, tiny_simulator


def _strip(folder: Path, count: int) -> Strip:
    simulator = Simulator.open(load_simulator(tiny_simulator(folder / "s")))
    engine = InferenceEngine.open(load_pack(ct_judge(folder / "c")), "cpu")
    steps = simulator.steps(simulator.random_start(3), count, NullContext())
    strip = strip_of(simulator, count, judge_steps(steps, engine, NullContext()))
    engine.close()
    simulator.close()
    return strip


@pytest.fixture(scope="module")
def strip(tmp_path_factory):
    return _strip(tmp_path_factory.mktemp("strip"), 5)


class TestPng(ExporterContract):
    @pytest.fixture(autouse=True)
    def _give(self, strip):
        self.strip = strip

    def write(self, target: Path) -> None:
        write_strip_png(target, self.strip)


class TestGif(ExporterContract):
    @pytest.fixture(autouse=True)
    def _give(self, strip):
        self.strip = strip

    def write(self, target: Path) -> None:
        write_strip_gif(target, self.strip)


def test_a_png_says_in_its_texts_what_it_is(strip, tmp_path):
    write_strip_png(tmp_path / "strip.png", strip)
    with Image.open(tmp_path / "strip.png") as picture:
        texts = picture.text
    assert texts["Comment"].startswith(MARK)
    assert texts["Description"].startswith(MARK)
    assert "no patient" in texts["Comment"]
    assert strip.simulator in texts["Software"]


def test_a_gif_has_a_marked_frame_a_step_and_goes_on_for_ever(strip, tmp_path):
    write_strip_gif(tmp_path / "strip.gif", strip)
    with Image.open(tmp_path / "strip.gif") as picture:
        assert picture.n_frames == 5
        assert picture.info["comment"].startswith(MARK.encode())
        assert picture.info["loop"] == 0
        durations = []
        for number in range(5):
            picture.seek(number)
            durations.append(picture.info["duration"])
            assert has_bars(np.asarray(picture.convert("RGB")))
    assert durations == [END_MS, STEP_MS, STEP_MS, STEP_MS, END_MS]


@pytest.mark.parametrize("count", [1, 2, 9])
def test_sheets_of_any_length_are_marked_and_wide_enough(strip, count):
    steps = (strip.steps * 2)[:count]
    sheet = strip_sheet(replace(strip, steps=steps))
    assert has_bars(sheet)
    assert sheet.shape[1] >= 512


def test_all_frames_have_one_size_also_where_one_is_refused(strip):
    refused = Prediction(
        Status.REFUSED, ("unlike_training",), strip.steps[0].prediction.probabilities, None, None, 9.0
    )
    steps = (replace(strip.steps[0], prediction=refused), *strip.steps[1:])
    mixed = replace(strip, steps=steps)
    assert len({step_sheet(mixed, step).shape for step in mixed.steps}) == 1
    assert strip_sheet(mixed).shape[0] > strip_sheet(strip).shape[0]  # it says why


def test_what_is_written_below_a_picture_is_its_call(strip):
    last = strip.steps[-1]
    share = last.prediction.probabilities["malignant"]
    assert malignant_words(strip, last) == f"Malignant {share:.0%}"
    assert malignant_words(strip, replace(last, prediction=None)) == "Not asked"
    refused = replace(last.prediction, status=Status.REFUSED, predicted=None, confidence=None)
    assert malignant_words(strip, replace(last, prediction=refused)) == "Refused"


def test_each_picture_carries_the_word_in_white_on_black(strip):
    picture = stamped_picture(strip.steps[0].image, 192)
    band = picture[-12:]
    assert picture.shape == (192, 192, 3)
    assert (band < 40).mean() > 0.5
    assert band.max() > 200
    assert np.abs(picture[:150].mean() - strip.steps[0].image.mean()) < 15


def test_longer_bars_stand_for_larger_shares(strip):
    """The bar of the tumour class is the only black one in a grey trough."""
    grey = strip_sheet(strip)[:, :, 1]
    lengths = []
    for number in range(len(strip.steps)):
        cell = grey[:, 14 + number * 204 :][:, :192]
        rows = [row for row in cell if (row == 225).sum() > 20 and row[0] < 40]
        lengths.append((rows[0] < 40).sum())
    shares = [step.prediction.probabilities["malignant"] for step in strip.steps]
    assert lengths == pytest.approx([191 * share for share in shares], abs=2)


def test_names_of_files_and_people_are_on_none(strip, tmp_path):
    write_strip_png(tmp_path / "Doe^Jane.png", strip)
    assert b"Doe" not in (tmp_path / "Doe^Jane.png").read_bytes()

"""Every network on the same split with the same schedule, by group and by image, and one honest table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled, OutputUnwritable
from lungviewer.core.job import RecordingContext
from training.__main__ import main
from training.compare import CompareRequest, compare
from training.compare_text import footnotes, markdown_table, text_table
from training.errors import DataProblem
from training.history import Epoch
from training.speed import speed_ratios

pytest.importorskip("tensorflow", reason="needs the training extra")


@pytest.fixture(scope="module")
def request_(colour_data: Path, tmp_path_factory: pytest.TempPathFactory) -> CompareRequest:
    out = tmp_path_factory.mktemp("compare")
    names = ("basic_cnn",)
    return CompareRequest(colour_data, out, names, size=32, images_per_group=2, epochs=2, seeds=(3, 4))


@pytest.fixture(scope="module", autouse=True)
def small_reference() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.compare.REFERENCE", "basic_cnn")
        yield


class StopAfterEpochs(RecordingContext):
    def __init__(self, left: int) -> None:
        super().__init__()
        self._left = left

    def partial(self, value: object) -> None:
        super().partial(value)
        self._left -= isinstance(value, Epoch)
        if not self._left:
            self.cancel()


def epochs_of(ctx: RecordingContext) -> int:
    return sum(isinstance(value, Epoch) for value in ctx.partials)


@pytest.fixture(scope="module")
def found(request_: CompareRequest) -> dict[str, Any]:
    """Stopped in the second training of four, and started again."""
    with pytest.raises(Cancelled):
        compare(request_, StopAfterEpochs(3))
    again = RecordingContext()
    result = compare(request_, again)
    assert epochs_of(again) == 2 * 4 - 3, "nothing is trained twice"
    return result


def test_the_table_tells_both_splits_apart(found: dict[str, Any], request_: CompareRequest) -> None:
    assert [row["name"] for row in found["architectures"]] == ["basic_cnn"]
    group, image = found["data"]["group"], found["data"]["image"]
    assert sum(group[side]["images"] for side in group) == 36 * 2
    assert sum(group[side]["groups"] for side in group) == 36
    assert sum(image[side]["groups"] for side in image) > 36, "originals lie on more than one side"
    for row in found["architectures"]:
        for unit in ("group", "image"):
            accuracy = row["units"][unit]["figures"]["accuracy"]
            by_seed = row["units"][unit]["accuracy_by_seed"]
            assert accuracy["value"] == pytest.approx(np.mean(by_seed))
            assert len(by_seed) == len(row["units"][unit]["validation_by_seed"]) == 2
            assert (accuracy["split_unit"], accuracy["images"]) == (
                unit,
                found["data"][unit]["test"]["images"],
            )
        assert row["parity"]["probability"] <= 1e-4
        assert row["start"] == "random"
        assert row["speed"] > 0
    assert json.loads((request_.out / "compare.json").read_bytes()) == found
    assert (request_.out / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert not list((request_.out / "work").iterdir()), "checkpoints are cleared away"


def test_the_words_say_what_the_figures_rest_on(found: dict[str, Any], request_: CompareRequest) -> None:
    text, markdown = text_table(found), markdown_table(found)
    assert (request_.out / "compare.md").read_text(encoding="utf-8") == markdown
    for words in (" ".join(text.split()), markdown):
        assert "SHORT SCHEDULE" in words
        assert "2 epochs" in words
        assert "those figures prove nothing" in words
        assert "Mean over 2 seeds" in words
    assert max(map(len, text.splitlines())) <= 100, "a terminal is narrower than a page"
    networks, by_group, by_image = (
        [line for line in part.splitlines() if line.startswith("|")] for part in markdown.split("## Split by")
    )
    for rows in (networks, by_group, by_image):
        assert len({row.count("|") for row in rows}) == 1
        assert len(rows) == 3
    for column in ("balanced = macro recall", "macro precision", "macro F1", "AUC, macro", "AUC, benign"):
        assert column in by_group[0]
    one = {**found, "data": {"group": found["data"]["group"]}}
    assert not any("Split by image" in note for note in footnotes(one))


def table_row(group: float, image: float) -> dict[str, Any]:
    sides = {"group": group, "image": image}
    return {
        "units": {unit: {"figures": {"accuracy": {"value": value}}} for unit, value in sides.items()},
    }


def test_how_far_the_two_splits_are_apart_is_told_in_points(found: dict[str, Any]) -> None:
    rows = [table_row(0.80, 0.90), table_row(0.70, 0.74)]
    told = " ".join(footnotes({**found, "architectures": rows}))
    assert (
        "prove nothing. Accuracy is +7.0 points from the split by group on average (+4.0 to +10.0);" in told
    )


def test_without_a_split_by_group_the_leak_is_still_told(found: dict[str, Any]) -> None:
    row = table_row(0.0, 0.9)
    del row["units"]["group"]
    one = {**found, "architectures": [row], "data": {"image": found["data"]["image"]}}
    told = " ".join(footnotes(one))
    assert "those figures prove nothing." in told
    assert "points from" not in told
    assert "Choose by" not in told


def test_a_finished_comparison_is_read_and_a_network_may_join(
    found: dict[str, Any], request_: CompareRequest
) -> None:
    ctx = RecordingContext()
    names = ("basic_cnn", "plain_cnn4")
    joined = compare(replace(request_, architectures=names, units=("group",), seeds=(3,)), ctx)
    assert epochs_of(ctx) == 2
    assert [row["name"] for row in joined["architectures"]] == ["basic_cnn", "plain_cnn4"]
    assert joined["architectures"][1]["explanation"] == "grad-cam"
    old = found["architectures"][0]["units"]["group"]["accuracy_by_seed"][0]
    assert joined["architectures"][0]["units"]["group"]["accuracy_by_seed"] == [old]
    with pytest.raises(DataProblem, match="other settings"):
        compare(replace(request_, epochs=5))


def test_unknown_networks_and_bad_options_are_sentences(
    request_: CompareRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", "--data", str(request_.data), "--out", str(tmp_path / "o")]
    for extra, sentence in (
        (["--archs", "perceptron"], "no architecture called 'perceptron'. There are: mobilenetv2"),
        (["--balance", "weights,luck"], "no balance called 'luck'. There are: sampling, weights, none"),
        (["--so-far"], "Nothing is trained in this folder yet"),
        (["--size", "16"], "At least 32 pixels"),
        (["--epochs", "0"], "one epoch"),
        (["--weights", "bn_cnn=missing.h5"], "weights file of bn_cnn does not exist"),
        (["--data", str(tmp_path / "nowhere")], "data folder does not exist"),
        (["--weights", "bn_cnn"], "ARCH=FILE"),
    ):
        assert main([*arguments, *extra]) == 2
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("seeds", ["one", "-1", "1,,2", ""])
def test_seeds_are_whole_numbers(
    seeds: str, request_: CompareRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["compare", "--data", str(request_.data), "--out", str(tmp_path), f"--seeds={seeds}"])
    assert "no whole number from 0 on" in capsys.readouterr().err


def test_an_output_that_is_a_file_is_a_sentence(request_: CompareRequest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("taken")
    with pytest.raises(OutputUnwritable, match="output folder cannot be made"):
        compare(replace(request_, out=tmp_path / "file"))


def test_speed_is_the_median_of_turns_without_the_first(
    found: dict[str, Any], request_: CompareRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter([(50.0, 1.0), *[(3.0, 1.0), (3.0, 1.5), (3.0, 0.5)] * 3])
    pairs = (seconds for turn in turns for seconds in turn)
    monkeypatch.setattr("training.speed._seconds", lambda *_: next(pairs))
    graph = (request_.out / "graphs" / "basic_cnn.onnx").read_bytes()
    pictures = np.zeros((1, 32, 32, 3), np.uint8)
    assert speed_ratios({"it": graph}, graph, pictures, RecordingContext()) == {"it": 3.0}

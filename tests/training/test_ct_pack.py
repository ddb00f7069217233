"""A whole tiny training on slices: the pack states its window, its card speaks of slices, with folds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import RecordingContext
from lungviewer.core.types import Status
from lungviewer.core.window import Window
from lungviewer.packs.loading import load_pack
from tests.fixtures.ct_data import write_ct_data
from training.about import About
from training.augment import settings_for
from training.cross_validate import cross_validation
from training.data import open_dataset
from training.evaluate import judge_folder
from training.gate import NOT_APPLICABLE
from training.gate_pack import GateRequest, gate_pack
from training.history import Epoch
from training.judge import Judge, open_pack
from training.pipeline import run_fit
from training.request import FitRequest, FitResult
from training.tune import TuneSettings

ABOUT = About(
    id="tiny-ct",
    title="Tiny CT",
    modality="ct",
    stain="none",
    input_size=64,
    um_per_px=5600.0,
    window={"centre": -500, "width": 1500},
    data="drawn slices",
    limits=("It knows drawn spots.",),
)


@dataclass(frozen=True)
class TinyCt:
    request: FitRequest
    result: FitResult
    judge: Judge


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyCt:
    pytest.importorskip("tensorflow", reason="needs the training extra")
    folder = tmp_path_factory.mktemp("tiny_ct")
    request = FitRequest(
        write_ct_data(folder / "data", groups=8, slices=2),
        folder / "run",
        about=ABOUT,
        arch="basic_cnn",
        tune=TuneSettings(cut="", views=1, epochs=1, images=16, batch=8, head_epochs=0, seed=3),
        augment=settings_for("ct"),
        folds=3,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.cross_validate.REPLICATES", 40)
        patch.setattr("training.metrics.REPLICATES", 40)
        result = run_fit(request, RecordingContext())
    return TinyCt(request, result, open_pack(result.pack))


def test_the_pack_states_the_window_and_takes_no_second_look(tiny: TinyCt) -> None:
    spec = load_pack(tiny.result.pack).spec
    assert spec.input.window == Window(-500, 1500)
    assert spec.input.again_below == 0.0
    assert spec.modality == "ct"
    assert spec.class_ids == ("benign", "malignant", "normal")


def test_slices_pass_the_image_checks_and_colour_is_refused_by_name(tiny: TinyCt) -> None:
    dataset = open_dataset(tiny.request.data)
    side = judge_folder(tiny.judge, dataset, RecordingContext())
    assert "colour" not in set(side.given.reason)
    assert "scale_unknown" not in set(side.given.reason), "a slice is one field whatever its scale"
    pink = np.zeros((64, 64, 3), np.uint8)
    pink[:, 32:] = (220, 120, 180)
    answer = tiny.judge.answer(pink, None)
    assert (answer.status, answer.reasons[0]) == (Status.REFUSED, "colour")


def test_the_card_speaks_of_slices_and_puts_the_folds_beside_the_test_side(tiny: TinyCt) -> None:
    card = (tiny.result.pack / "card.md").read_text(encoding="utf-8")
    for words in (
        "window of centre -500 and width 1500",
        "Not a slice of a chest",
        "Mirroring a slice",
        "These are the figures to quote by",
        "split by group | split by image",
        "The same recipe in 3 folds, so that each of the 48 images of 24 groups",
        "of the map's heat lies outside the body",
    ):
        assert words in card, words
    for words in ("stain (", "glass, blur", "the tissue", "Tiles of other", "µm per pixel"):
        assert words not in card, words


def test_the_folds_hold_every_image_once_by_either_unit(tiny: TinyCt) -> None:
    record = tiny.result.metrics["cross_validation"]
    assert list(record["units"]) == ["group", "image"]
    for found in record["units"].values():
        assert found["figures"]["balanced_accuracy"]["images"] == 48
        assert set(found["validation"]) == {"accuracy", "balanced_accuracy", "auc_macro"}
    ctx = RecordingContext()
    folder = tiny.request.out / "folds"
    again = cross_validation(tiny.request, open_dataset(tiny.request.data), folder, ctx)
    assert not any(isinstance(value, Epoch) for value in ctx.partials), "finished folds are not done again"
    assert again is not None
    assert again["units"]["group"]["validation"] == record["units"]["group"]["validation"]


def test_the_gate_says_what_does_not_apply_and_far_sets_are_shown_in_grey_as_well(tiny: TinyCt) -> None:
    record = gate_pack(GateRequest(tiny.result.pack)).record
    assert [row["verdict"] for row in record["rows"]].count(NOT_APPLICABLE) == 3
    metrics = json.loads((tiny.result.pack / "evaluation" / "metrics.json").read_bytes())
    names = [r["set"] for r in metrics["strange"]]
    assert "photographs (crops of 2), in grey" in names
    in_colour = next(r for r in metrics["strange"] if r["set"] == "photographs (crops of 2)")
    assert in_colour["refused_for"].get("colour", 0) > 0
    assert list(metrics["shortcuts"]) == ["colour", "corners", "file", "noise", "border", "table"]
    assert Path(tiny.result.pack / "evaluation" / "robustness.png").is_file()

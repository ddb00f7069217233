"""The pack in models/ is whole, reproduces its golden images, and publishes honest figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.trust import calibrated_probabilities
from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.loading import LoadedPack, load_pack
from training.gate import FAIL, MISSING
from training.gate_pack import GateRequest, gate_pack
from training.golden import draw_golden_images
from training.judge import open_pack
from training.runtime import OnnxModel

PACK = Path(__file__).parents[2] / "models" / "lung-histology-mobilenetv2"


@pytest.fixture(scope="module")
def pack() -> LoadedPack:
    return load_pack(PACK)


@pytest.fixture(scope="module")
def metrics() -> dict:  # type: ignore[type-arg]
    return json.loads((PACK / "evaluation" / "metrics.json").read_bytes())


def test_it_verifies_and_states_what_it_is(pack: LoadedPack) -> None:
    spec = pack.spec
    assert spec.id == PACK.name
    assert spec.class_ids == ("adenocarcinoma", "benign", "squamous_cell_carcinoma")
    assert (spec.input.size, spec.input.um_per_px, spec.input.field_um) == (224, 0.58, 129.92)
    assert (spec.modality, spec.runtime, spec.validated) == ("histology", "onnx", True)
    assert (spec.provenance.split_unit, spec.explain.method) == ("group", "cam")
    check_keras_archive((PACK / "model.keras").read_bytes())


def test_its_golden_images_are_drawn_by_this_code_and_reproduce(pack: LoadedPack) -> None:
    images = np.array(pack.golden["images"])
    # Drawing may round differently with another OpenCV; the pack's own pixels are what counts.
    assert np.abs(images.astype(int) - draw_golden_images(224)).mean() < 0.5
    raw = OnnxModel(pack.model, threads=1).predict(images)
    for name in ("logits", "cam", "embedding"):
        expected = np.array(pack.golden[name])
        np.testing.assert_allclose(
            getattr(raw, name), expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max()
        )


def test_one_image_and_a_batch_give_the_same(pack: LoadedPack) -> None:
    images = np.array(pack.golden["images"])
    model = OnnxModel(pack.model, threads=1)
    together = model.predict(images)
    for i in range(len(images)):
        alone = model.predict(images[i : i + 1])
        np.testing.assert_allclose(alone.logits[0], together.logits[i], rtol=1e-4, atol=1e-4)


def test_it_is_small(pack: LoadedPack) -> None:
    assert sum(stamp.bytes for stamp in pack.spec.files.values()) < 40_000_000
    assert pack.spec.files["trust.npz"].bytes < 3_000_000


def test_no_figure_is_without_its_denominator(metrics: dict) -> None:  # type: ignore[type-arg]
    test = metrics["test"]
    assert (test["split_unit"], test["images"], test["groups"]) == ("group", 880, 88)
    for name, measured in test["figures"].items():
        if measured["value"] < 1 or name.startswith("recall"):
            assert measured["low"] <= measured["value"] <= measured["high"], name
    assert {r["split_unit"] for r in metrics["split_units"]} == {"group", "image"}
    for name in ("external", "external_sets", "strange"):
        assert metrics[name]
        assert all(r["images"] and r["groups"] for r in metrics[name])
    for name in ("robustness", "stability"):
        assert metrics[name]["split_unit"] == "group"
        assert metrics[name]["groups"] == 88
    assert metrics["parity"]["probability"] <= 1e-4
    assert metrics["image_checks"]["refused_share"] < 0.01


def test_the_spread_of_single_runs_is_published(metrics: dict) -> None:  # type: ignore[type-arg]
    runs = metrics["seeds"]
    assert len({run["seed"] for run in runs}) >= 3
    published = [(r["set"], r["class"]) for r in metrics["external"]]
    assert all([(r["set"], r["class"]) for r in run["external"]] == published for run in runs)


def test_the_gate_says_the_same_now_as_on_the_card(pack: LoadedPack, metrics: dict) -> None:  # type: ignore[type-arg]
    found = gate_pack(GateRequest(PACK)).record
    assert found["rows"][0] == {
        "key": "golden",
        "what": "golden images reproduce here",
        "wanted": "yes",
        "reached": "yes",
        "verdict": "pass",
    }
    assert found["rows"][1:] == metrics["gate"]["rows"]
    assert found["targets"] == metrics["gate"]["targets"]
    card = (PACK / "card.md").read_text(encoding="utf-8")
    for row in (*found["rows"][1:], *found["targets"]):
        if row["verdict"] in (FAIL, MISSING):
            assert row["key"] in metrics["aims"]["reasons"], "a row that fails has its reason"
            assert metrics["aims"]["reasons"][row["key"]] in card


def test_an_eight_bit_model_ships_only_if_it_is_as_good(pack: LoadedPack, metrics: dict) -> None:  # type: ignore[type-arg]
    record = metrics["int8"]
    good = record["fall_points"] <= 0.3 and record["map_correlation"] >= 0.95
    assert record["shipped"] == good == (pack.model_int8 is not None)


def test_the_card_is_plain_about_the_limits(pack: LoadedPack, metrics: dict) -> None:  # type: ignore[type-arg]
    card = (PACK / "card.md").read_text(encoding="utf-8")
    for words in (
        "Research use only, not for diagnosis",
        "880 test images of 88 groups",
        "split unit: group",
        "arXiv:1912.12142",
        "Other laboratories (evaluation only)",
        "When not to trust it",
        "Apache-2.0",
    ):
        assert words in card
    for record in metrics["external"]:
        assert record["set"] in card


def test_evaluation_pictures_open(pack: LoadedPack) -> None:
    names = [name for name in pack.spec.files if name.endswith(".png")]
    assert len(names) >= 6
    for name in names:
        with Image.open(PACK / name) as picture:
            picture.load()


def test_home_tiles_are_answered_as_published(shared_data: Path, metrics: dict) -> None:  # type: ignore[type-arg]
    """A tenth of the test groups, read from their files: nobody has to believe the card."""
    from training.data import open_dataset
    from training.evaluate import home_of_pack

    judge = open_pack(PACK)
    dataset = open_dataset(shared_data / "lung_histology")
    rows, unit = home_of_pack(judge, dataset)
    assert (len(rows), unit) == (metrics["test"]["images"], "group")
    chosen = [dataset.samples[i] for i in rows[::10]]
    fields = np.stack([dataset.pixels(s, 224) for s in chosen])
    for quarters in (1, 2, 3):
        turned = judge.fields_at_once(np.ascontiguousarray(np.rot90(fields, quarters, axes=(1, 2))))
        assert (turned.predicted == judge.fields_at_once(fields).predicted).mean() >= 0.98
    logits = judge.model.predict(fields).logits
    predicted = calibrated_probabilities(logits, judge.spec.calibration.temperature).argmax(axis=1)
    right = float((predicted == [s.target for s in chosen]).mean())
    published = metrics["test"]["figures"]["accuracy"]
    assert published["low"] - 0.03 <= right <= 1.0

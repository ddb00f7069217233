"""A pack gets an eight-bit model only if it is as good, and its card says so either way."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import NullContext
from lungviewer.packs.loading import load_pack
from lungviewer.packs.names import MODEL_INT8
from tests.training.conftest import TinyRun
from training.__main__ import main
from training.errors import DataProblem
from training.int8_pack import QuantiseRequest, quantise_pack
from training.int8_text import INT8_TITLE, int8_summary
from training.markdown import with_section
from training.pipeline import run_fit
from training.runtime import OnnxModel
from training.verdict import TITLE

pytest.importorskip("tensorflow", reason="needs the training extra")


def limits(patch: pytest.MonkeyPatch, points: float, correlation: float) -> None:
    patch.setattr("training.int8_check.MOST_FALL_POINTS", points)
    patch.setattr("training.int8_check.LEAST_MAP_CORRELATION", correlation)


@pytest.fixture(scope="module")
def passed(tiny_run: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The tiny run's pack with an eight-bit model. Random filters need wider limits."""
    folder = tmp_path_factory.mktemp("int8") / "pack"
    with pytest.MonkeyPatch.context() as patch:
        limits(patch, 100, -1)
        done = quantise_pack(QuantiseRequest(tiny_run.result.pack, tiny_run.request.data, folder))
    return done.pack, done.record


def test_a_pack_that_passes_gets_the_model_its_golden_outputs_and_a_section(
    passed: tuple, tiny_run: TinyRun
) -> None:
    folder, record = passed
    pack, old = load_pack(folder), load_pack(tiny_run.result.pack)
    assert pack.precisions == ("fp32", "int8")
    assert pack.model == old.model
    assert pack.model_int8 is not None
    raw = OnnxModel(pack.model_int8, threads=1).predict(np.array(pack.golden["images"]))
    np.testing.assert_allclose(raw.logits, pack.golden["int8_logits"], rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(pack.golden["logits"], old.golden["logits"])
    card = (folder / "card.md").read_text(encoding="utf-8")
    before = (tiny_run.result.pack / "card.md").read_text(encoding="utf-8")
    assert card.split(f"## {TITLE}")[0] == before.split(f"## {TITLE}")[0]
    assert "eight bits: maps correlate" in card, "the gate counts it"
    assert "eight bits: maps correlate" not in before
    assert card.count(f"## {INT8_TITLE}\nThe pack ships an eight-bit model") == 1
    metrics = json.loads((folder / "evaluation" / "metrics.json").read_bytes())
    assert metrics["int8"] == json.loads(json.dumps(record))
    assert metrics["test"] == json.loads(json.dumps(tiny_run.result.metrics["test"]))
    assert record["images"] == tiny_run.result.metrics["test"]["images"]


def test_one_that_fails_gets_none_and_the_card_says_so(
    passed: tuple, tiny_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(monkeypatch, 100, 1.1)
    folder = tmp_path / "pack"
    shutil.copytree(passed[0], folder)
    done = quantise_pack(QuantiseRequest(folder, tiny_run.request.data))
    assert done.record["shipped"] is False
    pack = load_pack(folder)
    assert pack.precisions == ("fp32",)
    assert not any(name.startswith("int8_") for name in pack.golden)
    assert MODEL_INT8 not in {p.name for p in folder.iterdir()}
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert card.count(f"## {INT8_TITLE}\n") == 1
    assert "ships NO eight-bit model" in card


def test_the_section_takes_the_place_of_an_earlier_one() -> None:
    record = {
        **dict.fromkeys(("accuracy_fp32", "accuracy_int8", "agreement", "status_agreement"), 0.5),
        **dict.fromkeys(("refused_fp32", "refused_int8"), 0.1),
        **dict.fromkeys(("fall_points", "map_correlation", "speed_ratio"), 1.0),
        "fall_interval": None,
        "shipped": True,
        "bytes": 1,
        "bytes_fp32": 2,
        "images": 9,
        "groups": 3,
        "split_unit": "group",
    }
    card = "# Title\n\n## One\nText.\n"
    once = with_section(card, INT8_TITLE, int8_summary(record))
    assert once == f"{card}\n## {INT8_TITLE}\n{int8_summary(record)}\n"
    assert with_section(once, INT8_TITLE, int8_summary(record)) == once
    between = f"{once}\n## Two\nMore.\n"
    failed = with_section(between, INT8_TITLE, int8_summary({**record, "shipped": False}))
    assert failed == between.replace(int8_summary(record), int8_summary({**record, "shipped": False}))


def test_fit_ships_it_in_one_go(tiny_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tiny_run.result.metrics
    checks = {name: known[name] for name in ("robustness", "stability", "explanation")}
    monkeypatch.setattr("training.finish.home_checks", lambda *_: checks)
    monkeypatch.setattr("training.trainers.probe_leakage", lambda *_: known["split_units"])
    limits(monkeypatch, 100, -1)
    shutil.copytree(tiny_run.request.out, tmp_path / "run")
    result = run_fit(replace(tiny_run.request, out=tmp_path / "run", int8=True))
    pack = load_pack(result.pack)
    assert pack.model == load_pack(tiny_run.result.pack).model
    assert pack.precisions == ("fp32", "int8")
    assert result.metrics["int8"]["shipped"] is True
    assert (result.pack / "card.md").read_text(encoding="utf-8").count(f"## {INT8_TITLE}\n") == 1
    assert "int8_cam" in pack.golden


def test_data_of_other_classes_is_a_sentence(
    passed: tuple, tiny_run: TinyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("lung_n", "lung_aca"):
        shutil.copytree(tiny_run.request.data / label, tmp_path / "data" / label)
    with pytest.raises(DataProblem, match="classes are not the pack's"):
        quantise_pack(QuantiseRequest(passed[0], tmp_path / "data"), NullContext())
    assert main(["quantize", "--pack", str(passed[0]), "--data", str(tmp_path / "data")]) == 2
    assert "classes are not the pack's" in capsys.readouterr().err

"""The CT pack in models/ says of itself what validation shows: none of its answers goes without review."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lungviewer.cli.main import main
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.packs.loading import LoadedPack, load_pack
from training.operating_text import unreviewed_sentence

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def pack() -> LoadedPack:
    return load_pack(MODELS / "lung-ct-mobilenetv2")


def test_its_threshold_is_what_its_figures_and_its_card_say(pack: LoadedPack) -> None:
    folder, trust = MODELS / "lung-ct-mobilenetv2", pack.spec.trust
    metrics = json.loads((folder / "evaluation" / "metrics.json").read_bytes())
    found = metrics["calibration"]["unreviewed"]
    assert found["low"] < found["aim"] == 0.9
    assert not found["aim_met"]
    assert trust.always_review
    assert pack.spec.standing_doubts == ("aim_not_met",)
    assert trust.targets["validation_coverage"] == metrics["test"]["calls"]["coverage"]["value"] == 0
    assert metrics["test"]["calls"]["selective_accuracy"]["value"] is None
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert unreviewed_sentence(found) in card
    assert "nan" not in card.lower().split()


def test_it_calls_no_slice_of_another_hospital_without_review(
    pack: LoadedPack, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "slices.csv"
    code = main(["series", str(shared_data / "ct_dicom" / "series_a"), "--csv", str(table), "--quiet"])
    assert code == 0
    with table.open(encoding="utf-8-sig", newline="") as lines:
        slices = list(csv.DictReader(lines))
    assert len(slices) == 32
    assert {(row["status"], row["reason"].split("; ")[0]) for row in slices} == {("review", "aim_not_met")}
    assert all(row["predicted_class"] and float(row["confidence"]) > 0 for row in slices)
    said = capsys.readouterr().out
    assert "To review: 32 slices: 1–32" in said
    assert REASON_SENTENCES["aim_not_met"] in said

"""Thresholds of a finished pack fitted again: same model, new version, honest before and after."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.errors import PackInvalid
from lungviewer.core.job import RecordingContext
from lungviewer.packs.loading import load_pack
from tests.fixtures.colour_data import write_colour_data
from tests.training.conftest import TinyRun
from training.__main__ import main
from training.data import open_dataset
from training.errors import DataProblem, LeakageError
from training.judge import open_pack
from training.notes import OTHER_FOLDER_NOTE, Note
from training.own_sides import in_order_of, sides_for
from training.recalibrate import CalibrateRequest, next_version, recalibrate


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other drawings of the same classes: 20 groups each."""
    return write_colour_data(tmp_path_factory.mktemp("elsewhere") / "data", groups=20, copies=1)


@pytest.fixture(scope="module")
def foreign(tiny_run: TinyRun, elsewhere: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("packs") / "new"
    ctx = RecordingContext()
    return recalibrate(CalibrateRequest(tiny_run.result.pack, elsewhere, out), ctx), ctx


def test_the_model_is_the_same_and_the_version_is_not(foreign, tiny_run: TinyRun) -> None:
    done, ctx = foreign
    assert Note(OTHER_FOLDER_NOTE, "warning") in ctx.partials
    old, new = load_pack(tiny_run.result.pack), load_pack(done.pack)
    assert new.model == old.model
    assert (old.spec.version, new.spec.version) == ("0.1.0", "0.1.1")
    assert new.spec.provenance == old.spec.provenance
    assert new.spec.files["model.keras"] == old.spec.files["model.keras"]
    assert "another folder" in new.spec.calibration.fitted_on


def test_before_and_after_are_of_the_same_held_out_groups(foreign) -> None:
    done, _ = foreign
    before, after, sides = done.record["before"], done.record["after"], done.record["sides"]
    assert before["images"] == after["images"] == sides["test"]["images"] > 0
    assert before["figures"]["accuracy"]["value"] == after["figures"]["accuracy"]["value"]
    assert done.record["made_up_laboratories_before"]["coverage"] is not None
    written = json.loads((done.pack / "evaluation" / "metrics.json").read_bytes())
    assert written["recalibration"]["after"] == json.loads(json.dumps(after))
    assert written["pack"]["version"] == "0.1.1"


def test_the_card_says_what_changed_before_anything_else(foreign) -> None:
    card = (foreign[0].pack / "card.md").read_text(encoding="utf-8")
    sections = [line for line in card.splitlines() if line.startswith("## ")]
    assert sections[0] == "## Thresholds fitted again (0.1.1)"
    assert "another folder or manifest than it was trained with" in card
    assert "`tiny` 0.1.1" in card
    assert "of version 0.1.0" in card


def test_the_packs_own_folder_keeps_the_packs_own_sides(tiny_run: TinyRun, tmp_path: Path) -> None:
    ctx = RecordingContext()
    done = recalibrate(CalibrateRequest(tiny_run.result.pack, tiny_run.request.data, tmp_path / "new"), ctx)
    assert Note(OTHER_FOLDER_NOTE, "warning") not in ctx.partials
    assert done.record["own_training_folder"]
    metrics = json.loads((done.pack / "evaluation" / "metrics.json").read_bytes())
    assert "robustness" not in metrics, "it rested on the old thresholds"
    assert not metrics["gate"]["passes"]
    assert "NOT MEASURED" in (done.pack / "card.md").read_text(encoding="utf-8")
    assert done.record["sides"] == tiny_run.result.metrics["split"]["sides"]
    given = load_pack(done.pack).spec
    assert given.calibration.temperature == tiny_run.result.spec.calibration.temperature
    assert given.trust.score == tiny_run.result.spec.trust.score
    assert given.trust.refuse_above == pytest.approx(tiny_run.result.spec.trust.refuse_above, rel=1e-3)


def test_a_pack_that_is_there_is_not_written_over(foreign, tiny_run: TinyRun, elsewhere: Path) -> None:
    ctx = RecordingContext()
    with pytest.raises(PackInvalid, match="already a folder"):
        recalibrate(CalibrateRequest(tiny_run.result.pack, elsewhere, foreign[0].pack), ctx)
    assert not ctx.steps, "it is told before any work"


def test_too_few_groups_are_refused_by_class_and_number(tiny_run: TinyRun, tmp_path: Path) -> None:
    data = write_colour_data(tmp_path / "data", groups=9, copies=1)
    with pytest.raises(DataProblem, match=r"too few groups of adenocarcinoma: \d of them"):
        sides_for(open_dataset(data), tiny_run.result.spec)


def test_unknown_groups_are_refused(tiny_run: TinyRun, tmp_path: Path) -> None:
    data = write_colour_data(tmp_path / "data", groups=20, copies=1, manifest=False)
    with pytest.raises(DataProblem, match="Groups are not known"):
        sides_for(open_dataset(data), tiny_run.result.spec)


def test_other_classes_are_refused_with_the_way_out(tiny_run: TinyRun, elsewhere: Path) -> None:
    dataset = open_dataset(elsewhere)
    fewer = replace(dataset, classes=dataset.classes[:2])
    with pytest.raises(DataProblem, match="lacks squamous_cell_carcinoma") as caught:
        in_order_of(fewer, tiny_run.result.spec)
    assert "--head-only" in caught.value.sentence


def test_targets_follow_the_order_of_the_packs_outputs(tiny_run: TinyRun, elsewhere: Path) -> None:
    spec = tiny_run.result.spec
    turned = replace(spec, classes=spec.classes[::-1])
    dataset = open_dataset(elsewhere)
    found = in_order_of(dataset, turned)
    np.testing.assert_array_equal(found.targets, 2 - dataset.targets)
    assert found.classes == turned.classes


def test_a_copy_on_two_sides_stops_it(tiny_run: TinyRun, tmp_path: Path) -> None:
    data = write_colour_data(tmp_path / "data", groups=20, copies=1)
    original = (data / "lung_n" / "00_0.png").read_bytes()
    for group in range(1, 20):
        (data / "lung_n" / f"{group:02}_0.png").write_bytes(original)
    with pytest.raises(LeakageError):
        recalibrate(CalibrateRequest(tiny_run.result.pack, data, tmp_path / "new"))


def test_the_command_prints_both_and_the_new_thresholds(
    tiny_run: TinyRun, elsewhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    code = main(
        ["calibrate", "--pack", str(tiny_run.result.pack), "--data", str(elsewhere), "--out", str(new)]
    )
    told = capsys.readouterr().out
    assert code == 0
    assert "before" in told
    assert "tiny 0.1.1: temperature" in told
    assert open_pack(new).spec.version == "0.1.1"


def test_versions_go_up_by_one() -> None:
    assert next_version("0.1.9") == "0.1.10"
    assert next_version("1.2.3-rc.1") == "1.2.4"

"""Records about home and about foreign sets: every figure with what it rests on, nothing pooled."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.job import NullContext
from lungviewer.core.model import ClassSpec, Role
from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.tiny_judge import painted, tiny_judge
from training.commands import evaluate as command
from training.errors import DataProblem
from training.evaluate import COVERAGES, ROC_POINTS, home_record
from training.external import class_records, judge_external, set_records
from training.measure_pack import MeasureRequest, measure_pack
from training.metrics import accuracy_at, equal_mass_bins, with_interval
from training.progress import ConsoleProgress

CLASSES = ("tumour_a", "tumour_b", "benign")


def write_painted(folder: Path, groups: int, sets: tuple[str, ...] = ()) -> Path:
    """Painted PNG files of three classes, two a group; with `sets`, foreign ones that take turns."""
    rows = ["path,label,group" + (",set,um_per_px" if sets else "")]
    for c, label in enumerate(CLASSES):
        (folder / label).mkdir(parents=True)
        for i in range(2 * groups):
            # Every fifth looks like the next class: an error to be found.
            colour = COLOURS[(c + (i % 5 == 4)) % 3]
            path = f"{label}/{i:02}.png"
            Image.fromarray(paint(colour, 32, 32, seed=100 * c + i)).save(folder / path)
            end = f",{sets[i % len(sets)]},2.0" if sets else ""
            rows.append(f"{path},{label},{label}_{i // 2}{end}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def classes() -> dict[str, ClassSpec]:
    return {c: ClassSpec(c, c, "#d62728", Role.TUMOUR) for c in CLASSES}


def test_the_home_record_has_curves_with_their_points(classes: object) -> None:
    fields, targets, groups = painted()
    given = tiny_judge().fields_at_once(fields)
    wrong = (targets + (np.arange(len(targets)) % 7 == 0)) % 3
    record = home_record(given, wrong, groups, CLASSES, "group")
    assert [point["coverage"] for point in record["coverage_curve"]] == list(COVERAGES)
    assert record["coverage_curve"][-1]["accuracy"] == record["figures"]["accuracy"]["value"]
    assert all(point["interval"] is not None for point in record["coverage_curve"])
    assert sum(b["images"] for b in record["reliability"]) == len(targets)
    for name in CLASSES:
        curve = record["roc"][name]
        assert len(curve["false_rate"]) <= ROC_POINTS
        assert (curve["false_rate"][0], curve["true_rate"][-1]) == (0, 1)
        assert curve["true_rate"] == sorted(curve["true_rate"])
    areas = [record["figures"][f"auc_{name}"]["value"] for name in CLASSES]
    assert record["figures"]["auc_macro"]["value"] == pytest.approx(np.mean(areas))
    json.dumps(record, allow_nan=False)


def test_accuracy_at_a_coverage_is_that_of_the_most_confident() -> None:
    confidence, right = np.array([0.5, 0.9, 0.7, 0.6]), np.array([False, True, True, False])
    assert accuracy_at(confidence, right, (0.25, 0.5, 0.75, 1.0)) == pytest.approx([1, 1, 2 / 3, 0.5])
    assert accuracy_at(confidence, right, (0.01,)) == [1], "at least one answer"
    assert [len(b) for b in equal_mass_bins(confidence, 3)] == [2, 1, 1]


def test_a_share_without_exception_claims_no_certainty() -> None:
    groups = np.array([f"g{i}" for i in range(8)])
    right = np.array([True] * 7 + [False])
    found = with_interval(groups, lambda rows: {"all": 1.0, "most": float(right[rows].mean())}, "group")
    assert (found["all"].value, found["all"].low) == (1.0, None)
    assert found["most"].low is not None
    assert (found["most"].groups, found["most"].split_unit) == (8, "group")


def test_foreign_sets_are_reported_each_and_per_class(tmp_path: Path) -> None:
    folder = write_painted(tmp_path / "foreign", groups=6, sets=("lab one", "lab two"))
    judge = tiny_judge()
    foreign = judge_external(judge, folder, NullContext())
    by_class, by_set = class_records(foreign, CLASSES), set_records(foreign, CLASSES)
    assert [(r["set"], r["class"]) for r in by_class] == [
        (lab, c) for lab in ("lab one", "lab two") for c in CLASSES
    ]
    for record in by_class:
        assert sum(record["called"].values()) == record["images"] == 6
        assert sum(record["called_ok"].values()) == round(record["coverage"] * 6)
        assert record["recall"] == record["called"][record["class"]] / 6
        assert record["groups"] == 6
    for record in by_set:
        own = [r for r in by_class if r["set"] == record["set"]]
        assert record["images"] == sum(r["images"] for r in own)
        assert record["accuracy"] == pytest.approx(np.mean([r["recall"] for r in own]))
        low, high = record["accuracy_interval"]
        assert low <= record["accuracy"] <= high
        assert record["calls"] == sum(sum(r["called_ok"].values()) for r in own)
        assert record["classes"] == list(CLASSES)


def test_everything_is_measured_from_the_pack_and_drawn(tmp_path: Path, classes: dict) -> None:  # type: ignore[type-arg]
    pack = tiny_pack(tmp_path / "pack", score="gaussian", refuse_above=3.0)
    data = write_painted(tmp_path / "data", groups=6)
    foreign = write_painted(tmp_path / "foreign", groups=5, sets=("lab",))
    request = MeasureRequest(
        pack, data, classes, foreign, {"near:organ": foreign}, True, True, tmp_path / "out"
    )
    found = measure_pack(request, NullContext())
    again = measure_pack(replace(request, out=None), NullContext())
    assert again == found
    assert {"home", "robustness", "stability", "explanation", "strange", "external", "external_sets"} < set(
        found
    )
    written = json.loads((tmp_path / "out" / "metrics.json").read_bytes())
    assert written == json.loads(json.dumps(found))
    pictures = sorted(p.stem for p in (tmp_path / "out").glob("*.png"))
    assert pictures == [
        "confusion", "corruptions", "coverage", "explanations", "external", "reliability", "robustness",
        "roc", "strange",
    ]  # fmt: skip
    for name in pictures:
        with Image.open(tmp_path / "out" / f"{name}.png") as picture:
            assert min(picture.size) > 150
            assert np.asarray(picture.convert("L")).std() > 5


def test_the_command_prints_every_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = tiny_pack(tmp_path / "pack", score="gaussian", refuse_above=3.0)
    data = write_painted(tmp_path / "data", groups=6)
    foreign = write_painted(tmp_path / "foreign", groups=5, sets=("lab",))
    table = tmp_path / "classes.json"
    table.write_text(
        json.dumps({c: {"id": c, "label": c, "colour": "#d62728", "role": "tumour"} for c in CLASSES})
    )
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    arguments = ["--pack", pack, "--data", data, "--external", foreign, "--strange", f"organ={foreign}"]
    arguments += ["--robust", "--explain", "--classes", table, "--json", tmp_path / "figures.json"]
    command.run(parser.parse_args([str(a) for a in arguments]), ConsoleProgress())
    told = capsys.readouterr().out
    for words in (
        "split unit: group", "auc_macro", "severity 1 to 5", "jpeg", "Turned and mirrored",
        "random weights", "A fifth of the field hidden", "glass (synthetic)", "never pooled",
    ):  # fmt: skip
        assert words in told
    assert json.loads((tmp_path / "figures.json").read_bytes())["home"]["images"] == 36


def test_checks_of_home_images_are_not_made_on_foreign_ones(tmp_path: Path) -> None:
    pack = tiny_pack(tmp_path / "pack")
    foreign = write_painted(tmp_path / "foreign", groups=2, sets=("lab",))
    with pytest.raises(DataProblem, match="foreign sets"):
        measure_pack(MeasureRequest(pack, foreign, robust=True), NullContext())
    assert set(measure_pack(MeasureRequest(pack, foreign), NullContext())) == {
        "pack", "modality", "external", "external_sets",
    }  # fmt: skip

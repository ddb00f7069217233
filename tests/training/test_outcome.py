"""What a window is told at the end: key figures with what they rest on, and the pack beside a new one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lungviewer.core.errors import PackError
from lungviewer.core.job import RecordingContext
from lungviewer.packs.loading import load_pack
from tests.fixtures.colour_data import write_colour_data
from tests.training.conftest import TinyRun
from training.__main__ import main
from training.beside import SEEN_NOTE, beside_record
from training.data import UNKNOWN_GROUPS_NOTE, open_dataset
from training.evaluate import Side, home_record, judge_samples
from training.judge import open_pack
from training.notes import Note
from training.outcome import comparison, key_figures
from training.pipeline import run_fit
from training.split import split_by_group

MEASURED = {"value", "low", "high", "images", "groups", "split_unit"}


def events_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[dict]]:
    """Exit code and events of a command with JSON lines."""
    code = main([*map(str, arguments), "--json-lines"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope="module")
def side(tiny_run: TinyRun) -> tuple[Side, object]:
    """The tiny pack's answers to its own test images."""
    judge, dataset = open_pack(tiny_run.result.pack), open_dataset(tiny_run.request.data)
    rows = split_by_group(dataset, judge.spec.provenance.seed).rows("test")
    samples = tuple(dataset.samples[i] for i in rows)
    given = judge_samples(judge, dataset, samples, RecordingContext())
    return Side(samples, given, dataset.targets[rows], dataset.groups[rows], "group"), dataset


def test_a_pack_beside_itself_differs_in_nothing(tiny_run: TinyRun, side: tuple[Side, object]) -> None:
    pack, (given, dataset) = load_pack(tiny_run.result.pack), side
    record = beside_record(pack, pack.spec, given, dataset, RecordingContext())
    assert record["before"] == record["after"]
    assert record["difference"]["accuracy"]["value"] == 0.0
    assert (record["classes"], record["left_out"]) == (list(pack.spec.class_ids), [])
    home = home_record(given.given, given.targets, given.groups, pack.spec.class_ids, "group")
    assert record["after"]["figures"] == home["figures"]
    assert record["after"]["calls"] == home["calls"]


def test_only_classes_that_both_packs_know_are_compared(tiny_run: TinyRun, side: tuple[Side, object]) -> None:
    pack, (given, dataset) = load_pack(tiny_run.result.pack), side
    renamed = replace(pack.spec.classes[2], id="something_else")
    spec = replace(pack.spec, classes=(*pack.spec.classes[:2], renamed))
    record = beside_record(pack, spec, given, dataset, RecordingContext())
    assert record["classes"] == list(pack.spec.class_ids[:2])
    assert record["left_out"] == ["something_else", pack.spec.class_ids[2]]
    assert record["before"]["images"] == record["after"]["images"] == int((given.targets < 2).sum()) > 0
    assert record["before"] == record["after"], "of the third class neither may say anything"


def test_one_class_in_common_is_no_comparison(tiny_run: TinyRun, side: tuple[Side, object]) -> None:
    pack, (given, dataset) = load_pack(tiny_run.result.pack), side
    others = [replace(c, id=f"other_{i}") for i, c in enumerate(pack.spec.classes[1:])]
    spec = replace(pack.spec, classes=(pack.spec.classes[0], *others))
    record = beside_record(pack, spec, given, dataset, RecordingContext())
    assert record["before"] is record["after"] is record["difference"] is None
    rows = comparison(record["pack"], None, tiny_run.result.metrics["test"])["rows"]
    assert {row["parent"] for row in rows} == {None}
    assert all(row["new"]["images"] > 0 for row in rows)


def test_a_pack_that_saw_the_test_images_is_told(tiny_run: TinyRun, side: tuple[Side, object]) -> None:
    pack, (given, dataset) = load_pack(tiny_run.result.pack), side
    another = replace(pack.spec.provenance, seed=pack.spec.provenance.seed + 1)
    for spec, seen in ((pack.spec, False), (replace(pack.spec, provenance=another), True)):
        ctx = RecordingContext()
        record = beside_record(pack, spec, given, dataset, ctx)
        assert record["has_seen_images"] is seen
        assert (Note(SEEN_NOTE, "warning") in ctx.partials) is seen


def test_a_network_that_is_trained_can_be_put_beside_a_pack(tiny_run: TinyRun, tmp_path: Path) -> None:
    shutil.copytree(tiny_run.request.out, tmp_path / "run")
    request = replace(tiny_run.request, out=tmp_path / "run", beside=tiny_run.result.pack)
    record = run_fit(request).metrics["beside"]
    assert record["before"] == record["after"]
    assert record["after"]["figures"] == tiny_run.result.metrics["test"]["figures"]
    with pytest.raises(PackError):
        run_fit(replace(request, out=tmp_path / "other", beside=tmp_path / "no_pack"))
    assert not (tmp_path / "other" / "split.csv").exists()


def test_key_figures_say_what_they_rest_on(tiny_run: TinyRun) -> None:
    test = tiny_run.result.metrics["test"]
    found = key_figures(test)
    named = [v for name, v in found.items() if name not in ("images", "groups", "split_unit", "recall")]
    for figure in (*named, *found["recall"].values()):
        assert set(figure) == MEASURED
        assert figure["groups"] == test["groups"] > 0
    assert found["accuracy"] == test["figures"]["accuracy"]
    assert key_figures(None) is None


def test_a_new_head_tells_stages_curves_and_both_packs(
    tiny_run: TinyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From images in class folders and nothing else."""
    data = write_colour_data(tmp_path / "data", groups=12, copies=1, manifest=False)
    options = ["--from-pack", tiny_run.result.pack, "--head-only", "--epochs", 3]
    code, events = events_of(capsys, "fit", *options, "--data", data, "--out", tmp_path / "run")
    assert code == 0
    notes = {e["text"]: e["level"] for e in events if e["event"] == "note"}
    assert notes[UNKNOWN_GROUPS_NOTE] == "warning"
    assert "result" in notes.values()
    stages = dict.fromkeys((e["step"], e["steps"]) for e in events if e["event"] == "progress")
    assert list(stages) == [(n, 6) for n in range(1, 7)]
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [1, 2, 3]
    done = events[-1]
    assert done["event"] == "done"
    assert done["test"]["split_unit"] == "file name"
    assert not done["validated"]
    assert UNKNOWN_GROUPS_NOTE in done["notes"]
    compared = done["comparison"]
    assert compared["parent"]["id"] == "tiny"
    assert compared["test"]["images"] == done["test"]["images"] > 0
    assert [row["key"] for row in compared["rows"]] == [
        "accuracy",
        *["recall"] * 3,
        "ece",
        "coverage",
        "selective_accuracy",
    ]
    for row in compared["rows"]:
        assert set(row["parent"]) == set(row["new"]) == MEASURED
    card = (Path(done["pack"]) / "card.md").read_text(encoding="utf-8")
    assert "The same for `tiny` 0.1.0" in card
    assert json.loads((tmp_path / "run" / "metrics.json").read_bytes())["beside"]["classes"]


def test_an_audit_tells_counts_and_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_colour_data(tmp_path / "data", groups=4, copies=2, manifest=False)
    (data / "lung_n" / "broken.png").write_bytes(b"nothing")
    code, events = events_of(capsys, "audit", "--data", data, "--out", tmp_path / "out")
    assert code == 0
    done = events[-1]
    assert done["data"]["split_unit"] == "file name"
    assert done["files"]["unreadable_per_class"]["benign"] == 1
    assert {c["images"] for c in done["classes"].values()} == {8}
    assert {f["level"] for f in done["findings"]} <= {"stop", "warning", "note"}
    told = [(e["level"], e["text"]) for e in events if e["event"] == "note"]
    assert [(f["level"], f["text"]) for f in done["findings"]] == told[:-1]
    assert ("warning", UNKNOWN_GROUPS_NOTE) in told
    assert done["findings"] == json.loads((tmp_path / "out" / "audit.json").read_bytes())["findings"]


def test_a_measurement_and_a_recalibration_tell_their_figures(
    tiny_run: TinyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tiny_run.result.pack
    code, events = events_of(capsys, "evaluate", "--pack", pack, "--data", tiny_run.request.data)
    assert code == 0
    assert events[-1]["home"] == json.loads(json.dumps(key_figures(tiny_run.result.metrics["test"])))
    assert events[-1]["own_folder"]
    options = ["--pack", pack, "--data", tiny_run.request.data, "--out", tmp_path / "new"]
    code, events = events_of(capsys, "calibrate", *options)
    assert code == 0
    compared = events[-1]["comparison"]
    assert compared["parent"] == {"id": "tiny", "version": "0.1.0", "title": "Tiny"}
    assert events[-1]["version"] == "0.1.1"
    accuracy = compared["rows"][0]
    assert accuracy["parent"]["value"] == accuracy["new"]["value"] == events[-1]["test"]["accuracy"]["value"]


def test_the_answers_of_classes_left_out_do_not_count(tiny_run: TinyRun, side: tuple[Side, object]) -> None:
    """An image that a pack takes for such a class still has a likeliest one among the others."""
    pack, (given, dataset) = load_pack(tiny_run.result.pack), side
    wrong = given.given.probabilities.copy()
    wrong[:, 2] = 10.0
    spec = replace(pack.spec, classes=(*pack.spec.classes[:2], replace(pack.spec.classes[2], id="else")))
    changed = replace(given, given=replace(given.given, probabilities=wrong))
    record = beside_record(pack, spec, changed, dataset, RecordingContext())
    plain = beside_record(pack, spec, given, dataset, RecordingContext())
    assert record["after"]["figures"]["accuracy"] == plain["after"]["figures"]["accuracy"]

"""The gate of packs: every row has a figure that turns it, and nothing unmeasured passes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import TinyRun
from training.__main__ import main
from training.about import read_about
from training.errors import DataProblem, GateFailed
from training.gate import FAIL, MISSING, PASS, PUBLISHED, fails, gate_rows
from training.gate_pack import GateRequest, gate_pack
from training.targets import target_rows
from training.verdict import verdict_record, verdict_section, verdict_table

Metrics = dict[str, Any]


def measured(value: float) -> Metrics:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "images": 50, "groups": 10}


def foreign(name: str, truth: str, recall: float, coverage: float) -> Metrics:
    return {
        "set": name,
        "class": truth,
        "recall": recall,
        "coverage": coverage,
        "selective_accuracy": 0.95,
        "images": 30,
        "groups": 6,
    }


GOOD: Metrics = {
    "test": {
        "split_unit": "group",
        "figures": {"accuracy": measured(0.96), "ece": measured(0.02)},
        "calls": {"coverage": measured(0.93), "selective_accuracy": measured(0.985)},
    },
    "split_units": [{"split_unit": "group", "value": 0.95}, {"split_unit": "image", "value": 0.99}],
    "strange": [
        {"set": "CT", "kind": "far", "auroc": 0.97, "auroc_with_checks": 1.0, "ok": 0.0, "images": 40},
        {"set": "colon", "kind": "near", "auroc": 0.70, "auroc_with_checks": 0.7, "ok": 0.2, "images": 30},
    ],
    "external": [foreign("one", "tumour_a", 0.7, 0.6), foreign("one", "normal", 0.5, 0.1)],
    "external_sets": [{"set": "one", "selective_accuracy": 0.92, "calls": 24}],
    "robustness": {
        "mean_drop": {"1": 0.01, "3": 0.06},
        "mean_drop_interval": {"1": (0.0, 0.02), "3": None},
        "clean": {"coverage": 0.93, "refused": 0.02},
        "kinds": {"blur": [{"drop": d, "coverage": 0.9, "refused": 0.02 + d} for d in (0.0, 0.01, 0.08)]},
        "images": 40,
        "groups": 20,
    },
    "stability": {"per_view_share": 0.004, "images": 40, "groups": 20},
    "shortcuts": {"colour": {"balanced_accuracy": {**measured(0.8), "chance": 0.33}}},
    "explanation": {
        "randomised": {"rank_correlation": 0.1},
        "hidden": {"drop_hot": 0.2, "drop_random": 0.1, "drop_cold": 0.02, "images": 30},
    },
    "int8": {"shipped": True, "fall_points": 0.1, "map_correlation": 0.97},
    "seeds": [
        {"external": [{"set": "one", "class": "tumour_a", "recall": r}]} for r in (0.5, 0.7, 0.9)
    ],
    "aims": {"targets": {}, "reasons": {"ece": "Too few groups."}, "tumours": ["tumour_a"]},
}  # fmt: skip


def changed(*path: str | int, value: object) -> Metrics:
    """GOOD with one value replaced."""
    metrics = copy.deepcopy(GOOD)
    place: Any = metrics
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return metrics


def test_a_good_pack_passes_every_row() -> None:
    rows = gate_rows(GOOD, golden=True)
    assert fails(rows) == []
    assert {row.verdict for row in rows} == {PASS, PUBLISHED}
    assert sum(row.verdict == PASS for row in rows) == 12


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("test", "split_unit"), "image", "split"),
        (("split_units",), GOOD["split_units"][:1], "split"),
        (("test", "figures", "ece"), measured(0.031), "ece"),
        (("test", "calls", "coverage"), measured(0.89), "coverage"),
        (("test", "calls", "selective_accuracy"), measured(0.979), "selective"),
        (("test", "calls", "selective_accuracy"), {**measured(0), "value": None}, "selective"),
        (("strange", 0, "auroc_with_checks"), 0.979, "far"),
        (("robustness", "mean_drop", "1"), 0.021, "severity_1"),
        (("robustness", "mean_drop", "3"), 0.101, "severity_3"),
        (("robustness", "kinds", "blur", 2, "refused"), 0.02, "noticed"),
        (("own_folder",), False, "own"),
        (("strange", 0, "drawn"), True, "far"),
        (("strange", 1, "drawn"), True, "near"),
        (("stability", "per_view_share"), 0.011, "turned"),
        (("int8", "fall_points"), 0.31, "int8"),
        (("int8", "map_correlation"), 0.949, "int8"),
    ],
)
def test_each_row_fails_by_its_own_figure(path: tuple[str | int, ...], value: object, key: str) -> None:
    assert [row.key for row in fails(gate_rows(changed(*path, value=value)))] == [key]


def test_limits_themselves_pass() -> None:
    metrics = changed("test", "figures", "ece", value=measured(0.03))
    metrics["test"]["calls"]["selective_accuracy"] = measured(0.98)
    metrics["strange"][0]["auroc_with_checks"] = 0.98
    assert fails(gate_rows(metrics)) == []


@pytest.mark.parametrize(
    "name",
    ["test", "split_units", "strange", "external", "robustness", "stability", "shortcuts", "explanation"],
)
def test_what_was_not_measured_does_not_pass(name: str) -> None:
    rows = fails(gate_rows({k: v for k, v in GOOD.items() if k != name}))
    assert rows
    assert MISSING in {row.verdict for row in rows}


def test_a_machine_that_computes_something_else_fails_and_none_was_asked_is_left_out() -> None:
    assert [row.key for row in fails(gate_rows(GOOD, golden=False))] == ["golden"]
    assert "golden" not in {row.key for row in gate_rows(GOOD)}


def test_an_eight_bit_model_that_is_not_shipped_is_no_row() -> None:
    metrics = changed("int8", "shipped", value=False)
    metrics["int8"]["fall_points"] = 9.0
    assert "int8" not in {row.key for row in gate_rows(metrics)}


def test_near_sets_are_published_whatever_they_are() -> None:
    row = next(row for row in gate_rows(GOOD) if "colon" in row.what)
    assert (row.verdict, "0.700" in row.reached) == (PUBLISHED, True)


# --- targets -----------------------------------------------------------------------------------------


def verdicts(**targets: Any) -> list[tuple[str, str]]:
    rows = target_rows(changed("aims", "targets", value=targets))
    return [(row.what, row.verdict) for row in rows]


def test_recall_elsewhere_is_judged_by_the_mean_of_the_runs_not_by_the_shipped_one() -> None:
    met = verdicts(external_recall={"tumour_a": 0.7})
    assert met == [("one: recall of tumour_a, mean of 3 runs", PASS)]
    assert verdicts(external_recall={"tumour_a": 0.71})[0][1] == FAIL


def test_calls_are_judged_per_set_and_coverage_only_where_there_is_a_tumour() -> None:
    assert verdicts(external_calls=0.93, external_coverage=0.5) == [
        ("one: right among calls", FAIL),
        ("one: calls on tumour_a", PASS),
    ]


@pytest.mark.parametrize(
    ("name", "limit", "record"),
    [
        ("accuracy", 0.9, "test"),
        ("ece", 0.1, "test"),
        ("external_calls", 0.5, "external_sets"),
        ("external_coverage", 0.5, "external"),
        ("external_recall", {"tumour_a": 0.5}, "external"),
        ("far", 0.5, "strange"),
        ("severity_3", 0.5, "robustness"),
    ],
)
def test_a_target_that_was_not_measured_is_not_reached(name: str, limit: Any, record: str) -> None:
    metrics = changed("aims", "targets", value={name: limit})
    assert {row.verdict for row in target_rows(metrics)} == {PASS}
    del metrics[record]
    assert [row.verdict for row in target_rows(metrics)] == [MISSING]


def test_a_target_for_a_class_that_no_set_has_is_not_reached() -> None:
    assert verdicts(external_recall={"tumour_z": 0.1}) == [("recall of tumour_z", MISSING)]


def test_home_and_damage_targets_have_their_own_direction() -> None:
    found = dict(verdicts(accuracy=0.96, ece=0.019, severity_3=0.05, far=0.99))
    assert list(found.values()) == [PASS, FAIL, FAIL, PASS]


def test_an_about_file_with_a_target_that_is_not_known_is_refused_with_the_known_ones(
    tmp_path: Path,
) -> None:
    path = tmp_path / "about.json"
    path.write_text(json.dumps({"targets": {"beauty": 1}}))
    with pytest.raises(DataProblem, match="not known: beauty") as caught:
        read_about(path)
    assert "accuracy" in caught.value.sentence
    for wrong in ({"accuracy": "high"}, {"accuracy": True}, {"external_recall": 0.8}):
        path.write_text(json.dumps({"targets": wrong}))
        with pytest.raises(DataProblem, match="must be a number"):
            read_about(path)
    path.write_text(json.dumps({"targets": {"ece": 0.02, "external_recall": {"a": 0.8}}}))
    assert read_about(path).targets["ece"] == 0.02


# --- what people read --------------------------------------------------------------------------------


def judged(metrics: Metrics) -> Metrics:
    return {**metrics, "gate": verdict_record(metrics)}


def test_the_card_says_first_what_fails_and_why() -> None:
    bad = judged(changed("test", "figures", "ece", value=measured(0.05)))
    text = verdict_section(bad)
    assert text.startswith("This pack does **not** pass the gate of all packs: 10 of 11 rows pass.")
    assert "- calibration error (ECE) at home: Too few groups." in text
    assert "**FAIL**" in text
    bad["aims"] = {**bad["aims"], "reasons": {}}
    assert "no reason is stated" in verdict_section(bad)


def test_the_card_of_a_good_pack_says_so_and_counts_its_targets() -> None:
    metrics = changed("aims", "targets", value={"accuracy": 0.985, "ece": 0.02})
    text = verdict_section(judged(metrics))
    assert "**passes** the gate of all packs: 11 of 11" in text
    assert "1 of 2 are reached" in text
    assert "**missed**" in text


def test_the_table_has_every_row_once() -> None:
    record = verdict_record(changed("aims", "targets", value={"ece": 0.02}))
    lines = verdict_table(record).splitlines()
    assert len([line for line in lines if line]) == len(record["rows"]) + 1 + len(record["targets"])


# --- a pack ------------------------------------------------------------------------------------------


def test_a_pack_is_judged_by_what_it_publishes(tiny_run: TinyRun) -> None:
    found = gate_pack(GateRequest(tiny_run.result.pack))
    published = tiny_run.result.metrics["gate"]
    assert found.record["rows"][0]["key"] == "golden"
    assert found.record["rows"][0]["verdict"] == PASS
    # Through JSON: what was measured and what is read back say the same.
    assert found.record["rows"][1:] == json.loads(json.dumps(published["rows"]))
    assert "figures that the pack publishes" in found.basis


def test_a_tiny_pack_fails_with_a_sentence_and_its_card_says_so(
    tiny_run: TinyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GateFailed, match="does not pass"):
        gate_pack(GateRequest(tiny_run.result.pack)).raise_if_failed()
    assert main(["gate", "--pack", str(tiny_run.result.pack)]) == 1
    said = capsys.readouterr()
    assert "NOT MEASURED" in said.out
    assert "This pack does not pass: " in said.err
    card = (tiny_run.result.pack / "card.md").read_text(encoding="utf-8")
    assert "does **not** pass the gate" in card


def test_measuring_again_gives_the_published_home_figures(tiny_run: TinyRun) -> None:
    again = gate_pack(GateRequest(tiny_run.result.pack, data=tiny_run.request.data))
    assert again.basis.startswith("Measured again: explanation, robustness, stability, test.")
    published = {(r["key"], r["what"]): r["reached"] for r in tiny_run.result.metrics["gate"]["rows"]}
    rows = {(r["key"], r["what"]): r["reached"] for r in again.record["rows"]}
    for key in published:
        assert rows[key] == published[key]


def test_figures_of_an_unknown_form_are_a_sentence(
    tiny_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange: Callable[..., bytes] = lambda *_: b'{"test": 3}'  # noqa: E731
    monkeypatch.setattr("training.gate_pack.read_pack_file", strange)
    with pytest.raises(DataProblem, match="a form that is not known"):
        gate_pack(GateRequest(tiny_run.result.pack))


def test_foreign_sets_alone_cannot_be_gated(tiny_run: TinyRun, tmp_path: Path) -> None:
    assert main(["gate", "--pack", str(tiny_run.result.pack), "--external", str(tmp_path)]) == 2

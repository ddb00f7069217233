"""What a pack must reach before it ships, judged from its metrics; and what this pack in particular aimed at.

Every row says what is wanted, what was reached and on what it rests. A row that was not measured does not
pass. Some rows only have to be published: they have no limit that would make sense for every pack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training.int8_check import LEAST_MAP_CORRELATION, MOST_FALL_POINTS
from training.wording import words_for

Record = Mapping[str, Any]

ECE = 0.03
COVERAGE, ERROR_SHARE = 0.90, 0.5
FAR_AUROC = 0.98
SEVERITY_1, SEVERITY_3 = 0.02, 0.10
NOTICED_FROM = 0.05
"""Damage that costs more accuracy than this must be noticed: more refusals than of undamaged pictures."""
TURNED = 0.01

PASS, FAIL, PUBLISHED, MISSING = "pass", "FAIL", "published", "NOT MEASURED"
NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the gate. `key` names the kind of row, for reasons given in the about file."""

    key: str
    what: str
    wanted: str
    reached: str
    verdict: str

    @property
    def holds_up(self) -> bool:
        """Whether it keeps the pack from passing."""
        return self.verdict in (FAIL, MISSING)


def gate_rows(metrics: Record, golden: bool | None = None) -> list[Row]:
    """The gate that is the same for every pack.

    Args:
        metrics: the content of evaluation/metrics.json, or the same records measured again.
        golden: whether the pack's golden outputs reproduce on this machine; None leaves the row out.
    """
    rows = [] if golden is None else [_yes("golden", "golden images reproduce here", golden)]
    for key, what, rows_of in _SUBJECTS:
        found = list(rows_of(metrics))
        rows += found or [Row(key, what, "measured", "–", MISSING)]
    return [*rows, *_not_applicable(metrics), *_own(metrics), *_int8(metrics)]


def fails(rows: list[Row]) -> list[Row]:
    """The rows that keep a pack from passing."""
    return [row for row in rows if row.holds_up]


# --- home --------------------------------------------------------------------------------------------


def _modality(metrics: Record) -> str:
    """Packs that publish none are of histology."""
    return str(metrics.get("modality", "histology"))


def _not_applicable(metrics: Record) -> Iterator[Row]:
    """What is asked of slides and means nothing for CT: said, not counted as passed."""
    if _modality(metrics) == "ct":
        for key, what in (
            ("severity_1", "damage of stain and saturation: a slice has no colour"),
            ("turned", "quarter turns: a body has an up"),
            ("far", "not lung, far: other stains"),
        ):
            yield Row(key, what, "–", "–", NOT_APPLICABLE)


def _own(metrics: Record) -> Iterator[Row]:
    """Measured anew on a folder that is not the pack's own, images may have been trained on."""
    if "own_folder" in metrics:
        yield _yes("own", "home images are the pack's own test groups", metrics["own_folder"])


def _accuracy(metrics: Record) -> Iterator[Row]:
    if metrics.get("test"):
        test = metrics["test"]
        yield _published("accuracy", "accuracy at home, all answers", _measured(test["figures"]["accuracy"]))


def _split(metrics: Record) -> Iterator[Row]:
    units = {r["split_unit"]: r for r in metrics.get("split_units") or ()}
    if units:
        reached = ", ".join(f"{unit} {r['value']:.3f}" for unit, r in sorted(units.items()))
        by_group = (metrics.get("test") or {}).get("split_unit") == "group"
        both = {"group", "image"} <= set(units)
        yield _checked("split", "split by group, by image beside it", "both", reached, by_group and both)


def _ece(metrics: Record) -> Iterator[Row]:
    if metrics.get("test"):
        found = metrics["test"]["figures"]["ece"]
        yield at_most("ece", "calibration error (ECE) at home", ECE, found["value"], _measured(found))


def _coverage(metrics: Record) -> Iterator[Row]:
    if metrics.get("test"):
        found = metrics["test"]["calls"]["coverage"]
        yield at_least("coverage", "calls at home (ok)", COVERAGE, found["value"], _measured(found))


def _selective(metrics: Record) -> Iterator[Row]:
    """At most half of the plain error among the calls."""
    if not metrics.get("test"):
        return
    right = metrics["test"]["calls"]["selective_accuracy"]["value"]
    plain = 1 - metrics["test"]["figures"]["accuracy"]["value"]
    wanted = f"≤ half of {plain:.3f}"
    error = 1.0 if right is None else 1 - right
    good = error <= ERROR_SHARE * plain + 1e-12
    reached = "no calls" if right is None else f"{error:.3f}"
    yield _checked("selective", "error among calls at home", wanted, reached, good)


# --- elsewhere ---------------------------------------------------------------------------------------


def _strange(metrics: Record) -> Iterator[Row]:
    sets = metrics.get("strange") or ()
    words = words_for(_modality(metrics))
    for kind, what in (("far", words.far_of_folder), ("near", words.near)):
        if sets and not any(r.get("kind") == kind and not r.get("drawn") for r in sets):
            yield Row(kind, f"not lung, {kind}: {what}", "measured", "–", MISSING)
    for r in sets:
        if r.get("kind") == "near":
            alone = "–" if r["auroc"] is None else f"{r['auroc']:.3f}"
            reached = f"AUROC {alone}, {r['ok']:.0%} called, {r['images']} images"
            yield _published("near", f"not lung, near: {r['set']}", reached)
        else:
            value = r.get("auroc_with_checks")
            reached = "–" if value is None else f"{value:.3f} ({r['auroc']:.3f} without image checks)"
            yield at_least("far", f"not lung, far: {r['set']} (AUROC)", FAR_AUROC, value, reached)


def _external(metrics: Record) -> Iterator[Row]:
    for r in metrics.get("external") or ():
        calls = "none" if r["selective_accuracy"] is None else f"{r['selective_accuracy']:.3f}"
        reached = (
            f"recall {r['recall']:.3f}; calls {r['coverage']:.3f}, right of them {calls}; {r['images']} "
            f"images of {r['groups']} groups"
        )
        yield _published("external", f"elsewhere: {r['set']}, {r['class']}", reached)


# --- robustness and explanation ----------------------------------------------------------------------


def _damage(metrics: Record) -> Iterator[Row]:
    record = metrics.get("robustness")
    if not record:
        return
    for severity, most in (("1", SEVERITY_1), ("3", SEVERITY_3)):
        value, ends = record["mean_drop"][severity], record["mean_drop_interval"][severity]
        span = "no interval" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
        worst = max(record["kinds"], key=lambda kind: record["kinds"][kind][int(severity) - 1]["drop"])
        reached = (
            f"{value:.3f} ({span}); worst {worst} {record['kinds'][worst][int(severity) - 1]['drop']:.3f}; "
            f"{record['images']} images of {record['groups']} groups"
        )
        what = f"damage of severity {severity}: accuracy lost, mean over kinds"
        yield at_most(f"severity_{severity}", what, most, value, reached)
    costly = [r for rows in record["kinds"].values() for r in rows if r["drop"] > NOTICED_FROM]
    noticed = sum(r["refused"] > record["clean"]["refused"] for r in costly)
    yield _checked(
        "noticed",
        f"damage that costs more than {NOTICED_FROM:.0%}: more refusals",
        "always",
        f"{noticed} of {len(costly)} cases",
        noticed == len(costly),
    )


_TURNED = {
    "histology": "turned or mirrored: another class",
    "ct": "mirrored or leaning a little: another class",
}


def _turned(metrics: Record) -> Iterator[Row]:
    if metrics.get("stability"):
        r = metrics["stability"]
        reached = f"{r['per_view_share']:.4f} per view, {r['images']} images of {r['groups']} groups"
        what = _TURNED[_modality(metrics)]
        yield at_most("turned", what, TURNED, r["per_view_share"], reached)


def _shortcuts(metrics: Record) -> Iterator[Row]:
    for name, r in (metrics.get("shortcuts") or {}).items():
        found = r["balanced_accuracy"]
        reached = f"{_measured(found)}, chance {found['chance']:.3f}"
        yield _published("shortcuts", f"classes told by {name} alone", reached)


def _explanation(metrics: Record) -> Iterator[Row]:
    record = metrics.get("explanation") or {}
    if "randomised" in record:
        value = record["randomised"]["rank_correlation"]
        reached = "no map" if value is None else f"rank correlation {value:.3f}"
        yield _published("explanation", "map against that of random weights", reached)
    if record.get("hidden", {}).get("images"):
        r = record["hidden"]
        reached = (
            f"class loses {r['drop_hot']:.3f} (hottest), {r['drop_random']:.3f} (random), "
            f"{r['drop_cold']:.3f} (coldest); {r['images']} images"
        )
        yield _published("explanation", "a fifth of the field hidden", reached)


def _int8(metrics: Record) -> Iterator[Row]:
    """Only a pack that ships an eight-bit model has these."""
    r = metrics.get("int8") or {}
    if r.get("shipped"):
        fall, maps = f"{r['fall_points']:.2f}", f"{r['map_correlation']:.3f}"
        yield at_most("int8", "eight bits: points of accuracy lost", MOST_FALL_POINTS, r["fall_points"], fall)
        yield at_least(
            "int8", "eight bits: maps correlate", LEAST_MAP_CORRELATION, r["map_correlation"], maps
        )


_SUBJECTS: tuple[tuple[str, str, Callable[[Record], Iterator[Row]]], ...] = (
    ("accuracy", "accuracy at home", _accuracy),
    ("split", "split by group, by image beside it", _split),
    ("ece", "calibration error (ECE) at home", _ece),
    ("coverage", "calls at home (ok)", _coverage),
    ("selective", "error among calls at home", _selective),
    ("far", "not lung (AUROC)", _strange),
    ("external", "other laboratories", _external),
    ("severity_1", "damaged pictures", _damage),
    ("turned", "turned or mirrored: another class", _turned),
    ("shortcuts", "shortcut probes", _shortcuts),
    ("explanation", "explanation checks", _explanation),
)


# --- rows --------------------------------------------------------------------------------------------


def at_least(key: str, what: str, limit: float, value: float | None, reached: str) -> Row:
    """A row that passes from `limit` on; `value` None was not measured."""
    return _checked(key, what, f"≥ {limit:g}", reached, None if value is None else value >= limit)


def at_most(key: str, what: str, limit: float, value: float | None, reached: str) -> Row:
    """A row that passes up to `limit`; `value` None was not measured."""
    return _checked(key, what, f"≤ {limit:g}", reached, None if value is None else value <= limit)


def _checked(key: str, what: str, wanted: str, reached: str, good: bool | None) -> Row:
    verdict = MISSING if good is None else PASS if good else FAIL
    return Row(key, what, wanted, reached, verdict)


def _yes(key: str, what: str, good: bool) -> Row:
    return _checked(key, what, "yes", "yes" if good else "no", good)


def _published(key: str, what: str, reached: str) -> Row:
    return Row(key, what, "published", reached, PUBLISHED)


def _measured(found: Record) -> str:
    """A `Measured` as text."""
    if found["value"] is None:
        return "–"
    span = "no interval" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"
    return f"{found['value']:.3f} ({span}), {found['images']} images of {found['groups']} groups"

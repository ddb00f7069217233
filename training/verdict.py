"""The gate's verdict about one pack: as a record, as a section of its card, and as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lungviewer.core.model import ModelSpec
from lungviewer.packs.golden import golden_images, reproduces
from lungviewer.packs.loading import LoadedPack
from training.about import About
from training.gate import FAIL, MISSING, NOT_APPLICABLE, PASS, PUBLISHED, Row, fails, gate_rows
from training.markdown import bullets, paragraphs, table, with_section
from training.runtime import OnnxModel
from training.targets import target_rows

Record = Mapping[str, Any]

TITLE = "What had to be reached"


def aims_record(about: About, spec: ModelSpec) -> dict[str, Any]:
    """What the gate needs to know besides figures: the pack's own targets, and why some are not reached."""
    tumours = [c.id for c in spec.classes if c.role == "tumour"]
    return {"targets": dict(about.targets), "reasons": dict(about.reasons), "tumours": tumours}


def verdict_record(metrics: Record, golden: bool | None = None) -> dict[str, Any]:
    """Rows of the gate and of the targets; `passes` is the gate's, whatever the targets say."""
    rows, targets = gate_rows(metrics, golden), target_rows(metrics)
    return {
        "passes": not fails(rows),
        "rows": [asdict(row) for row in rows],
        "targets": [asdict(row) for row in targets],
    }


def judged_again(metrics: dict[str, Any], card: str) -> str:
    """Judge metrics that have changed: sets their "gate", and returns the card with it."""
    metrics.setdefault("aims", {"targets": {}, "reasons": {}, "tumours": []})
    metrics["gate"] = verdict_record(metrics)
    return with_section(card, TITLE, verdict_section(metrics))


def golden_reproduces(pack: LoadedPack) -> bool:
    """Whether the pack's stated outputs come out on this machine; a pack that states none does not pass."""
    images = golden_images(pack.golden)
    if images is None:
        return False
    good = reproduces(pack.golden, OnnxModel(pack.model, threads=1).predict(images))
    if pack.model_int8 is not None:
        rounded = OnnxModel(pack.model_int8, threads=1).predict(images)
        good = good and reproduces(pack.golden, rounded, "int8")
    return good


def verdict_section(metrics: Record) -> str:
    """The body of the card's section `TITLE`: what fails and why first, then all rows."""
    record = metrics["gate"]
    rows = [Row(**row) for row in record["rows"]]
    targets = [Row(**row) for row in record["targets"]]
    judged = [row for row in rows if row.verdict not in (PUBLISHED, NOT_APPLICABLE)]
    if record["passes"]:
        first = f"This pack **passes** the gate of all packs: {len(judged)} of {len(judged)} rows."
    else:
        passed = sum(row.verdict == PASS for row in judged)
        first = f"This pack does **not** pass the gate of all packs: {passed} of {len(judged)} rows pass."
    head = ["what", "wanted", "reached", ""]
    return paragraphs(
        first,
        _reasons(fails(rows), metrics),
        table(head, [_cells(row) for row in rows if row.verdict != PUBLISHED]),
        _targets(targets, metrics),
    )


def _targets(rows: Sequence[Row], metrics: Record) -> str:
    if not rows:
        return ""
    reached = sum(row.verdict == PASS for row in rows)
    missed = [row for row in rows if row.holds_up]
    head = ["what", "target", "reached", ""]
    words = {PASS: "reached", FAIL: "**missed**", MISSING: "not measured"}
    cells = [[row.what, row.wanted, row.reached, words[row.verdict]] for row in rows]
    return paragraphs(
        f"Beyond the gate, this pack had targets of its own. {reached} of {len(rows)} are reached.",
        _reasons(missed, metrics),
        table(head, cells),
    )


def _reasons(rows: Sequence[Row], metrics: Record) -> str:
    """One line per kind of row that fails: which, and why."""
    known = metrics["aims"]["reasons"]
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(row.key, []).append(row.what)
    missing = {row.key for row in rows if row.verdict == MISSING}
    usual = {True: "it was not measured.", False: "no reason is stated."}
    return bullets(
        [f"{'; '.join(what)}: {known.get(key, usual[key in missing])}" for key, what in kinds.items()]
    )


def _cells(row: Row) -> list[str]:
    verdict = f"**{row.verdict}**" if row.holds_up else row.verdict
    return [row.what, row.wanted, row.reached, verdict]


def verdict_table(record: Record) -> str:
    """All rows as lines of text."""
    lines = _lines(record["rows"])
    if record["targets"]:
        lines += ["", "Targets of this pack:", *_lines(record["targets"])]
    return "\n".join(lines)


def _lines(rows: Sequence[Record]) -> list[str]:
    width = max(len(row["what"]) for row in rows)
    return [f"{r['verdict']:<15}{r['what']:<{width + 2}}{r['wanted']:<17}{r['reached']}" for r in rows]

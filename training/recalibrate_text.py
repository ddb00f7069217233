"""What fitting a pack's thresholds again has changed, on its card and on a terminal."""

from __future__ import annotations

from typing import Any

from lungviewer.core.model import ModelSpec
from training.markdown import table, with_interval
from training.operating_text import unreviewed_sentence
from training.split import SIDES

Record = dict[str, Any]


def new_card(card: str, old: ModelSpec, spec: ModelSpec, record: Record) -> str:
    """The pack's card with the new version and a first section that says what changed."""
    card = card.replace(f"`{old.id}` {old.version}", f"`{spec.id}` {spec.version}", 1)
    head, mark, rest = card.partition("\n## ")
    return f"{head.rstrip()}\n\n{_section(old, spec, record)}\n{mark}{rest}"


def _section(old: ModelSpec, spec: ModelSpec, record: Record) -> str:
    after = record["after"]
    where = (
        "the folder it was trained on"
        if record["own_training_folder"]
        else "another folder or manifest than it was trained with"
    )
    rows = [
        (label, _cell(record["before"], place), _cell(after, place))
        for label, place in (
            ("calls (status ok)", ("calls", "coverage")),
            ("right among calls", ("calls", "selective_accuracy")),
            ("refused", ("calls", "refused")),
            ("right among all answers", ("figures", "accuracy")),
            ("calibration error (ECE)", ("figures", "ece")),
        )
    ]
    return "\n".join(
        [
            f"## Thresholds fitted again ({spec.version})",
            f"Temperature, thresholds and strangeness statistics were fitted again on {where}; the model "
            f"is that of version {old.version}. Measured on {after['images']} images of "
            f"{after['groups']} groups that were not fitted on, split unit: {after['split_unit']}. What the "
            f"sections below say about calls, refusals and thresholds is of version {old.version}.",
            *_unreviewed(record["unreviewed"]),
            "",
            table(
                ("held-out groups", f"{old.version} (95 % interval)", f"{spec.version} (95 % interval)"), rows
            ),
        ]
    )


def _unreviewed(record: Record) -> list[str]:
    if record["aim_met"]:
        return []
    return ["", f"**Every answer is marked *review***: {unreviewed_sentence(record)}"]


def _cell(record: Record, place: tuple[str, str]) -> str:
    measured = record[place[0]][place[1]]
    return with_interval(measured["value"], (measured["low"], measured["high"]))


def before_and_after(record: Record) -> str:
    """The held-out figures as text for a terminal."""
    after = record["after"]
    sides = ", ".join(f"{side} {record['sides'][side]['groups']}" for side in SIDES)
    lines = [
        f"Held out: {after['images']} images of {after['groups']} groups, split unit {after['split_unit']} "
        f"(groups: {sides})",
        f"{'':<24}{'before':>26}{'after':>26}",
    ]
    for label, place in (
        ("called", ("calls", "coverage")),
        ("right of called", ("calls", "selective_accuracy")),
        ("refused", ("calls", "refused")),
        ("accuracy", ("figures", "accuracy")),
        ("ECE", ("figures", "ece")),
    ):
        lines.append(f"{label:<24}{_cell(record['before'], place):>26}{_cell(after, place):>26}")
    return "\n".join(lines)

"""What came of an audit or a training, as records that a window can show. What was not measured is None."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungviewer.core.errors import OutputUnwritable, UsageError
from lungviewer.core.model import ModelSpec
from lungviewer.core.paths import atomic_write
from lungviewer.packs.names import EVALUATION
from lungviewer.packs.store import load_pack, read_pack_file
from lungviewer.services.gate import Gate, entries, gate_of, mapping, read_metrics
from lungviewer.services.retrain_plan import AUDIT, PACK
from lungviewer.services.training_events import number, plain_text

RESULT = "window-result.json"
LEVELS = ("stop", "warning", "note")
_PLOTS = ("confusion", "reliability", "coverage", "roc", "curves")
_MAX_REPORT = 500_000


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Readable images and groups of one class."""

    label: str
    images: int
    groups: int


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` is "stop", "warning" or "note"."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The summary of audit.json; `report` is the whole report, for people (Markdown).

    `copies`: files whose very pixels are there before; `alike`: pairs that look alike.
    """

    report: str
    classes: tuple[ClassCount, ...]
    images: int
    groups: int
    groups_known: bool
    listed: int
    unreadable: int
    copies: int
    alike: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; ends are None when it cannot be had."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One figure of both packs; None: not measured. `class_id` is "" for figures about all classes."""

    key: str
    class_id: str
    parent: Figure | None
    new: Figure | None


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished training.

    `images` and `groups` are those of the held-out test side on which the figures rest; when the packs were
    compared, of the classes that both know. `left_out` are ids of the others, `difference` is the accuracy
    after less before, and with `has_seen` the other pack's figures are too good.
    """

    pack: Path
    spec: ModelSpec
    parent: str
    images: int
    groups: int
    split_unit: str
    rows: tuple[ComparedRow, ...]
    difference: Figure | None
    left_out: tuple[str, ...]
    has_seen: bool
    gate: Gate
    plots: tuple[tuple[str, bytes], ...]
    notes: tuple[str, ...]


def read_audit(folder: Path) -> AuditReport:
    """The summary of the audit in a folder.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    try:
        record = json.loads((folder / f"{AUDIT}.json").read_bytes())
        files, data = record["files"], record["data"]
        found = record["findings"]
        return AuditReport(
            (folder / f"{AUDIT}.md").read_text("utf-8", "replace")[:_MAX_REPORT],
            tuple(
                ClassCount(plain_text(c["label"]), int(c["images"]), int(c["groups"]))
                for c in record["classes"].values()
            ),
            int(data["images"]),
            int(data["groups"]),
            bool(data["groups_known"]),
            int(files["listed"]),
            int(files["unreadable"]),
            int(record["exact"]["redundant_files"]),
            int(record["near"]["either"]["pairs"]),
            tuple(Finding(_level(f["level"]), plain_text(f["text"])) for f in found),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError("The report of the check cannot be read.", hint="Check the folder again.") from error


def _level(level: object) -> str:
    return str(level) if level in LEVELS else "note"


def save_result(run_folder: Path, values: Mapping[str, Any]) -> None:
    """Keep what the training said at its end, so that the result can be shown another day.

    Raises:
        OutputUnwritable: the disk is full or the folder gone.
    """
    try:
        text = json.dumps(dict(values), indent=1)
    except (TypeError, ValueError) as error:
        raise OutputUnwritable("The result could not be kept.") from error
    with atomic_write(run_folder / RESULT) as stream:
        stream.write(text.encode())


def read_result(run_folder: Path, parent: str) -> TrainingResult:
    """The finished training in a run folder; its pack is verified.

    Args:
        parent: the name of the pack that answers now, for when the training did not say.

    Raises:
        PackError: the pack does not verify.
        MissingDependency: it cannot be verified here.
    """
    folder = run_folder / PACK
    spec = load_pack(folder).spec
    metrics = read_metrics(folder, spec)
    comparison = mapping(_kept(run_folder).get("comparison"))
    before = mapping(comparison.get("parent"))
    test = mapping(comparison.get("test")) or mapping(metrics.get("test"))
    return TrainingResult(
        pack=folder,
        spec=spec,
        parent=f"{plain_text(before['id'])}@{plain_text(before.get('version', ''))}"
        if "id" in before
        else parent,
        images=_count(test.get("images")),
        groups=_count(test.get("groups")),
        split_unit=plain_text(test.get("split_unit") or spec.provenance.split_unit),
        rows=_compared(comparison, spec) if comparison else _measured(metrics, spec),
        difference=_figure(mapping(comparison.get("difference")).get("accuracy")),
        left_out=tuple(plain_text(c) for c in entries(comparison.get("left_out"))),
        has_seen=comparison.get("has_seen_images") is True,
        gate=gate_of(metrics),
        plots=_plots(folder, spec),
        notes=tuple(plain_text(note) for note in entries(metrics.get("notes"))),
    )


def _kept(run_folder: Path) -> Mapping[str, Any]:
    try:
        return mapping(json.loads((run_folder / RESULT).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return {}


def _compared(comparison: Mapping[str, Any], spec: ModelSpec) -> tuple[ComparedRow, ...]:
    """The rows that the training measured for both packs, and no others."""
    found = []
    for row in map(mapping, entries(comparison.get("rows"))):
        class_id = str(row.get("class") or "")
        if not class_id or class_id in spec.class_ids:
            key = plain_text(row.get("key") or "")
            found.append(ComparedRow(key, class_id, _figure(row.get("parent")), _figure(row.get("new"))))
    return tuple(found)


def _measured(metrics: Mapping[str, Any], spec: ModelSpec) -> tuple[ComparedRow, ...]:
    """The new pack's own figures, when nothing was measured for the other one."""
    test = mapping(metrics.get("test"))
    figures, calls = mapping(test.get("figures")), mapping(test.get("calls"))
    rows = [ComparedRow("accuracy", "", None, _figure(figures.get("accuracy")))]
    rows += [ComparedRow("recall", c, None, _figure(figures.get(f"recall_{c}"))) for c in spec.class_ids]
    rows.append(ComparedRow("ece", "", None, _figure(figures.get("ece"))))
    rows += [ComparedRow(k, "", None, _figure(calls.get(k))) for k in ("coverage", "selective_accuracy")]
    return tuple(rows)


def _plots(folder: Path, spec: ModelSpec) -> tuple[tuple[str, bytes], ...]:
    names = [name for name in _PLOTS if f"{EVALUATION}/{name}.png" in spec.files]
    return tuple((name, read_pack_file(folder, f"{EVALUATION}/{name}.png")) for name in names)


def _figure(found: object) -> Figure | None:
    values = mapping(found)
    value, low, high = (number(values.get(key)) for key in ("value", "low", "high"))
    if not math.isfinite(value):
        return None
    ends = math.isfinite(low) and math.isfinite(high)
    return Figure(value, low if ends else None, high if ends else None)


def _count(value: object) -> int:
    found = number(value)
    return int(found) if math.isfinite(found) else 0

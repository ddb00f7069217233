"""What a pack says about the gate of all packs, which asks whether a model may be relied on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungviewer.core.errors import PackError
from lungviewer.core.model import ModelSpec
from lungviewer.packs.names import METRICS
from lungviewer.packs.store import read_pack_file
from lungviewer.services.training_events import plain_text

_FAILING = ("FAIL", "NOT MEASURED")
_NOT_JUDGED = ("published", "not applicable")


@dataclass(frozen=True, slots=True)
class GateRow:
    """A row of the gate that does not pass: what, what is wanted, what was reached, the verdict's word."""

    what: str
    wanted: str
    reached: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Gate:
    """`passes` None: the pack says nothing about it. `judged`: how many rows there are to pass."""

    passes: bool | None = None
    judged: int = 0
    failing: tuple[GateRow, ...] = ()


def read_gate(folder: Path, spec: ModelSpec) -> Gate:
    """The gate as the pack in a folder publishes it. For a job: the file is read and verified."""
    return gate_of(read_metrics(folder, spec))


def gate_of(metrics: Mapping[str, Any]) -> Gate:
    """The gate in a pack's metrics."""
    gate = mapping(metrics.get("gate"))
    rows = map(mapping, entries(gate.get("rows")))
    judged = [row for row in rows if row.get("verdict") not in _NOT_JUDGED]
    return Gate(
        gate["passes"] if isinstance(gate.get("passes"), bool) else None,
        len(judged),
        tuple(_row(row) for row in judged if row.get("verdict") in _FAILING),
    )


def read_metrics(folder: Path, spec: ModelSpec) -> Mapping[str, Any]:
    """What a pack measured about itself; nothing when it has no such file, or none that can be read."""
    if METRICS not in spec.files:
        return {}
    try:
        return mapping(json.loads(read_pack_file(folder, METRICS)))
    except (ValueError, RecursionError, PackError):
        return {}


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON value as an object; an empty one when it is something else."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> Sequence[Any]:
    """A JSON value as an array; an empty one when it is something else."""
    return value if isinstance(value, list) else ()


def _row(row: Mapping[str, Any]) -> GateRow:
    return GateRow(*(plain_text(row.get(key) or "–") for key in ("what", "wanted", "reached", "verdict")))

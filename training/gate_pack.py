"""The gate on a finished pack: on the figures it publishes, or on figures measured again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.loading import load_pack
from lungviewer.packs.names import METRICS
from training.errors import DataProblem, GateFailed
from training.gate import FAIL, MISSING
from training.measure_pack import MeasureRequest, measure_pack
from training.verdict import golden_reproduces, verdict_record

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GateRequest:
    """`data` None judges what the pack publishes about itself; else everything that can be measured with
    the folders given is measured again."""

    pack: Path
    data: Path | None = None
    manifest: Path | None = None
    external: Path | None = None
    strange: Mapping[str, Path] = field(default_factory=dict)
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gated:
    """Rows and verdict (`training.verdict.verdict_record`), and a sentence that says what they rest on."""

    record: Record
    basis: str

    def raise_if_failed(self) -> None:
        """Raises:
        GateFailed: a row fails or was not measured.
        """
        if not self.record["passes"]:
            bad = [row["what"] for row in self.record["rows"] if row["verdict"] in (FAIL, MISSING)]
            raise GateFailed(f"This pack does not pass: {'; '.join(bad)}.")


def gate_pack(request: GateRequest, ctx: JobContext | None = None) -> Gated:
    """Judge a pack; nothing is written.

    Raises:
        PackError: the pack does not verify.
        DataProblem: a folder to measure on cannot be used.
    """
    ctx = ctx or NullContext()
    pack = load_pack(request.pack)
    metrics: Record = {}
    if METRICS in pack.spec.files:
        metrics = json.loads(read_pack_file(request.pack, METRICS))
    basis = "Judged by the figures that the pack publishes; --data measures them again."
    if request.data is not None:
        again = measure_pack(
            MeasureRequest(
                pack=request.pack,
                data=request.data,
                manifest=request.manifest,
                classes=request.classes,
                external=request.external,
                strange=request.strange,
                robust=True,
                explain=True,
            ),
            ctx,
        )
        again["test"] = again.pop("home")
        measured = [name for name in again if name not in ("pack", "modality", "own_folder")]
        metrics |= again
        basis = f"Measured again: {', '.join(sorted(measured))}. The rest is as the pack publishes it."
    try:
        record = verdict_record(metrics, golden_reproduces(pack))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataProblem(
            "The pack publishes its figures in a form that is not known here.",
            hint="Measure it again with --data.",
        ) from error
    return Gated(record, basis)

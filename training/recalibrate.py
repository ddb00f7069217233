"""Fit temperature, thresholds and strangeness statistics of a finished pack again, on labelled images.

On the pack's own training folder the pack's own sides are used. On any other folder nothing was trained,
so more of it can be spared for fitting and measuring; either way the figures before and after are of
groups that had no part in the fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.core.outliers import OutlierModel
from lungviewer.core.trust import calibrated_probabilities
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.names import METRICS
from lungviewer.packs.writer import check_free, write_pack
from training.data import Dataset, open_dataset
from training.duplicates import check_exact, fingerprint
from training.errors import DataProblem
from training.evaluate import home_record, judge_samples
from training.evidence import Shifted, home_evidence, laboratory_evidence
from training.judge import Judge, open_pack
from training.notes import OTHER_FOLDER_NOTE, Note
from training.operating import DEFAULT_AIMS, Aims, Answered, spread
from training.own_sides import in_order_of, sides_for
from training.prepare import check_images
from training.recalibrate_text import new_card
from training.run_folder import json_bytes
from training.split import Split, describe
from training.thresholds import Thresholds, fit_thresholds
from training.trust_fit import pack_arrays
from training.verdict import judged_again

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CalibrateRequest:
    """`out` None: beside the pack, with the new version in its name."""

    pack: Path
    data: Path
    out: Path | None = None
    manifest: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    aims: Aims = DEFAULT_AIMS


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """The new pack, and the record of before and after on held-out groups."""

    pack: Path
    spec: ModelSpec
    record: Record


def recalibrate(request: CalibrateRequest, ctx: JobContext | None = None) -> Recalibrated:
    """Write a new version of a pack; the model itself is unchanged, byte for byte.

    Raises:
        PackError: the pack does not verify, or `out` exists.
        DataProblem: unknown groups, other classes, unreadable images, or too few groups.
        LeakageError: the same picture is on two sides.
    """
    ctx = ctx or NullContext()
    judge = open_pack(request.pack)
    old = judge.spec
    folder = request.out or request.pack.resolve().with_name(f"{old.id}-{next_version(old.version)}")
    check_free(folder)
    dataset = open_dataset(request.data, request.manifest, request.classes)
    split, own = sides_for(dataset, old)
    if not own:
        ctx.partial(Note(OTHER_FOLDER_NOTE, "warning"))
    dataset = in_order_of(dataset, old)
    _check_readable(dataset, split, ctx)
    size = old.input.size
    checks = check_images(dataset, size, old.modality, ctx, old.trust.checks)
    home = home_evidence(judge.model, dataset, size, ctx)
    labs = laboratory_evidence(judge.model, dataset, split, size, old.modality, ctx, limits=old.trust.checks)
    fitted = fit_thresholds(judge.model, home, dataset, split, checks, old, ctx, labs, request.aims)
    spec = _new_statement(old, fitted, dataset, own)

    rows = split.rows("test")
    samples = [dataset.samples[i] for i in rows]
    record: Record = {
        "from_version": old.version,
        "own_training_folder": own,
        "manifest_sha256": dataset.manifest_sha256,
        "sides": describe(dataset, split),
        "unreviewed": fitted.calibration["unreviewed"],
        "made_up_laboratories_before": _abroad_before(judge, labs, dataset),
    }
    for name, each in (("before", judge), ("after", Judge(spec, judge.model, fitted.trust.model))):
        given = judge_samples(each, dataset, samples, ctx, f"Held-out images, {name}")
        record[name] = home_record(
            given, dataset.targets[rows], dataset.groups[rows], spec.class_ids, split.unit
        )
    files = {name: read_pack_file(request.pack, name) for name in old.files}
    files = _new_files(files, old, spec, fitted, record)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Recalibrated(folder, write_pack(folder, spec, files), record)


def next_version(version: str) -> str:
    """The next patch version; what is after a hyphen is dropped."""
    major, minor, patch = version.partition("-")[0].split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


def _check_readable(dataset: Dataset, split: Split, ctx: JobContext) -> None:
    prints = fingerprint(dataset, ctx)
    if prints.unreadable:
        raise DataProblem(
            f"{len(prints.unreadable)} of {len(dataset.samples)} images cannot be read.",
            hint="Repair them, or take them out of the folder and of its manifest; "
            "`python -m training audit` lists them.",
            listed=tuple(prints.unreadable),
        )
    if split.unit != "image":
        check_exact(prints, [s.path for s in dataset.samples], split.sides)


def _new_statement(old: ModelSpec, fitted: Thresholds, dataset: Dataset, own: bool) -> ModelSpec:
    calibration = fitted.spec.calibration
    if not own:
        where = f" of another folder than it was trained on (manifest {dataset.manifest_sha256[:12]})"
        calibration = replace(calibration, fitted_on=calibration.fitted_on + where)
    # Of another manifest it cannot be known that nothing was trained on: such a pack gains no standing by it.
    validated = fitted.spec.validated if own else old.validated
    return replace(
        fitted.spec, version=next_version(old.version), calibration=calibration, validated=validated
    )


def _abroad_before(judge: Judge, labs: list[Shifted], dataset: Dataset) -> Record | None:
    """How the thresholds so far do in the same made-up laboratories."""
    kept = [_calls_of(judge.spec, judge.outlier, lab, dataset) for lab in labs]
    return {
        "selective_accuracy": spread([float(right[k].mean()) for right, k in kept if k.any()]),
        "coverage": spread([float(k.mean()) for _, k in kept]),
    }


def _calls_of(spec: ModelSpec, outlier: OutlierModel | None, lab: Shifted, dataset: Dataset) -> Any:
    probabilities = calibrated_probabilities(lab.evidence.logits, spec.calibration.temperature)
    strangeness = np.zeros(len(lab.rows)) if outlier is None else lab.evidence.scores(outlier)
    right = probabilities.argmax(axis=1) == dataset.targets[lab.rows]
    passed = np.array(lab.failed_checks) == ""
    answered = Answered(probabilities.max(axis=1), strangeness, right, passed, dataset.groups[lab.rows])
    limit = np.inf if outlier is None else spec.trust.refuse_above
    return right, answered.calls(limit, spec.trust.review_below)


# --- files -------------------------------------------------------------------------------------------

_STALE = ("external", "external_sets", "strange", "robustness", "explanation", "beside")
"""Records that rest on temperature, thresholds or the strangeness score."""


def _new_files(
    files: dict[str, bytes], old: ModelSpec, spec: ModelSpec, fitted: Thresholds, record: Record
) -> dict[str, bytes]:
    """The old files with new statistics, metrics and card; pictures of the old thresholds are left out."""
    old_pictures = {f"evaluation/{name}.png" for name in (*_STALE, "coverage", "reliability")}
    kept = {name: content for name, content in files.items() if name not in old_pictures}
    metrics: Record = json.loads(kept.get(METRICS, b"{}"))
    metrics.setdefault("schema", "lungviewer-metrics/1")
    metrics["pack"] = {"id": spec.id, "version": spec.version}
    metrics["calibration"], metrics["trust"] = fitted.calibration, fitted.trust_record
    metrics["recalibration"] = record
    # Whatever rests on the old thresholds is no longer true of this pack; the gate asks for it again.
    metrics["test"] = record["after"]
    for name in _STALE:
        metrics.pop(name, None)
    card = kept.get("card.md", f"# {spec.title}\n\n`{spec.id}` {old.version}\n".encode()).decode()
    kept["card.md"] = judged_again(metrics, new_card(card, old, spec, record)).encode()
    kept[METRICS] = json_bytes(metrics)
    kept["trust.npz"] = pack_arrays(fitted.trust.arrays)
    return kept

"""From a graph to a pack: thresholds, every measurement, card, pictures, files. All trainings end here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.packs.loading import LoadedPack
from lungviewer.packs.names import METRICS, MODEL_INT8
from training import plots
from training.about import About
from training.audit.shortcuts import shortcut_record
from training.beside import beside_record
from training.card import write_card
from training.check_plots import check_charts
from training.evaluate import Side, home_record, judge_samples
from training.evidence import Evidence, doubtful_below, looked_again
from training.export import Parity
from training.external import class_records, judge_external, set_records
from training.golden import golden_file
from training.history import Epoch
from training.home_checks import checked_fields, home_checks
from training.int8_make import make_int8
from training.judge import Judge
from training.metrics import few_of_each_group
from training.prepare import Prepared, checks_record
from training.request import FitResult
from training.run_folder import RunFolder
from training.runtime import OnnxModel
from training.stages import MEASURING, THRESHOLDS, WRITING, Stages
from training.thresholds import fit_thresholds
from training.trust_fit import pack_arrays
from training.unlike import strange_records
from training.verdict import aims_record, verdict_record

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained network as its graph, and what is known about it.

    `home` is what it says about every sample of the data at first sight; `fit` and `split_units` are records
    of how it was made; `extra` are further records, `files` further files of the pack.
    """

    graph: bytes
    parity: Parity
    home: Evidence
    draft: ModelSpec
    fit: Record
    histories: Sequence[Sequence[Epoch]]
    split_units: list[Record]
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a pack goes, what it says about itself, what it is measured on besides its own data, whether
    an eight-bit model is to be made for it, and which pack its figures are put beside."""

    folder: Path
    about: About
    external: Path | None = None
    strange: Mapping[str, Path] = field(default_factory=dict)
    int8: bool = False
    beside: LoadedPack | None = None


def finish(
    candidate: Candidate,
    data: Prepared,
    failed_checks: Sequence[str],
    run: RunFolder,
    to: Destination,
    ctx: JobContext,
    stages: Stages,
) -> FitResult:
    """Choose thresholds on validation groups, measure, and write the pack.

    Args:
        failed_checks: per sample, the image check that it fails or "".

    Raises:
        DataProblem: a set to be measured on cannot be used.
        Cancelled: the job was asked to stop; nothing is written.
    """
    stages.begin(THRESHOLDS)
    dataset, split = data.dataset, data.split
    again = doubtful_below(candidate.home.logits[split.rows("validation")], candidate.draft.modality)
    draft = replace(candidate.draft, input=replace(candidate.draft.input, again_below=again))
    model = OnnxModel(candidate.graph, again_below=again)
    home = looked_again(model, candidate.home, dataset, draft.input.size, again, ctx)
    fitted = fit_thresholds(model, home, dataset, split, failed_checks, draft, ctx)
    spec = fitted.spec
    stages.begin(MEASURING)
    judge = Judge(spec, model, fitted.trust.model)
    rows = split.rows("test")
    samples = tuple(dataset.samples[i] for i in rows)
    given = judge_samples(judge, dataset, samples, ctx)
    side = Side(samples, given, dataset.targets[rows], dataset.groups[rows], split.unit)
    measured, int8 = _home_measured(judge, candidate.graph, data, side, to, ctx)
    metrics: Record = {
        "schema": "lungviewer-metrics/1",
        "pack": {"id": spec.id, "version": spec.version},
        "modality": spec.modality,
        "notes": [*dataset.notes, *candidate.notes],
        "split": dict(data.record),
        "fit": candidate.fit,
        "parity": asdict(candidate.parity),
        "calibration": fitted.calibration,
        "trust": fitted.trust_record,
        "image_checks": checks_record(failed_checks, spec.trust.checks),
        "split_units": candidate.split_units,
        "test": home_record(given, side.targets, side.groups, spec.class_ids, split.unit),
        "external": [],
        "external_sets": [],
        "shortcuts": shortcut_record(dataset, ctx, modality=spec.modality),
        **measured,
        **candidate.extra,
    }
    if to.beside:
        metrics["beside"] = beside_record(to.beside, spec, side, dataset, ctx)
    if to.external:
        foreign = judge_external(judge, to.external, ctx)
        metrics["external"] = class_records(foreign, spec.class_ids)
        metrics["external_sets"] = set_records(foreign, spec.class_ids)
    stages.begin(WRITING)
    files = {
        "model.onnx": candidate.graph,
        "trust.npz": pack_arrays(fitted.trust.arrays),
        "golden.npz": golden_file(candidate.graph, spec.input.size, int8),
        **({} if int8 is None else {MODEL_INT8: int8}),
        **candidate.files,
    }
    files |= _pictures(spec, metrics, candidate.histories, side)
    return _write(spec, metrics, files, run, to)


def _home_measured(
    judge: Judge, graph: bytes, data: Prepared, side: Side, to: Destination, ctx: JobContext
) -> tuple[Record, bytes | None]:
    """The records that need test fields in memory: robustness, stability, explanation, strange, int8; and
    the eight-bit model, if one is to be shipped."""
    fields, rows = checked_fields(data.dataset, side, judge.spec.input.size, ctx)
    targets, groups = side.targets[rows], side.groups[rows]
    found = home_checks(judge, graph, fields, targets, groups, side.split_unit, ctx)
    one_each = fields[few_of_each_group(groups, 1)]
    found["strange"] = strange_records(judge, to.strange, side.given, ctx, side.groups, one_each)
    if not to.int8:
        return found, None
    compared = make_int8(judge, graph, data.dataset, data.split, fields, targets, groups, ctx)
    return {**found, "int8": compared.record}, compared.shipped


def _pictures(
    spec: ModelSpec, metrics: Record, histories: Sequence[Sequence[Epoch]], side: Side
) -> dict[str, bytes]:
    """The pictures of evaluation/, by name."""
    pictures = {
        "curves": plots.curves(histories[0]),
        **plots.home_pictures(spec, metrics["test"], side.given, side.targets),
        **check_charts(metrics),
    }
    if metrics["external"]:
        pictures["external"] = plots.external_bars(metrics["external"], spec.classes)
    return {f"evaluation/{name}.png": content for name, content in pictures.items()}


def _write(
    spec: ModelSpec, metrics: Record, files: dict[str, bytes], run: RunFolder, to: Destination
) -> FitResult:
    """Card and pack, with the gate's verdict in both."""
    from lungviewer.packs.writer import write_pack

    metrics["aims"] = aims_record(to.about, spec)
    # Golden outputs were computed here a moment ago: whether they reproduce is for other machines to ask.
    metrics["gate"] = verdict_record(metrics)
    files[METRICS] = run.write_json("metrics.json", metrics)
    files["card.md"] = write_card(spec, to.about, metrics).encode()
    to.folder.parent.mkdir(parents=True, exist_ok=True)
    return FitResult(to.folder, write_pack(to.folder, spec, files, replace_existing=True), metrics)

"""From a data folder to a verified pack: the stages of `python -m training fit`, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.core.trust import calibrated_probabilities, outlier_model
from training import architectures, plots
from training.about import About
from training.architectures.model import ArchitectureModel
from training.calibrate import choose_review, fit_calibration
from training.card import write_card
from training.data import Dataset, open_dataset, without
from training.duplicates import Fingerprints, check_exact, fingerprint, near_pairs
from training.errors import DataProblem, LeakageError
from training.evaluate import (
    external_records,
    home_record,
    judge_samples,
    read_strange_sets,
    strange_record,
    synthetic_glass,
)
from training.export import check_parity, export_onnx
from training.features import Features, cached_features
from training.fit import Epoch, FitSettings, best_epoch, fit_head
from training.golden import golden_file
from training.judge import Answers, Judge
from training.notes import Note
from training.pack import draft_spec, keras_bytes, provenance_of, validated
from training.run_folder import RunFolder
from training.runtime import OnnxModel
from training.split import Split, describe, read_split, split_by_group, split_by_image, write_split
from training.strange import STRANGE, make_strange
from training.tensorflow_gate import require_tensorflow
from training.trust_fit import TrustFit, fit_trust, pack_arrays

PARITY_IMAGES = 32
STRANGE_FROM = 120


@dataclass(frozen=True, slots=True)
class FitRequest:
    """Everything `fit` was asked for. `external` and `strange` are for evaluation only."""

    data: Path
    out: Path
    about: About = field(default_factory=About)
    arch: str = "mobilenetv2"
    weights: Path | None = None
    manifest: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    settings: FitSettings = field(default_factory=FitSettings)
    by_image: bool = False
    skip_unreadable: bool = False
    external: Path | None = None
    strange: Mapping[str, Path] = field(default_factory=dict)
    pack_out: Path | None = None


@dataclass(frozen=True, slots=True)
class FitResult:
    """The pack that was written, its statement and its metrics."""

    pack: Path
    spec: ModelSpec
    metrics: Mapping[str, Any]


def run_fit(request: FitRequest, ctx: JobContext | None = None) -> FitResult:
    """Train, export, check, calibrate, evaluate, and write a pack. Goes on where an earlier call stopped.

    Raises:
        DataProblem, LeakageError: the data cannot be used; lists are written into the run folder.
        ParityError: the exported graph is not the trained network.
        Cancelled: the job was asked to stop; the same call resumes.
    """
    ctx = ctx or NullContext()
    run = RunFolder(request.out)
    run.open(_config(request))
    dataset, split, checked = prepare_data(request, run, ctx)
    require_tensorflow(request.settings.seed)
    settings, about = request.settings, request.about
    network = architectures.build(
        request.arch, about.input_size, len(dataset.classes), request.weights, settings.dropout
    )
    features = cached_features(
        run.path, network, request.weights, dataset, split, settings.views, about.modality, ctx
    )
    history = fit_head(network, features, dataset.targets, split, settings, run.path, ctx)
    draft = draft_spec(
        about, dataset.classes, network.name, network.explain, provenance_of(about, dataset, split)
    )
    return _finish(request, run, dataset, split, checked, network, features, history, draft, ctx)


# --- data --------------------------------------------------------------------------------------------


def prepare_data(
    request: FitRequest, run: RunFolder, ctx: JobContext
) -> tuple[Dataset, Split, dict[str, Any]]:
    """List, fingerprint and split the data; every gate is passed before a network is built.

    Raises:
        DataProblem: files are unreadable (`unreadable.csv`), or the folder is not what it should be.
        LeakageError: a group or an identical picture is on two sides (`leaks.csv`).
    """
    dataset = open_dataset(request.data, request.manifest, request.classes)
    prints = fingerprint(dataset, ctx)
    if prints.unreadable:
        dataset, prints = _drop_unreadable(request, run, dataset, prints)
    for note in dataset.notes:
        ctx.partial(Note(note))
    seed, target = request.settings.seed, run.path / "split.csv"
    unit = "image" if request.by_image else dataset.split_unit
    try:
        if target.is_file():
            split = read_split(target, dataset, unit, seed)
        else:
            split = (split_by_image if request.by_image else split_by_group)(dataset, seed)
        if request.by_image:
            note = "SPLIT BY IMAGE, as asked: copies are on both sides; these figures mean nothing."
            dataset = replace(dataset, notes=(*dataset.notes, note))
            ctx.partial(Note(note))
            copies = 0
        else:
            copies = check_exact(prints, [s.path for s in dataset.samples], split.sides)
    except LeakageError as leak:
        run.write_list("leaks.csv", leak.listed)
        raise
    write_split(target, dataset, split)
    alike = near_pairs(prints, split.sides)
    run.write_list("alike.csv", [f"{dataset.samples[i].path},{dataset.samples[j].path}" for i, j in alike])
    checked = {
        "identical_copies_on_one_side": copies,
        "alike_across_sides": len(alike),
        "sides": describe(dataset, split),
    }
    return dataset, split, checked


def _drop_unreadable(
    request: FitRequest, run: RunFolder, dataset: Dataset, prints: Fingerprints
) -> tuple[Dataset, Fingerprints]:
    bad = prints.unreadable
    run.write_list("unreadable.csv", [f"{path},{why}" for path, why in bad.items()])
    if not request.skip_unreadable:
        raise DataProblem(
            f"{len(bad)} of {len(dataset.samples)} images cannot be read (unreadable.csv in the run folder).",
            hint="Repair or remove them, or leave them out with --skip-unreadable.",
            listed=tuple(bad),
        )
    keep = [i for i, s in enumerate(dataset.samples) if s.path not in bad]
    kept = Fingerprints(tuple(prints.exact[i] for i in keep), prints.perceptual[keep], {})
    return without(dataset, tuple(bad), f"{len(bad)} unreadable images were left out."), kept


# --- from weights to a pack --------------------------------------------------------------------------


def _finish(
    request: FitRequest,
    run: RunFolder,
    dataset: Dataset,
    split: Split,
    checked: dict[str, Any],
    network: ArchitectureModel,
    features: Features,
    history: Sequence[Epoch],
    draft: ModelSpec,
    ctx: JobContext,
) -> FitResult:
    graph = export_onnx(network)
    parity = check_parity(network, graph, _validation_pixels(dataset, split, network.input_size))
    spec, trust, review = calibrate_and_trust(network, dataset, split, features, draft, ctx)
    judge = Judge(spec, OnnxModel(graph), outlier_model(trust.method, trust.arrays))
    test = [dataset.samples[i] for i in split.rows("test")]
    given = judge_samples(judge, dataset, test, ctx)
    targets, groups = dataset.targets[split.rows("test")], dataset.groups[split.rows("test")]
    home = home_record(given, targets, groups, spec.class_ids, split.unit)
    metrics: dict[str, Any] = {
        "schema": "lungviewer-metrics/1",
        "pack": {"id": spec.id, "version": spec.version},
        "notes": list(dataset.notes),
        "split": {"unit": split.unit, "seed": split.seed, **checked},
        "fit": _fit_record(request, history),
        "parity": asdict(parity),
        "calibration": {"temperature": spec.calibration.temperature, "review": review},
        "trust": _trust_record(trust),
        "image_checks": _checks_record(features, dataset),
        "test": home,
        "external": external_records(judge, request.external, ctx) if request.external else [],
        "strange": _strange_records(request, judge, given, ctx),
    }
    run.write_json("metrics.json", metrics)
    files = {
        "model.onnx": graph,
        "model.keras": keras_bytes(network.model),
        "trust.npz": pack_arrays(trust.arrays),
        "golden.npz": golden_file(graph, spec.input.size),
        "evaluation/metrics.json": (run.path / "metrics.json").read_bytes(),
        **draw(spec, metrics, history, given, targets),
    }
    files["card.md"] = write_card(spec, request.about, metrics).encode()
    for name, content in files.items():
        run.write(name, content)
    return FitResult(*_write_pack(request.pack_out or run.path / "pack", spec, files), metrics)


def _write_pack(folder: Path, spec: ModelSpec, files: Mapping[str, bytes]) -> tuple[Path, ModelSpec]:
    from lungviewer.packs.writer import write_pack

    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder, write_pack(folder, spec, files, replace_existing=True)


def _validation_pixels(dataset: Dataset, split: Split, size: int) -> npt.NDArray[np.uint8]:
    rows = split.rows("validation")
    chosen = rows[np.linspace(0, len(rows) - 1, min(PARITY_IMAGES, len(rows))).astype(int)]
    return np.stack([dataset.pixels(dataset.samples[i], size) for i in chosen])


def calibrate_and_trust(
    network: ArchitectureModel,
    dataset: Dataset,
    split: Split,
    features: Features,
    draft: ModelSpec,
    ctx: JobContext,
) -> tuple[ModelSpec, TrustFit, dict[str, Any]]:
    """Temperature, strangeness score and thresholds, all on validation groups."""
    tf, _ = require_tensorflow()
    train, held = split.rows("train"), split.rows("validation")
    targets, groups = dataset.targets, dataset.groups
    logits = np.asarray(network.head(tf.constant(features.originals[held]), training=False))
    fitted_on = f"{len(held)} validation images of {len(set(groups[held]))} groups"
    calibration = fit_calibration(logits, targets[held], fitted_on)
    strange = _strange_embeddings(network, dataset, split, ctx)
    trust = fit_trust(
        features.originals[train],
        targets[train],
        groups[train],
        features.originals[held],
        strange,
        len(dataset.classes),
    )
    probabilities = calibrated_probabilities(logits, calibration.temperature)
    model = outlier_model(trust.method, trust.arrays)
    assert model is not None
    seen = model.score(features.originals[held]) <= trust.refuse_above
    seen &= np.array([not features.failed_checks[i] for i in held])
    right = probabilities.argmax(axis=1) == targets[held]
    review = choose_review(probabilities.max(axis=1)[seen], right[seen])
    rates = {
        "validation_refused": round(trust.refused["validation"], 6),
        "validation_coverage": round(review.coverage, 6),
        "validation_selective_error": round(review.selective_error, 6),
        "validation_error": round(review.plain_error, 6),
    }
    spec = validated(draft, calibration, trust.method, trust.refuse_above, review.review_below, rates)
    return spec, trust, asdict(review)


def _strange_embeddings(
    network: ArchitectureModel, dataset: Dataset, split: Split, ctx: JobContext
) -> dict[str, npt.NDArray[np.float32]]:
    tf, _ = require_tensorflow()
    rows = split.rows("validation")
    chosen = rows[np.linspace(0, len(rows) - 1, min(STRANGE_FROM, len(rows))).astype(int)]
    fields = np.stack([dataset.pixels(dataset.samples[i], network.input_size) for i in chosen])
    embed = tf.function(lambda batch: network.embedder(batch, training=False), reduce_retracing=True)
    result = {}
    for done, kind in enumerate(STRANGE):
        ctx.check()
        pictures = make_strange(kind, fields, split.seed)
        parts = [embed(tf.constant(pictures[i : i + 32])).numpy() for i in range(0, len(pictures), 32)]
        result[kind] = np.concatenate(parts)
        ctx.progress(done + 1, len(STRANGE), "Choosing the strangeness score")
    return result


# --- records and pictures ----------------------------------------------------------------------------


def _fit_record(request: FitRequest, history: Sequence[Epoch]) -> dict[str, Any]:
    settings = request.settings
    start = "ImageNet weights" if request.weights else "random weights"
    description = (
        f"Backbone {request.arch} with {start}, frozen; mean over space, dropout {settings.dropout:g}, one "
        f"dense layer trained with Adam (learning rate {settings.learning_rate:g}, half a cosine), class "
        f"weights, on the images and {len(settings.views)} flipped or turned views of each."
    )
    best = best_epoch(history)
    return {
        "description": description,
        "best_epoch": best.epoch,
        "epochs": len(history),
        "settings": asdict(settings),
        "best": asdict(best),
        "history": [asdict(e) for e in history],
    }


def _trust_record(trust: TrustFit) -> dict[str, Any]:
    return {
        "method": trust.method,
        "setting": trust.setting,
        "refuse_above": trust.refuse_above,
        "refused": dict(trust.refused),
        "candidates": [{**asdict(c), "mean_auroc": c.mean} for c in trust.candidates],
    }


def _checks_record(features: Features, dataset: Dataset) -> dict[str, Any]:
    failed = [code for code in features.failed_checks if code]
    return {
        "images": len(dataset.samples),
        "refused": len(failed),
        "refused_share": len(failed) / len(dataset.samples),
        "refused_for": {code: failed.count(code) for code in sorted(set(failed))},
    }


def _strange_records(
    request: FitRequest, judge: Judge, given: Answers, ctx: JobContext
) -> list[dict[str, Any]]:
    if not request.strange:
        return []
    sets = read_strange_sets(request.strange)
    sets["glass (synthetic)"] = synthetic_glass(judge.spec.input.size)
    return [strange_record(judge, name, found, given.trust_score, ctx) for name, found in sets.items()]


def draw(
    spec: ModelSpec,
    metrics: Mapping[str, Any],
    history: Sequence[Epoch],
    given: Answers,
    targets: npt.NDArray[np.int64],
) -> dict[str, bytes]:
    """The pictures of evaluation/, by name."""
    test = metrics["test"]
    note = f"test: {test['images']} images of {test['groups']} groups, split by {test['split_unit']}"
    right = given.predicted == targets
    pictures = {
        "evaluation/curves.png": plots.curves(history),
        "evaluation/confusion.png": plots.confusion_matrix(test["confusion"], spec.classes, note),
        "evaluation/roc.png": plots.roc(given.probabilities, targets, spec.classes, note),
        "evaluation/reliability.png": plots.reliability_diagram(
            spec.calibration, given.confidence, right, note
        ),
        "evaluation/coverage.png": plots.coverage(given, targets, spec.trust.review_below, note),
    }
    if metrics["external"]:
        pictures["evaluation/external.png"] = plots.external_bars(metrics["external"], spec.classes)
    return pictures


def _config(request: FitRequest) -> dict[str, Any]:
    """What must be the same for a run to be resumed. Names of folders are left out on purpose."""
    return {
        "arch": request.arch,
        "pretrained": request.weights is not None,
        "settings": asdict(request.settings),
        "by_image": request.by_image,
        "skip_unreadable": request.skip_unreadable,
        "input_size": request.about.input_size,
        "modality": request.about.modality,
        "classes": {label: asdict(spec) for label, spec in request.classes.items()},
    }

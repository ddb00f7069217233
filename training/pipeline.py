"""From a data folder to a verified pack: the stages of `python -m training fit`, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec, ModelSpec
from training import architectures, plots
from training.about import About
from training.card import write_card
from training.evaluate import home_record, judge_samples
from training.evidence import Evidence, spread_pixels
from training.export import check_parity, export_onnx
from training.external import external_records
from training.features import cached_features
from training.fit import FitSettings, fit_head
from training.golden import golden_file
from training.history import Epoch, best_epoch
from training.judge import Answers, Judge
from training.leak_probe import probe_leakage
from training.pack import draft_spec, keras_bytes, provenance_of
from training.prepare import DataRequest, Prepared, check_images, checks_record, prepare_data
from training.run_folder import RunFolder
from training.runtime import OnnxModel
from training.tensorflow_gate import require_tensorflow
from training.thresholds import fit_thresholds
from training.trust_fit import pack_arrays
from training.unlike import strange_records

PARITY_IMAGES = 32


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
    settings, about = request.settings, request.about
    wanted = DataRequest(
        request.data,
        request.manifest,
        request.classes,
        settings.seed,
        request.by_image,
        request.skip_unreadable,
    )
    data = prepare_data(wanted, run, ctx)
    dataset, split = data.dataset, data.split
    failed_checks = check_images(dataset, about.input_size, about.modality, ctx)

    require_tensorflow(settings.seed)
    network = architectures.build(
        request.arch, about.input_size, len(dataset.classes), request.weights, settings.dropout
    )
    features = cached_features(run.path, network, request.weights, dataset, split, settings.views, ctx)
    history = fit_head(network, features, dataset.targets, split, settings, run.path, ctx)

    graph = export_onnx(network)
    parity = check_parity(network, graph, spread_pixels(dataset, split, about.input_size, PARITY_IMAGES))
    draft = draft_spec(
        about, dataset.classes, network.name, network.explain, provenance_of(about, dataset, split)
    )
    model, known = OnnxModel(graph), features.originals
    home = Evidence(np.asarray(network.head(known, training=False)), known)
    fitted = fit_thresholds(model, home, dataset, split, failed_checks, draft, ctx)
    spec, trust = fitted.spec, fitted.trust
    judge = Judge(spec, model, trust.model)
    given = judge_samples(judge, dataset, [dataset.samples[i] for i in split.rows("test")], ctx)
    metrics: dict[str, Any] = {
        "schema": "lungviewer-metrics/1",
        "pack": {"id": spec.id, "version": spec.version},
        "notes": list(dataset.notes),
        "split": dict(data.record),
        "fit": _fit_record(request, history),
        "parity": asdict(parity),
        "calibration": fitted.calibration,
        "trust": fitted.trust_record,
        "image_checks": checks_record(failed_checks),
        "split_units": probe_leakage(network, dataset, split, features, settings, ctx),
        "external": external_records(judge, request.external, ctx) if request.external else [],
        "strange": strange_records(judge, request.strange, given.trust_score, ctx),
    }
    files = {
        "model.onnx": graph,
        "model.keras": keras_bytes(network.model),
        "trust.npz": pack_arrays(trust.arrays),
        "golden.npz": golden_file(graph, spec.input.size),
    }
    return _publish(request, run, data, spec, given, history, metrics, files)


def _publish(
    request: FitRequest,
    run: RunFolder,
    data: Prepared,
    spec: ModelSpec,
    given: Answers,
    history: Sequence[Epoch],
    metrics: dict[str, Any],
    files: dict[str, bytes],
) -> FitResult:
    """Measure the test side, draw, write the card, and write the pack: into the run folder or elsewhere."""
    from lungviewer.packs.writer import write_pack

    rows = data.split.rows("test")
    targets = data.dataset.targets[rows]
    metrics["test"] = home_record(given, targets, data.dataset.groups[rows], spec.class_ids, data.split.unit)
    files["evaluation/metrics.json"] = run.write_json("metrics.json", metrics)
    files.update(draw(spec, metrics, history, given, targets))
    files["card.md"] = write_card(spec, request.about, metrics).encode()
    folder = request.pack_out or run.path / "pack"
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FitResult(folder, write_pack(folder, spec, files, replace_existing=True), metrics)


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


def _config(request: FitRequest) -> dict[str, Any]:
    """What must be the same for a run to be resumed. Names of folders are left out on purpose."""
    return {
        "arch": request.arch,
        "weights": hashlib.sha256(request.weights.read_bytes()).hexdigest() if request.weights else None,
        "settings": asdict(request.settings),
        "by_image": request.by_image,
        "skip_unreadable": request.skip_unreadable,
        "input_size": request.about.input_size,
        "modality": request.about.modality,
        "classes": {label: asdict(spec) for label, spec in request.classes.items()},
    }

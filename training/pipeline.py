"""From a data folder to a verified pack: the stages of `python -m training fit`, in order."""

from __future__ import annotations

from typing import Any

from lungviewer.core.job import JobContext, NullContext
from lungviewer.packs.loading import load_pack
from training.cross_validate import cross_validation
from training.evidence import doubtful_below, home_evidence, spread_pixels
from training.export import PARITY_IMAGES, check_parity, export_onnx
from training.external import check_elsewhere
from training.finish import Candidate, Destination, finish
from training.members import seeds_record
from training.pack import draft_spec, keras_bytes, provenance_of
from training.prepare import DataRequest, check_images, check_places, prepare_data, refuse_unfit
from training.request import FitRequest, FitResult
from training.run_folder import RunFolder
from training.runtime import OnnxModel
from training.stages import EXPORTING, FIT, READING, TRAINING, Stages
from training.tensorflow_gate import require_tensorflow
from training.trainers import train


def run_fit(request: FitRequest, ctx: JobContext | None = None) -> FitResult:
    """Train, export, check, calibrate, evaluate, and write a pack. Goes on where an earlier call stopped.

    Raises:
        MissingDependency: TensorFlow is not installed.
        DataProblem, LeakageError: the data cannot be used; lists are written into the run folder.
        ParityError: the exported graph is not the trained network.
        Cancelled: the job was asked to stop; the same call resumes.
    """
    ctx = ctx or NullContext()
    require_tensorflow()
    check_places(request.data, request.out, request.pack_out or request.out / "pack")
    run = RunFolder(request.out)
    run.open(request.config())
    beside = load_pack(request.beside) if request.beside else None
    stages = Stages(ctx, FIT)
    stages.begin(READING)
    about = request.about
    wanted = DataRequest(
        request.data,
        request.manifest,
        request.classes,
        request.settings.seed,
        request.by_image,
        request.skip_unreadable,
    )
    data = prepare_data(wanted, run, ctx)
    dataset, split = data.dataset, data.split
    check_elsewhere(request.external, request.strange, [c.id for c in dataset.classes], run)
    failed_checks = check_images(dataset, about.input_size, about.modality, ctx, about.checks)
    refuse_unfit(failed_checks)

    stages.begin(TRAINING)
    trained = train(request, dataset, split, run.path, ctx)
    network = trained.network
    stages.begin(EXPORTING)
    graph = export_onnx(network)
    draft = draft_spec(
        about,
        dataset.classes,
        network.name,
        network.explain,
        provenance_of(about, dataset, split),
    )
    home = home_evidence(OnnxModel(graph), dataset, about.input_size, ctx)
    extra: dict[str, Any] = {}
    if trained.members:
        again = doubtful_below(home.logits[split.rows("validation")], about.modality)
        extra["seeds"] = seeds_record(
            network, trained.members, draft, dataset, split, request.external, again, ctx
        )
    folds = cross_validation(request, dataset, run.path / "folds", ctx)
    if folds:
        extra["cross_validation"] = folds
    candidate = Candidate(
        graph=graph,
        parity=check_parity(network, graph, spread_pixels(dataset, split, about.input_size, PARITY_IMAGES)),
        home=home,
        draft=draft,
        fit=trained.record,
        histories=trained.histories,
        split_units=trained.split_units,
        extra=extra,
        files={"model.keras": keras_bytes(network.model)},
    )
    folder = request.pack_out or run.path / "pack"
    to = Destination(folder, about, request.external, request.strange, request.int8, beside)
    return finish(candidate, data, failed_checks, run, to, ctx, stages)

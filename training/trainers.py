"""The two ways to a trained network: a head on frozen features, or a fine-tuned end on augmented views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext
from training import architectures
from training.architectures.model import HEAD_CUT, SETTLE_BATCH, SETTLE_IMAGES, ArchitectureModel, settle_norm
from training.augment import AnyAugmenter, Augmenter, read_stains
from training.augment.scan import ScanAugment, ScanAugmenter
from training.augment.stain import Stain, estimate_stain, typical_stain
from training.data import Dataset, batches
from training.errors import DataProblem
from training.features import Features, cached_features
from training.fit import FitSettings, TrainedHead, fit_head
from training.history import Epoch, best_epoch
from training.leak_probe import probe_leakage
from training.members import Member, fine_tune_members
from training.metrics import evenly
from training.precision import MIXED, training_precision
from training.request import FitRequest
from training.split import Split
from training.tensorflow_gate import require_tensorflow
from training.trunk import Kept, Views, cached_views
from training.tune import Labelled, TuneSettings

HOME_STAINS_FROM = 200
"""Training images, evenly spread, whose median stain is the laboratory's."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A network with its final weights, how it came to them, and the leakage probe's records."""

    network: ArchitectureModel
    histories: tuple[tuple[Epoch, ...], ...]
    members: tuple[Member, ...]
    record: dict[str, Any]
    split_units: list[dict[str, Any]]


def train(request: FitRequest, dataset: Dataset, split: Split, folder: Path, ctx: JobContext) -> Trained:
    """Train as the request says, going on with what an earlier call left in `folder`.

    Raises:
        DataProblem: the architecture, its weights or the stain folder cannot be used.
        Cancelled: the same call resumes.
    """
    require_tensorflow(request.settings.seed)
    network = _built(request, dataset, frozen=True)
    if request.tune:
        _check_cut(network, request.tune.cut)
    views = () if request.tune else request.settings.views
    features = cached_features(folder, network, request.weights, dataset, split, views, ctx)
    # The same plain head either way: how much a split by image flatters does not depend on the tuning.
    logs = folder / "tensorboard" if request.tensorboard else None
    probe = probe_leakage(dataset, split, features, request.settings, ctx)
    if request.tune is None:
        log = logs and logs / f"seed_{request.settings.seed}"
        head = _fit_frozen(request, network, dataset, split, features, folder, ctx, log)
        return Trained(network, (head.history,), (), _frozen_record(request, head.history), probe)
    network = _built(request, dataset, frozen=False)
    members = _tuned(request, request.tune, network, dataset, split, folder, ctx, logs)
    histories = tuple(member.history for member in members)
    return Trained(network, histories, tuple(members), _tuned_record(request, request.tune, members), probe)


def every_view(request: FitRequest, dataset: Dataset, folder: Path, ctx: JobContext) -> tuple[Kept, ...]:
    """All images as they are and in augmented views, through what is not trained, as `cached_views` keeps
    those of a training side: for folds, each of which trains on some of them. Nothing for a frozen network.

    Raises:
        Cancelled: whole views are kept.
    """
    if request.tune is None:
        return ()
    network = _built(request, dataset, frozen=False)
    all_of_it = Split(("train",) * len(dataset.samples), dataset.split_unit, request.settings.seed)
    augment = _augmenter(request, dataset, all_of_it)
    tune = request.tune
    return cached_views(
        folder / "views", network, tune.cut, request.weights, dataset, all_of_it, augment, tune.views, ctx
    ).train


def train_fold(
    request: FitRequest,
    dataset: Dataset,
    split: Split,
    folder: Path,
    views: Sequence[Kept],
    ctx: JobContext,
) -> ArchitectureModel:
    """One run on one fold, from the first seed; `views` are those of `every_view`.

    Raises:
        Cancelled: the same call resumes.
    """
    if request.tune is None:
        network = _built(request, dataset, frozen=True)
        wanted = request.settings.views
        features = cached_features(folder, network, request.weights, dataset, split, wanted, ctx)
        _fit_frozen(request, network, dataset, split, features, folder, ctx, None)
        return network
    network = _built(request, dataset, frozen=False)
    train, held = split.rows("train"), split.rows("validation")
    of_fold = Views(tuple(view[train] for view in views), views[0][held])
    _tune_on(request, request.tune, network, of_fold, dataset, split, folder, ctx, None)
    return network


def _fit_frozen(
    request: FitRequest,
    network: ArchitectureModel,
    dataset: Dataset,
    split: Split,
    features: Features,
    folder: Path,
    ctx: JobContext,
    log: Path | None,
) -> TrainedHead:
    """A head on the frozen network, put into it."""
    classes = len(dataset.classes)
    head = fit_head(features, dataset.targets, classes, split, request.settings, folder, ctx, log)
    network.head.get_layer("logits").set_weights([head.kernel, head.bias])
    return head


def _built(request: FitRequest, dataset: Dataset, frozen: bool) -> ArchitectureModel:
    size, classes = request.about.input_size, len(dataset.classes)
    # Random weights and a fresh head come from the seed, whatever was built before.
    require_tensorflow(request.settings.seed)
    return architectures.build(request.arch, size, classes, request.weights, request.settings.dropout, frozen)


def _check_cut(network: ArchitectureModel, cut: str) -> None:
    """Before the hours that go into what comes first."""
    if cut and cut not in network.cuts:
        known = ", ".join((*network.cuts, "none"))
        raise DataProblem(f"The network {network.name} cannot be cut at {cut!r}; it can at: {known}.")


def _tuned(
    request: FitRequest,
    settings: TuneSettings,
    network: ArchitectureModel,
    dataset: Dataset,
    split: Split,
    folder: Path,
    ctx: JobContext,
    logs: Path | None,
) -> list[Member]:
    augment = _augmenter(request, dataset, split)
    views = cached_views(
        folder / "views", network, settings.cut, request.weights, dataset, split, augment, settings.views, ctx
    )
    return _tune_on(request, settings, network, views, dataset, split, folder, ctx, logs)


def _tune_on(
    request: FitRequest,
    settings: TuneSettings,
    network: ArchitectureModel,
    views: Views,
    dataset: Dataset,
    split: Split,
    folder: Path,
    ctx: JobContext,
    logs: Path | None,
) -> list[Member]:
    train, held = split.rows("train"), split.rows("validation")
    targets, groups = dataset.targets, dataset.groups
    data = Labelled(views, targets[train], groups[train], targets[held])
    seeds = range(request.settings.seed, request.settings.seed + request.members)
    members = fine_tune_members(network, data, settings, seeds, folder, ctx, logs)
    # Only does something where batch norm was learned: averaged weights have never seen data together.
    few = [dataset.samples[i] for i in train[:SETTLE_IMAGES]]
    seen = batches(dataset, few, network.input_size, SETTLE_BATCH, ctx, "Settling batch norm")
    settle_norm(network, (pixels for _, pixels in seen))
    return members


def _augmenter(request: FitRequest, dataset: Dataset, split: Split) -> AnyAugmenter | None:
    if request.augment is None:
        return None
    if isinstance(request.augment, ScanAugment):
        return ScanAugmenter(request.augment)
    if request.stains is None:
        return Augmenter(request.augment, ())
    return Augmenter(request.augment, read_stains(request.stains), _home_stain(request, dataset, split))


def _home_stain(request: FitRequest, dataset: Dataset, split: Split) -> Stain | None:
    chosen = evenly(split.rows("train"), HOME_STAINS_FROM)
    size = request.about.input_size
    found = [estimate_stain(dataset.pixels(dataset.samples[i], size)) for i in chosen]
    stains = [stain for stain in found if stain is not None]
    return typical_stain(stains) if stains else None


def _frozen_record(request: FitRequest, history: Sequence[Epoch]) -> dict[str, Any]:
    settings = request.settings
    description = (
        f"Backbone {request.arch} with {_start(request)}, frozen; mean over space, dropout "
        f"{settings.dropout:g}, one dense layer trained with Adam (learning rate {settings.learning_rate:g}, "
        f"half a cosine), class weights, on the images and {len(settings.views)} flipped or turned views of "
        "each."
    )
    return head_record(description, settings, history)


def head_record(description: str, settings: FitSettings, history: Sequence[Epoch]) -> dict[str, Any]:
    """What metrics.json says about the training of a head; `description` is a sentence for the card."""
    best = best_epoch(history)
    return {
        "description": description,
        "best_epoch": best.epoch,
        "epochs": len(history),
        "settings": asdict(settings),
        "best": asdict(best),
        "history": [asdict(e) for e in history],
    }


def _tuned_record(request: FitRequest, settings: TuneSettings, members: Sequence[Member]) -> dict[str, Any]:
    part = f"everything after {settings.cut.replace('_', ' ')}" if settings.cut else "the whole network"
    views = f"{settings.views} augmented views of each image"
    if request.augment is None:
        views = "the images as they are"
    elif request.stains is not None:
        views += ", most of them in the stains of another laboratory"
    order = f"first the head, then {part}" if settings.cut != HEAD_CUT else "frozen; the head alone"
    description = (
        f"Network {request.arch} with {_start(request)}; {order} trained with AdamW "
        f"(learning rate {settings.learning_rate:g}, half a cosine, {settings.epochs} epochs of "
        f"{settings.images or 'all'} images) on {views}; balance: {settings.balance}; batch norm of "
        f"pretrained layers fixed; weights averaged over steps (decay {settings.average:g})"
    )
    if len(members) > 1:
        description += f" and over {len(members)} runs from different seeds"
    precision = training_precision()
    if precision == MIXED:
        description += "; trained on a GPU, its layers in bfloat16, weights in float32"
    return {
        "description": description + ".",
        "epochs": len(members[0].history),
        "precision": precision,
        "settings": {**asdict(settings), "dropout": request.settings.dropout},
        "augment": asdict(request.augment) if request.augment else None,
        "members": [
            {"seed": member.seed, "history": [asdict(e) for e in member.history]} for member in members
        ],
    }


def _start(request: FitRequest) -> str:
    return "ImageNet weights" if request.weights else "random weights"

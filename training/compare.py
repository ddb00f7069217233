"""Train every architecture alike, on one split by group and one by image, and put them into one table.

The schedule is short and the same for all, so this says which network is worth a longer one, and what a split
by image makes of each; it does not say how good any of them can get. Whoever chooses by the table chooses
by its validation column; the other figures are of the test side. One file per training in `trained/` and one
per graph in `graphs/`: what is there is not done again, and a table can be made of what is there so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec
from training import architectures
from training.compare_plot import comparison_plot
from training.compare_table import row_of
from training.compare_text import markdown_table
from training.compare_train import (
    BATCH,
    RATE_PRETRAINED,
    RATE_RANDOM,
    Images,
    Trial,
    graph_of,
    train_once,
    trained_before,
)
from training.data import Dataset, batches, open_dataset
from training.errors import DataProblem
from training.export import export_onnx
from training.metrics import few_of_each_group
from training.notes import Note
from training.run_folder import RunFolder
from training.sampling import BALANCES
from training.speed import speed_ratios
from training.split import Split, folds_by_group, folds_by_image, split_by_group, split_by_image

Record = dict[str, Any]
REFERENCE = "mobilenetv2"
SPEED_IMAGES = 8
SMALLEST = 32
"""Pixels: below it the deeper networks have no map left."""
SPLITTERS = {"group": (split_by_group, folds_by_group), "image": (split_by_image, folds_by_image)}
POSITIONS = {
    "histology": "flips and quarter turns",
    "ct": "mirrored, and turned, scaled and moved a little",
}


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What is compared and how.

    `units` are "group", "image" or both; the first of `seeds` also splits: once, or with `folds` into that
    many folds, each tested once. `images_per_group` 0 takes all. `weights` are Keras weights of backbones by
    architecture; the others start from random ones. Every network is trained with each of `balances`.
    `so_far` trains nothing and makes the table of what is trained.
    """

    data: Path
    out: Path
    architectures: tuple[str, ...] = tuple(architectures.ARCHITECTURES)
    size: int = 96
    images_per_group: int = 2
    epochs: int = 3
    seeds: tuple[int, ...] = (7,)
    weights: Mapping[str, Path] = field(default_factory=dict)
    units: tuple[str, ...] = ("group", "image")
    balances: tuple[str, ...] = ("weights",)
    modality: str = "histology"
    folds: int = 0
    so_far: bool = False
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)

    @property
    def unstarted(self) -> bool:
        """Whether there is nothing to make a table of without training."""
        return self.so_far and not (self.out / "trained").is_dir()


def compare(request: CompareRequest, ctx: JobContext | None = None) -> Record:
    """Train, export and measure; writes compare.json, compare.md and compare.png into the folder.

    Returns:
        What compare.json holds: the schedule, the data, and one row per architecture.

    Raises:
        DataProblem: unknown architectures, settings or weights that cannot be used, or a folder that
            holds another comparison.
        ParityError: a network's graph does not compute what the network does.
        Cancelled: between two batches; the same call goes on at the epoch that was begun.
    """
    ctx = ctx or NullContext()
    _check(request)
    dataset = _chosen(request, ctx)
    run = RunFolder(request.out)
    run.open(_config(request))
    images = _decoded(dataset, request, ctx)
    trained: dict[tuple[str, str], list[Record]] = {
        (name, balance): [] for name in request.architectures for balance in request.balances
    }
    for trial in _trials(request):
        record = trained_before(trial, images, run) if request.so_far else train_once(trial, images, run, ctx)
        if record is not None:
            trained[trial.architecture, trial.balance].append(record)
    graphs = {name: graph_of(name, run) for name in dict.fromkeys(n for (n, _), r in trained.items() if r)}
    speeds = _speeds({name: graph for name, (graph, _) in graphs.items()}, images, ctx)
    rows = []
    for (name, balance), records in trained.items():
        graph = {**graphs[name][1], "speed": speeds[name]} if name in graphs else None
        rows.append(row_of(name, balance, images, records, request.seeds, graph))
        ctx.progress(len(rows), len(trained), "Measuring")
    found = {
        "schema": "lungviewer-compare/1",
        "notes": list(images.dataset.notes),
        "schedule": describe_schedule(request),
        "settings": _config(request),
        "data": images.describe(),
        "folds": request.folds or 1,
        "seeds": sorted(request.seeds),
        "classes": [c.id for c in images.dataset.classes],
        "architectures": rows,
    }
    run.write_json("compare.json", found)
    run.write("compare.md", markdown_table(found).encode())
    run.write("compare.png", comparison_plot(found))
    return found


def _trials(request: CompareRequest) -> list[Trial]:
    """Fold by fold, so that whoever stops early has every network on the same folds; then the networks as
    they were named."""
    return [
        Trial(name, unit, seed, request.weights.get(name), request.epochs, balance, fold)
        for fold in range(request.folds or 1)
        for name in request.architectures
        for balance in request.balances
        for unit in request.units
        for seed in request.seeds
    ]


def describe_schedule(request: CompareRequest) -> str:
    """The schedule in words, for whoever reads the table alone."""
    few = (
        f"at most {request.images_per_group} images of every group"
        if request.images_per_group
        else "all images"
    )
    return (
        f"{request.size} × {request.size} pixels, {few}, {request.epochs} epochs for every network: AdamW, "
        f"half a cosine from {RATE_RANDOM:g} for networks that start from random weights and from "
        f"{RATE_PRETRAINED:g} for pretrained ones (whose first epoch trains the last layer alone and whose "
        f"batch norm stays as it is), batches of {BATCH}, {POSITIONS[request.modality]}, averaged "
        f"weights, class balance: {', '.join(request.balances)}."
    )


def _config(request: CompareRequest) -> Record:
    """What must be the same for results to stand in one table; more networks, balances and seeds may join
    later."""
    return {
        "size": request.size,
        "images_per_group": request.images_per_group,
        "epochs": request.epochs,
        "split_seed": request.seeds[0],
        "modality": request.modality,
        "folds": request.folds,
    }


def _check(request: CompareRequest) -> None:
    named = {*request.architectures} | {*request.weights}
    unknown = sorted(named - {*architectures.ARCHITECTURES})
    if unknown:
        raise DataProblem(
            f"There is no architecture called {', '.join(map(repr, unknown))}.",
            hint=f"There are: {', '.join(architectures.ARCHITECTURES)}.",
        )
    unheard = sorted({*request.balances} - {*BALANCES})
    if unheard:
        raise DataProblem(
            f"There is no balance called {', '.join(map(repr, unheard))}.",
            hint=f"There are: {', '.join(BALANCES)}.",
        )
    if request.unstarted:
        raise DataProblem("Nothing is trained in this folder yet.", hint="Leave out --so-far to train.")
    if request.size < SMALLEST or request.epochs < 1 or request.images_per_group < 0:
        raise DataProblem(
            f"At least {SMALLEST} pixels and one epoch are needed, and no less than 0 images per group."
        )
    lacking = sorted(name for name, file in request.weights.items() if not file.is_file())
    if lacking:
        raise DataProblem(f"The weights file of {', '.join(lacking)} does not exist.")


def _chosen(request: CompareRequest, ctx: JobContext) -> Dataset:
    """The images that take part."""
    dataset = open_dataset(request.data, None, request.classes)
    for note in dataset.notes:
        ctx.partial(Note(note, "warning"))
    if request.images_per_group:
        rows = few_of_each_group(dataset.groups, request.images_per_group)
        dataset = replace(dataset, samples=tuple(dataset.samples[i] for i in rows))
    return dataset


def _decoded(dataset: Dataset, request: CompareRequest, ctx: JobContext) -> Images:
    pixels = np.concatenate([b for _, b in batches(dataset, dataset.samples, request.size, BATCH, ctx)])
    return Images(dataset, pixels, _splits(dataset, request), request.modality)


def _splits(dataset: Dataset, request: CompareRequest) -> dict[str, Sequence[Split]]:
    seed = request.seeds[0]
    table: dict[str, Sequence[Split]] = {}
    for unit in request.units:
        once, in_folds = SPLITTERS[unit]
        table[unit] = in_folds(dataset, request.folds, seed) if request.folds else [once(dataset, seed)]
    return table


def _speeds(graphs: Mapping[str, bytes], images: Images, ctx: JobContext) -> dict[str, float]:
    """As multiples of the reference, whose weights do not matter for that when it was not trained."""
    reference = graphs.get(REFERENCE)
    if reference is None:
        classes = len(images.dataset.classes)
        reference = export_onnx(architectures.build(REFERENCE, images.pixels.shape[1], classes, None))
    return speed_ratios(graphs, reference, images.pixels[:SPEED_IMAGES], ctx)

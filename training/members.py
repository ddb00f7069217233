"""Several runs from one start, and the mean of their weights as the network that ships.

Fine-tuned from the same weights and head, runs that differ only in the order of images end close enough
together that the mean of their weights is a network too, and one that holds better elsewhere than most of
them (Wortsman et al. 2022, arXiv:2203.05482). It costs nothing at run time. Its members are measured one
by one, because the spread between them says how far a single figure can be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from training.architectures.model import ArchitectureModel
from training.data import Dataset
from training.evaluate import judge_samples
from training.export import export_onnx
from training.external import external_records
from training.history import Epoch
from training.judge import Judge
from training.runtime import OnnxModel
from training.split import Split
from training.tune import Labelled, TuneSettings, fine_tune

Weights = list[npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Member:
    """One run: its seed, its history and the weights of the whole network."""

    seed: int
    history: tuple[Epoch, ...]
    weights: Weights


def fine_tune_members(
    network: ArchitectureModel,
    data: Labelled,
    settings: TuneSettings,
    seeds: Sequence[int],
    folder: Path,
    ctx: JobContext,
    event_logs: Path | None = None,
) -> list[Member]:
    """Fine-tune once per seed, each from the weights that `network` has now; leave it with their mean.

    Epochs are also written for TensorBoard into a folder per seed in `event_logs`, if given.

    Raises:
        Cancelled: finished members are kept in `folder`; the same call goes on.
    """
    start: Weights = network.model.get_weights()
    members = []
    for seed in seeds:
        network.model.set_weights(start)
        name = f"seed_{seed}"
        log = event_logs and event_logs / name
        history = fine_tune(network, data, replace(settings, seed=seed), folder / name, ctx, log)
        members.append(Member(seed, tuple(history), network.model.get_weights()))
    network.model.set_weights(mean_weights([member.weights for member in members]))
    return members


def mean_weights(all_weights: Sequence[Weights]) -> Weights:
    """The mean of several networks' weights, array by array."""
    return [
        np.mean(arrays, axis=0, dtype=np.float64).astype(np.float32)
        for arrays in zip(*all_weights, strict=True)
    ]


def graph_of(network: ArchitectureModel, weights: Weights) -> bytes:
    """The contract graph of the network with other weights; the network keeps its own."""
    own: Weights = network.model.get_weights()
    network.model.set_weights(weights)
    try:
        return export_onnx(network)
    finally:
        network.model.set_weights(own)


def seeds_record(
    network: ArchitectureModel,
    members: Sequence[Member],
    spec: ModelSpec,
    dataset: Dataset,
    split: Split,
    external: Path | None,
    again_below: float,
    ctx: JobContext,
) -> list[dict[str, Any]]:
    """Each member on the test side and on the foreign sets, before refusal: the spread of a single run.
    Doubtful fields get a second look, as in the pack."""
    rows = split.rows("test")
    samples = [dataset.samples[i] for i in rows]
    records = []
    for member in members:
        judge = Judge(spec, OnnxModel(graph_of(network, member.weights), again_below=again_below), None)
        given = judge_samples(judge, dataset, samples, ctx, f"Test images, seed {member.seed}")
        sets = external_records(judge, external, ctx) if external else []
        records.append(
            {
                "seed": member.seed,
                "home_accuracy": float((given.predicted == dataset.targets[rows]).mean()),
                "external": [{name: one[name] for name in ("set", "class", "recall")} for one in sets],
            }
        )
    return records

"""One training of a comparison: a network, a split, a seed, and what came out, kept in files of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.trust import calibrated_probabilities
from training import architectures
from training.architectures.model import SETTLE_BATCH, SETTLE_IMAGES, ArchitectureModel, settle_norm
from training.data import Dataset
from training.export import check_parity, export_onnx
from training.history import Epoch
from training.metrics import evenly
from training.notes import Note
from training.run_folder import RunFolder
from training.split import SIDES, Split
from training.tensorflow_gate import require_tensorflow
from training.trunk import Views
from training.tune import Labelled, TuneSettings, fine_tune
from training.views import view

BATCH = 32
VIEWS: Mapping[str, tuple[str, ...]] = {
    "histology": ("original", "mirror", "quarter", "mirror_three_quarters"),
    "ct": ("original", "mirror", "lean_left", "lean_right"),
}
"""What is drawn from, by modality: tissue has no up, a body has."""
VIEWS_DRAWN = 4
RATE_PRETRAINED, RATE_RANDOM = 3e-4, 1e-3
PARITY_IMAGES = 16

Pixels = npt.NDArray[np.uint8]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Images:
    """The images that take part, decoded once: `pixels` N×S×S×3 in the dataset's order, and by what they
    keep together the splits: one, or the folds of a cross-validation."""

    dataset: Dataset
    pixels: Pixels
    splits: Mapping[str, Sequence[Split]]
    modality: str = "histology"

    def describe(self) -> Record:
        """Images and groups on every side of the (first) split by each unit."""
        table: Record = {}
        for unit, splits in self.splits.items():
            rows = {side: splits[0].rows(side) for side in SIDES}
            table[unit] = {
                side: {"images": len(r), "groups": len(np.unique(self.dataset.groups[r]))}
                for side, r in rows.items()
            }
        return table


@dataclass(frozen=True, slots=True)
class Trial:
    """What is trained: `unit` and `fold` name the split, `weights` are a backbone's or None for random
    ones."""

    architecture: str
    unit: str
    seed: int
    weights: Path | None
    epochs: int
    balance: str
    fold: int = 0

    @property
    def stem(self) -> str:
        return f"{self.architecture}-{self.balance}-{self.unit}-{self.fold}-{self.seed}"

    def __str__(self) -> str:
        fold = f", fold {self.fold + 1}" if self.fold else ""
        return f"{self.architecture}, balance {self.balance}, split by {self.unit}{fold}, seed {self.seed}"

    def tune_settings(self) -> TuneSettings:
        """The same number of epochs for everybody; pretrained features are spared the head's random start."""
        head_epochs = min(1, self.epochs - 1) if self.weights else 0
        return TuneSettings(
            cut="",
            views=VIEWS_DRAWN,
            epochs=self.epochs - head_epochs,
            images=0,
            batch=BATCH,
            head_epochs=head_epochs,
            learning_rate=RATE_PRETRAINED if self.weights else RATE_RANDOM,
            balance=self.balance,
            seed=self.seed,
        )

    def key(self, images: Images) -> str:
        """Changes with the images and the weights that training starts from."""
        start = hashlib.sha256(self.weights.read_bytes()).hexdigest() if self.weights else "random"
        listed = [images.dataset.manifest_sha256, start, *(s.path for s in images.dataset.samples)]
        return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def trained_before(trial: Trial, images: Images, run: RunFolder) -> Record | None:
    """What `train_once` wrote for the same images and start, if it did."""
    target = run.path / "trained" / f"{trial.stem}.json"
    if not target.is_file():
        return None
    known: Record = json.loads(target.read_bytes())
    return known if known["key"] == trial.key(images) else None


def train_once(trial: Trial, images: Images, run: RunFolder, ctx: JobContext) -> Record:
    """Train, export and predict both held-out sides; or read what an earlier call wrote.

    Returns:
        `probabilities` N×C of the test side and `validation` of the validation side, in the split's order,
        the history, and training speed.

    Raises:
        ParityError: the network's graph does not compute what the network does.
        Cancelled: between two batches; a later call goes on at the epoch that was begun.
    """
    known = trained_before(trial, images, run)
    if known is not None:
        return known
    ctx.partial(Note(str(trial)))
    key = trial.key(images)
    network = _build(trial, images)
    split, dataset = images.splits[trial.unit][trial.fold], images.dataset
    train, held, test = (split.rows(side) for side in SIDES)
    views = Views(
        tuple(view(name, images.pixels[train]) for name in VIEWS[images.modality]), images.pixels[held]
    )
    labelled = Labelled(views, dataset.targets[train], dataset.groups[train], dataset.targets[held])
    clock = _Clock(ctx)
    work = run.path / "work" / f"{trial.stem}-{key[:12]}"
    history = fine_tune(network, labelled, trial.tune_settings(), work, clock)
    few = train[:SETTLE_IMAGES]
    settle_norm(network, [images.pixels[rows] for rows in np.array_split(few, -(-len(few) // SETTLE_BATCH))])
    _export_once(network, images.pixels[test], key, run)
    record = {
        "key": key,
        "unit": trial.unit,
        "fold": trial.fold,
        "seed": trial.seed,
        "start": "pretrained" if trial.weights else "random",
        "images_per_second": clock.rate(len(train) // BATCH * BATCH),
        "history": [asdict(epoch) for epoch in history],
        "probabilities": _predict(network, images.pixels[test]).tolist(),
        "validation": _predict(network, images.pixels[held]).tolist(),
    }
    run.write_json(f"trained/{trial.stem}.json", record)
    shutil.rmtree(work)
    return record


def graph_of(architecture: str, run: RunFolder) -> tuple[bytes, Record]:
    """An architecture's exported graph and what is known about it."""
    graph = (run.path / "graphs" / f"{architecture}.onnx").read_bytes()
    record: Record = json.loads((run.path / "graphs" / f"{architecture}.json").read_bytes())
    return graph, record


def _export_once(network: ArchitectureModel, pixels: Pixels, key: str, run: RunFolder) -> None:
    """The graph of the first network of its kind, compared with Keras; the others differ in numbers only."""
    target = run.path / "graphs" / f"{network.name}.json"
    if target.is_file() and json.loads(target.read_bytes())["key"] == key:
        return
    graph = export_onnx(network)
    shown = evenly(np.arange(len(pixels)), PARITY_IMAGES)
    record = {
        "key": key,
        "parameters": int(network.model.count_params()),
        "megabytes": len(graph) / 1e6,
        "explanation": network.explain.method,
        "parity": asdict(check_parity(network, graph, pixels[shown])),
    }
    run.write(f"graphs/{network.name}.onnx", graph)
    run.write_json(f"graphs/{network.name}.json", record)


def _build(trial: Trial, images: Images) -> ArchitectureModel:
    _, keras = require_tensorflow(trial.seed)
    # What was trained before would else stay in memory.
    keras.backend.clear_session()
    size, classes = images.pixels.shape[1], len(images.dataset.classes)
    return architectures.build(trial.architecture, size, classes, trial.weights, frozen=False)


def _predict(network: ArchitectureModel, pixels: Pixels) -> npt.NDArray[np.float64]:
    """Probabilities N×C, not calibrated."""
    parts = range(0, len(pixels), BATCH)
    logits = [np.asarray(network.model(pixels[i : i + BATCH], training=False)) for i in parts]
    return calibrated_probabilities(np.concatenate(logits), 1.0)


class _Clock:
    """A context that notes when epochs end."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx
        self._ends: list[float] = []
        self.progress, self.check = ctx.progress, ctx.check

    def partial(self, value: object) -> None:
        self._ctx.partial(value)
        if isinstance(value, Epoch):
            self._ends.append(time.perf_counter())

    def rate(self, images: int) -> float | None:
        """Images a second in the last epoch; None when only one was run: it held the compiling."""
        return images / (self._ends[-1] - self._ends[-2]) if len(self._ends) > 1 else None

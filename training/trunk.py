"""Augmented views of the training images, seen through the frozen beginning of a network and kept on disk.

The beginning needs no gradient, so its output can be computed once and used for many epochs, seeds and
settings: fine-tuning the rest then costs a third of what it costs from pixels. What is kept are half
floats in plain .npy files, read through memory maps. A network that is trained whole has no frozen
beginning; its views are kept as pixels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from training.architectures.model import ArchitectureModel, divide
from training.augment import AnyAugmenter
from training.augment.stain import Stain, estimate_stain
from training.data import Dataset, batches
from training.errors import DataProblem
from training.split import Split
from training.tensorflow_gate import require_tensorflow

Kept = npt.NDArray[np.generic]

BATCH = 32


@dataclass(frozen=True, slots=True)
class Views:
    """Inputs of the part that is trained: float16 activations or uint8 pixels.

    `train` holds the n training images as they are, then V augmented views of them, each n×… in the
    split's order.
    `validation` is m×…: the validation images as they are.
    """

    train: tuple[Kept, ...]
    validation: Kept


Trunk = Callable[[npt.NDArray[np.uint8]], Kept]


def trunk_of(network: ArchitectureModel, cut: str) -> Trunk:
    """A function from n×S×S×3 uint8 pixels to what is kept of them: with `cut` "" the pixels themselves."""
    if not cut:
        return lambda batch: batch
    tf, _ = require_tensorflow()
    model, _ = divide(network, network.cuts.get(cut, cut))

    def forward(batch: Any) -> Any:
        return tf.cast(model(batch, training=False), tf.float16)

    compiled = tf.function(forward, reduce_retracing=True, autograph=False)
    return lambda batch: np.asarray(compiled(tf.constant(batch)))


def cached_views(
    folder: Path,
    network: ArchitectureModel,
    cut: str,
    weights: Path | None,
    dataset: Dataset,
    split: Split,
    augment: AnyAugmenter | None,
    views: int,
    ctx: JobContext,
) -> Views:
    """Make the views, or go on with what an earlier run with the same data and settings left in `folder`.

    Args:
        weights: of the backbone, part of what must be the same; random ones come from the split's seed.
        augment: how views differ; None when there are none but the plain one.
        views: how many augmented ones of every training image, besides the image as it is.

    Raises:
        DataProblem: the folder holds views of something else.
        Cancelled: between two batches; whole views are kept, half a one is made again.
    """
    _claim(folder, _key(network, cut, weights, dataset, split, augment))
    trunk, size = trunk_of(network, cut), network.input_size
    train, held = split.rows("train"), split.rows("validation")
    for name, rows in (("validation", held), ("plain", train)):
        target = folder / f"{name}.npy"
        if not target.is_file():
            samples = [dataset.samples[i] for i in rows]
            plain = batches(dataset, samples, size, BATCH, ctx, f"Images as they are, {name}")
            _keep(target, (trunk(batch) for _, batch in plain), len(rows))
    names = ["plain"]
    if augment is not None:
        source = _Augmented(dataset, train, size, augment, split.seed)
        for view in range(views):
            names.append(f"view{view:02d}")
            target = folder / f"{names[-1]}.npy"
            if not target.is_file():
                text = f"Augmented view {view + 1} of {views}"
                _keep(target, (trunk(batch) for batch in source.batches(view, text, ctx)), len(train))
    return Views(
        tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names),
        np.load(folder / "validation.npy", mmap_mode="r"),
    )


def _claim(folder: Path, key: str) -> None:
    """Make the folder this request's. Another one's is refused: checkpoints lie beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "key.txt"
    if stamp.is_file() and stamp.read_text() != key:
        raise DataProblem(
            "The run folder holds views of other images, or in other stains.",
            hint="Choose a new folder with --out.",
        )
    stamp.write_text(key)


def _keep(target: Path, parts: Iterator[Kept], total: int) -> None:
    """Write parts one after another into one array file, under its name only when it is whole."""
    unfinished = target.with_suffix(".part")
    into: Kept | None = None
    done = 0
    for part in parts:
        if into is None:
            shape = (total, *part.shape[1:])
            into = np.lib.format.open_memmap(unfinished, "w+", part.dtype, shape)
        into[done : done + len(part)] = part
        done += len(part)
    if into is None:
        np.save(unfinished.with_suffix(".npy"), np.empty(0, np.uint8))
        return
    del into  # closes the map: Windows renames no open file
    unfinished.replace(target)


class _Augmented:
    """The training images, augmented by as many threads as there are cores; each picture's randomness
    comes from (seed, view, its row), so that neither threads nor batches change it."""

    def __init__(
        self, dataset: Dataset, rows: npt.NDArray[np.intp], size: int, augment: AnyAugmenter, seed: int
    ) -> None:
        self._dataset, self._rows, self._size = dataset, rows, size
        self._augment, self._seed = augment, seed
        self._stains: dict[int, Stain | None] = {}

    def batches(self, view: int, text: str, ctx: JobContext) -> Iterator[npt.NDArray[np.uint8]]:
        with ThreadPoolExecutor(cpu_count() or 1) as pool:
            for start in range(0, len(self._rows), BATCH):
                ctx.check()
                part = range(start, min(start + BATCH, len(self._rows)))
                yield np.stack(list(pool.map(lambda i: self._picture(i, view), part)))
                ctx.progress(part.stop, len(self._rows), text)

    def _picture(self, place: int, view: int) -> RGB:
        sample = self._dataset.samples[self._rows[place]]
        pixels = self._dataset.pixels(sample, self._size)
        if place not in self._stains:
            self._stains[place] = estimate_stain(pixels)
        random = np.random.default_rng((self._seed, view, place))
        return self._augment(pixels, self._stains[place], random)


def _key(
    network: ArchitectureModel,
    cut: str,
    weights: Path | None,
    dataset: Dataset,
    split: Split,
    augment: AnyAugmenter | None,
) -> str:
    """Changes whenever the views would."""
    state = {
        "architecture": network.name,
        "cut": cut,
        "size": network.input_size,
        "weights": hashlib.sha256(weights.read_bytes()).hexdigest() if weights else "random",
        "samples": [asdict(s) for s in dataset.samples],
        "manifest": dataset.manifest_sha256,
        "sides": split.sides,
        "seed": split.seed,
        "augment": augment.describe() if augment else None,
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()

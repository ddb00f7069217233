"""Embeddings of a frozen backbone, computed once: training a head on them takes seconds, not hours."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext
from lungviewer.core.paths import atomic_write
from training.architectures.model import ArchitectureModel
from training.data import Dataset, batches
from training.split import Split
from training.tensorflow_gate import require_tensorflow
from training.views import view


@dataclass(frozen=True, slots=True)
class Features:
    """Per view name: embeddings N×D float32 of all samples ("original") or of the train side in its
    order (other views)."""

    by_view: Mapping[str, FloatArray]

    @property
    def originals(self) -> FloatArray:
        return self.by_view["original"]


def embedder_of(network: ArchitectureModel) -> Callable[[npt.NDArray[np.uint8]], FloatArray]:
    """A compiled function from n×S×S×3 uint8 pixels to embeddings n×D."""
    tf, _ = require_tensorflow()

    def embed(batch: Any) -> Any:
        return network.embedder(batch, training=False)

    compiled = tf.function(embed, reduce_retracing=True, autograph=False)
    return lambda batch: np.asarray(compiled(tf.constant(batch)), np.float32)


def extract_features(
    network: ArchitectureModel,
    dataset: Dataset,
    split: Split,
    views: Sequence[str],
    ctx: JobContext,
) -> Features:
    """Run the backbone over every image, and over the given views of the training images."""
    run = embedder_of(network)
    train = split.rows("train")
    rest = np.setdiff1d(np.arange(len(dataset.samples)), train)
    width = int(network.embedder.output_shape[-1])
    originals = np.empty((len(dataset.samples), width), np.float32)
    others = {name: np.empty((len(train), width), np.float32) for name in views}
    for rows, extra in ((train, others), (rest, {})):
        chosen = [dataset.samples[i] for i in rows]
        text = "Backbone, training images" if extra else "Backbone, held-out images"
        for part, batch in batches(dataset, chosen, network.input_size, 32, ctx, text):
            originals[rows[part]] = run(batch)
            for name, into in extra.items():
                into[part] = run(view(name, batch))
    return Features({"original": originals, **others})


def cached_features(
    folder: Path,
    network: ArchitectureModel,
    weights: Path | None,
    dataset: Dataset,
    split: Split,
    views: Sequence[str],
    ctx: JobContext,
) -> Features:
    """`extract_features`, or what an earlier run with the same data, split and weights left in `folder`."""
    target = folder / "features.npz"
    key = _key(network, weights, dataset, split, views)
    if target.is_file():
        with np.load(target, allow_pickle=False) as saved:
            if str(saved["key"]) == key:
                return Features({name: saved[f"view_{name}"] for name in ("original", *views)})
    features = extract_features(network, dataset, split, views, ctx)
    buffer = io.BytesIO()
    arrays = {f"view_{name}": values for name, values in features.by_view.items()}
    np.savez(buffer, key=np.array(key), **arrays)
    with atomic_write(target) as stream:
        stream.write(buffer.getbuffer())
    return features


def _key(
    network: ArchitectureModel, weights: Path | None, dataset: Dataset, split: Split, views: Sequence[str]
) -> str:
    """Changes whenever the embeddings would. Random weights depend on the seed, which the split holds."""
    state = {
        "architecture": network.name,
        "size": network.input_size,
        "weights": hashlib.sha256(weights.read_bytes()).hexdigest() if weights else "random",
        "samples": [asdict(s) for s in dataset.samples],
        "manifest": dataset.manifest_sha256,
        "sides": split.sides,
        "seed": split.seed,
        "views": list(views),
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()

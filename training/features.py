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

Embed = Callable[[npt.NDArray[np.uint8]], FloatArray]
"""From n×S×S×3 uint8 pixels to embeddings n×D float32."""


@dataclass(frozen=True, slots=True)
class Features:
    """Per view name: embeddings N×D float32 of all samples ("original") or of the train side in its
    order (other views)."""

    by_view: Mapping[str, FloatArray]

    @property
    def originals(self) -> FloatArray:
        return self.by_view["original"]


def embedder_of(network: ArchitectureModel) -> Embed:
    """A network's beginning, compiled."""
    tf, _ = require_tensorflow()

    def embed(batch: Any) -> Any:
        return network.embedder(batch, training=False)

    compiled = tf.function(embed, reduce_retracing=True, autograph=False)
    return lambda batch: np.asarray(compiled(tf.constant(batch)), np.float32)


def extract_features(
    embed: Embed,
    size: int,
    dataset: Dataset,
    split: Split,
    views: Sequence[str],
    ctx: JobContext,
) -> Features:
    """Embed every image at size×size, and the given views of the training images."""
    train = split.rows("train")
    rest = np.setdiff1d(np.arange(len(dataset.samples)), train)
    parts: dict[str, list[FloatArray]] = {name: [] for name in ("train", "rest", *views)}
    for name, rows, extra in (("train", train, views), ("rest", rest, ())):
        chosen = [dataset.samples[i] for i in rows]
        text = "Backbone, training images" if name == "train" else "Backbone, held-out images"
        for _, batch in batches(dataset, chosen, size, 32, ctx, text):
            parts[name].append(embed(batch))
            for each in extra:
                parts[each].append(embed(view(each, batch)))
    found = {name: np.concatenate(values) for name, values in parts.items()}
    originals = np.empty((len(dataset.samples), found["train"].shape[1]), np.float32)
    originals[train], originals[rest] = found.pop("train"), found.pop("rest")
    return Features({"original": originals, **found})


def cached_features(
    folder: Path,
    network: ArchitectureModel,
    weights: Path | None,
    dataset: Dataset,
    split: Split,
    views: Sequence[str],
    ctx: JobContext,
) -> Features:
    """Features of a network, or what an earlier run with the same data, split and weights left in `folder`.

    Random weights depend on the seed, which the split holds.
    """
    known = hashlib.sha256(weights.read_bytes()).hexdigest() if weights else "random"
    identity = {"architecture": network.name, "weights": known}
    size = network.input_size
    return cached_embeddings(folder, embedder_of(network), identity, size, dataset, split, views, ctx)


def cached_embeddings(
    folder: Path,
    embed: Embed,
    identity: Mapping[str, str],
    size: int,
    dataset: Dataset,
    split: Split,
    views: Sequence[str],
    ctx: JobContext,
) -> Features:
    """`extract_features`, or what an earlier run left in `folder`. `identity` says what `embed` is."""
    target = folder / "features.npz"
    key = _key(identity, size, dataset, split, views)
    if target.is_file():
        with np.load(target, allow_pickle=False) as saved:
            if str(saved["key"]) == key:
                return Features({name: saved[f"view_{name}"] for name in ("original", *views)})
    features = extract_features(embed, size, dataset, split, views, ctx)
    buffer = io.BytesIO()
    arrays = {f"view_{name}": values for name, values in features.by_view.items()}
    np.savez(buffer, key=np.array(key), **arrays)
    with atomic_write(target) as stream:
        stream.write(buffer.getbuffer())
    return features


def _key(identity: Mapping[str, str], size: int, dataset: Dataset, split: Split, views: Sequence[str]) -> str:
    """Changes whenever the embeddings would."""
    state = {
        **identity,
        "size": size,
        "samples": [asdict(s) for s in dataset.samples],
        "manifest": dataset.manifest_sha256,
        "sides": split.sides,
        "seed": split.seed,
        "views": list(views),
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()

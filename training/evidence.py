"""What a model says about images, at home and elsewhere: all that thresholds are fitted on.

Any model will do that maps pixels to logits and embeddings, such as the graph of a pack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray, RawOutput
from lungviewer.core.job import JobContext
from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.outliers import OutlierModel, Scores
from lungviewer.core.second_look import margins
from lungviewer.core.trust import check_field
from training.data import Dataset, batches
from training.laboratories import LABORATORIES, shifted_fields
from training.metrics import few_of_each_group
from training.split import Split
from training.strange import STRANGE, make_strange

BATCH = 32
SECOND_LOOKS = 0.15
"""Of validation images that are looked at again, in all four positions. On the shipped model's validation
images 0.15 gives the same as looking at all of them four times; 0.10 lets some answers change with a turn."""
STRANGE_FROM = 120
"""Validation images that are altered beyond recognition, evenly spread."""
SHIFTED_FROM = 240
"""Validation images that every made-up laboratory shows, evenly spread."""
REFERENCE_LABORATORIES, FIRST_REFERENCE = 4, 100
"""Other made-up laboratories, which show training images; numbers from the second figure on."""

Fields = npt.NDArray[np.uint8]


class PixelModel(Protocol):
    """Such as `training.runtime.OnnxModel`."""

    def predict(self, batch: Fields) -> RawOutput:
        """Run N×S×S×3 uint8 RGB images."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a model gave for n images: logits n×C and embeddings n×D."""

    logits: FloatArray
    embedding: FloatArray

    def __len__(self) -> int:
        return len(self.logits)

    def __getitem__(self, rows: npt.NDArray[np.generic]) -> Evidence:
        return Evidence(self.logits[rows], self.embedding[rows])

    def scores(self, model: OutlierModel) -> Scores:
        """Strangeness of every image."""
        return model.score(self.embedding, self.logits)


@dataclass(frozen=True, slots=True)
class Shifted:
    """One laboratory's view of some images of a data set.

    `rows` n are their places in it; `failed_checks` n the image check that each fails there, or "".
    """

    evidence: Evidence
    rows: npt.NDArray[np.intp]
    failed_checks: tuple[str, ...]


def look(model: PixelModel, fields: Fields) -> Evidence:
    """Run a model on n×S×S×3 fields."""
    raw = [model.predict(fields[i : i + BATCH]) for i in range(0, len(fields), BATCH)]
    return Evidence(np.concatenate([r.logits for r in raw]), np.concatenate([r.embedding for r in raw]))


def home_evidence(model: PixelModel, dataset: Dataset, size: int, ctx: JobContext) -> Evidence:
    """Of all images of a data set, in its order."""
    parts = [
        look(model, fields)
        for _, fields in batches(dataset, dataset.samples, size, BATCH, ctx, "Running the model")
    ]
    return joined(parts)


def doubtful_below(logits: FloatArray, modality: str) -> float:
    """The margin between the two largest of n×C logits below which `SECOND_LOOKS` of images lie. For CT 0: a
    body that lies on its side or stands on its head is nothing that was trained on."""
    if modality == "ct":
        return 0.0
    return float(f"{np.quantile(margins(logits), SECOND_LOOKS):.6g}")


def looked_again(
    model: PixelModel, home: Evidence, dataset: Dataset, size: int, again_below: float, ctx: JobContext
) -> Evidence:
    """What `home_evidence` found with one look, with the doubtful images looked at again by `model`."""
    rows = np.flatnonzero(margins(home.logits) < again_below)
    if not len(rows):
        return home
    samples = [dataset.samples[i] for i in rows]
    found = joined([look(model, f) for _, f in batches(dataset, samples, size, BATCH, ctx, "Second looks")])
    logits, embedding = home.logits.copy(), home.embedding.copy()
    logits[rows], embedding[rows] = found.logits, found.embedding
    return Evidence(logits, embedding)


def strange_evidence(
    model: PixelModel, dataset: Dataset, split: Split, size: int, ctx: JobContext
) -> dict[str, Evidence]:
    """Of validation images that were altered until no model should answer them, by kind."""
    fields = spread_pixels(dataset, split, size, STRANGE_FROM)
    found: dict[str, Evidence] = {}
    for done, kind in enumerate(STRANGE):
        ctx.check()
        found[kind] = look(model, make_strange(kind, fields, split.seed))
        ctx.progress(done + 1, len(STRANGE), "Choosing the strangeness score")
    return found


def laboratory_evidence(
    model: PixelModel,
    dataset: Dataset,
    split: Split,
    size: int,
    modality: str,
    ctx: JobContext,
    shift: Callable[[int, Fields, str, int], Fields] = shifted_fields,
    limits: ImageCheckLimits | None = None,
) -> list[Shifted]:
    """Of validation images as made-up laboratories would show them, one entry a laboratory.

    Args:
        shift: from (number of the laboratory, fields n×S×S×3, modality, seed) to such fields.
    """
    rows = spread_rows(split, SHIFTED_FROM)
    numbers = range(LABORATORIES)
    return _shown(
        model, dataset, rows, size, modality, split.seed, numbers, ctx, shift, "Made-up laboratories", limits
    )


def reference_evidence(
    model: PixelModel, dataset: Dataset, split: Split, size: int, modality: str, ctx: JobContext
) -> list[Shifted]:
    """Of one training image of every group as made-up laboratories show it: what else is familiar.

    They are not the laboratories that thresholds are chosen in.
    """
    train = split.rows("train")
    rows = train[few_of_each_group(dataset.groups[train], 1)]
    numbers = range(FIRST_REFERENCE, FIRST_REFERENCE + REFERENCE_LABORATORIES)
    text, seed = "What else is familiar", split.seed
    return _shown(model, dataset, rows, size, modality, seed, numbers, ctx, shifted_fields, text, None)


def _shown(
    model: PixelModel,
    dataset: Dataset,
    rows: npt.NDArray[np.intp],
    size: int,
    modality: str,
    seed: int,
    numbers: range,
    ctx: JobContext,
    shift: Callable[[int, Fields, str, int], Fields],
    text: str,
    limits: ImageCheckLimits | None,
) -> list[Shifted]:
    """Some images of a data set in every one of some laboratories."""
    fields = _pixels(dataset, rows, size)
    found = []
    for done, number in enumerate(numbers):
        ctx.check()
        seen = shift(number, fields, modality, seed)
        failed = tuple(check_field(field, limits or ImageCheckLimits(), modality) or "" for field in seen)
        found.append(Shifted(look(model, seen), rows, failed))
        ctx.progress(done + 1, len(numbers), text)
    return found


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Several as one, in order."""
    return Evidence(
        np.concatenate([part.logits for part in parts]), np.concatenate([part.embedding for part in parts])
    )


def spread_rows(split: Split, count: int) -> npt.NDArray[np.intp]:
    """Up to `count` validation rows, evenly spread."""
    rows = split.rows("validation")
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]


def spread_pixels(dataset: Dataset, split: Split, size: int, count: int) -> Fields:
    """Pixels of up to `count` validation images, evenly spread, n×size×size×3."""
    return _pixels(dataset, spread_rows(split, count), size)


def _pixels(dataset: Dataset, rows: npt.NDArray[np.intp], size: int) -> Fields:
    return np.stack([dataset.pixels(dataset.samples[i], size) for i in rows])

"""How much too good a split by image would look: the same head on the same embeddings, both ways.

Published beside the real figure, so that nobody has to take the word "leakage" on trust.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext
from lungviewer.core.trust import calibrated_probabilities
from training.data import Dataset
from training.features import Features
from training.fit import FitSettings, TrainedHead, fit_head
from training.metrics import measure
from training.split import Split, split_by_image


def probe_leakage(
    dataset: Dataset, split: Split, features: Features, settings: FitSettings, ctx: JobContext
) -> list[dict[str, Any]]:
    """Test accuracy of a fresh head by each split unit, trained on the images without further views."""
    records = []
    splits = [split] if split.unit == "image" else [split, split_by_image(dataset, split.seed)]
    for each in splits:
        head = _plain_head(dataset, each, features, settings, ctx)
        rows = each.rows("test")
        found = measure(
            calibrated_probabilities(head.logits(features.originals[rows]), 1.0),
            dataset.targets[rows],
            dataset.groups[rows],
            [c.id for c in dataset.classes],
            each.unit,
            replicates=300,
        )
        records.append(asdict(found["accuracy"]))
        ctx.progress(len(records), len(splits), "Comparing split units")
    return records


def _plain_head(
    dataset: Dataset, split: Split, features: Features, settings: FitSettings, ctx: JobContext
) -> TrainedHead:
    """Its epochs are nobody's curve: only a wish to stop is passed on."""
    plain = replace(settings, views=())
    ctx.check()
    with tempfile.TemporaryDirectory() as folder:
        return fit_head(features, dataset.targets, len(dataset.classes), split, plain, Path(folder))

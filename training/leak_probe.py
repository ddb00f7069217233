"""How much too good a split by image would look: the same head on the same embeddings, both ways.

Published beside the real figure, so that nobody has to take the word "leakage" on trust.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.trust import calibrated_probabilities
from training.architectures.model import ArchitectureModel
from training.data import Dataset
from training.features import Features
from training.fit import FitSettings, fit_head
from training.metrics import measure
from training.split import Split, split_by_image
from training.tensorflow_gate import require_tensorflow


def probe_leakage(
    network: ArchitectureModel,
    dataset: Dataset,
    split: Split,
    features: Features,
    settings: FitSettings,
    ctx: JobContext,
) -> list[dict[str, Any]]:
    """Test accuracy of a fresh head by each split unit, trained on the images without further views."""
    records = []
    plain = replace(settings, views=())
    splits = [split] if split.unit == "image" else [split, split_by_image(dataset, split.seed)]
    for each in splits:
        ctx.check()
        head = _fresh_head(network, settings)
        with tempfile.TemporaryDirectory() as folder:
            fit_head(
                replace(network, head=head),
                features,
                dataset.targets,
                each,
                plain,
                Path(folder),
                NullContext(),
            )
        rows = each.rows("test")
        logits = np.asarray(head(features.originals[rows], training=False))
        found = measure(
            calibrated_probabilities(logits, 1.0),
            dataset.targets[rows],
            dataset.groups[rows],
            [c.id for c in dataset.classes],
            each.unit,
            replicates=300,
        )
        records.append(asdict(found["accuracy"]))
        ctx.progress(len(records), len(splits), "Comparing split units")
    return records


def _fresh_head(network: ArchitectureModel, settings: FitSettings) -> Any:
    _, keras = require_tensorflow(settings.seed)
    return keras.models.clone_model(network.head)

"""Put a trained model together as a pack."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lungviewer.core.model import (
    CalibrationSpec,
    ClassSpec,
    ExplainSpec,
    InputSpec,
    ModelSpec,
    PackProvenance,
    TrustSpec,
)
from lungviewer.core.preprocess import RESIZE_METHOD
from training.about import About
from training.data import Dataset
from training.run_folder import code_version
from training.split import Split


def draft_spec(
    about: About,
    classes: tuple[ClassSpec, ...],
    architecture: str,
    explain: ExplainSpec,
    provenance: PackProvenance,
) -> ModelSpec:
    """A pack's statement before calibration and trust are fitted; `files` is empty."""
    return ModelSpec(
        id=about.id,
        version=about.version,
        title=about.title,
        modality=about.modality,
        organ=about.organ,
        stain=about.stain,
        classes=classes,
        input=InputSpec(
            about.input_size, about.um_per_px, about.field_um, RESIZE_METHOD, window=about.input_window
        ),
        architecture=architecture,
        runtime="onnx",
        validated=False,
        explain=explain,
        calibration=CalibrationSpec("none", 1.0, "not calibrated"),
        trust=TrustSpec("none", 0.0, 0.0, checks=about.checks),
        provenance=provenance,
        files={},
    )


def provenance_of(about: About, dataset: Dataset, split: Split) -> PackProvenance:
    """Where the weights come from; the date is today's, in UTC."""
    today = datetime.now(UTC).date().isoformat()
    return PackProvenance(about.data, dataset.manifest_sha256, split.unit, split.seed, code_version(), today)


def with_thresholds(
    spec: ModelSpec,
    calibration: CalibrationSpec,
    score: str,
    refuse_above: float,
    review_below: float,
    targets: Mapping[str, float],
) -> ModelSpec:
    """The statement with what validation gave. Only a split by known groups makes a pack validated."""
    trust = TrustSpec(score, refuse_above, review_below, dict(targets), spec.trust.checks)
    return replace(
        spec, calibration=calibration, trust=trust, validated=spec.provenance.split_unit == "group"
    )


def keras_bytes(model: Any) -> bytes:
    """A Keras model as the bytes of a .keras file, without optimiser state."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path, include_optimizer=False)
        return path.read_bytes()

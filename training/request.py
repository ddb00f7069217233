"""What `fit` can be asked for, and what it hands back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lungviewer.core.model import ClassSpec, ModelSpec
from training.about import About
from training.augment import AnyAugment, AugmentSettings
from training.fit import FitSettings
from training.tune import TuneSettings


@dataclass(frozen=True, slots=True)
class FitRequest:
    """Everything `fit` was asked for. `external` and `strange` are for evaluation only.

    Without `tune` the backbone stays frozen and `settings` train a head. With it the end of the network is
    fine-tuned on augmented views, `members` times from different seeds; `stains` holds unlabelled images
    of other laboratories, whose colours the training images take on. `settings.seed` splits the data.
    `beside` is a pack that is measured on the same test images. With `folds` the recipe is also
    cross-validated, split by group and by image.
    """

    data: Path
    out: Path
    about: About = field(default_factory=About)
    arch: str = "mobilenetv2"
    weights: Path | None = None
    manifest: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    settings: FitSettings = field(default_factory=FitSettings)
    tune: TuneSettings | None = None
    augment: AnyAugment | None = field(default_factory=AugmentSettings)
    stains: Path | None = None
    members: int = 1
    folds: int = 0
    by_image: bool = False
    skip_unreadable: bool = False
    external: Path | None = None
    strange: Mapping[str, Path] = field(default_factory=dict)
    int8: bool = False
    tensorboard: bool = False
    pack_out: Path | None = None
    beside: Path | None = None

    def config(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed. Names of folders are left out on purpose."""
        tuning: dict[str, Any] = {}
        if self.tune is not None:
            tuning = {
                "tune": asdict(self.tune),
                "augment": asdict(self.augment) if self.augment else None,
                "stains": self.stains is not None,
                "members": self.members,
            }
        return {
            "arch": self.arch,
            "weights": hashlib.sha256(self.weights.read_bytes()).hexdigest() if self.weights else None,
            "settings": asdict(self.settings),
            "by_image": self.by_image,
            "skip_unreadable": self.skip_unreadable,
            "input_size": self.about.input_size,
            "modality": self.about.modality,
            "classes": {label: asdict(spec) for label, spec in self.classes.items()},
            **tuning,
        }


@dataclass(frozen=True, slots=True)
class FitResult:
    """The pack that was written, its statement and its metrics."""

    pack: Path
    spec: ModelSpec
    metrics: Mapping[str, Any]

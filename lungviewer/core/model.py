"""What a model pack states about its model: the frozen, runtime-free form of pack.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lungviewer.core.window import Window


class Role(StrEnum):
    """What a class means for a patient, so that code never compares class names."""

    TUMOUR = "tumour"
    BENIGN = "benign"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """One class: stable `id` (CSV column, never translated), `label` for people, `colour` as #rrggbb."""

    id: str
    label: str
    colour: str
    role: Role


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the graph eats: `size`×`size` pixels that cover `field_um` micrometres each way.

    Fields whose two largest logits are less than `again_below` apart are looked at a second time, in all
    four positions (core/second_look.py); 0: none.
    """

    size: int
    um_per_px: float
    field_um: float
    resize: str
    again_below: float = 0.0
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class ExplainSpec:
    """How `cam` was made: "cam" (pool → dense: a 1×1 convolution) or "grad-cam", and from which layer."""

    method: str
    layer: str


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Of `n` validation calls with confidence in [low, high], `right` were right."""

    low: float
    high: float
    n: int
    right: int


@dataclass(frozen=True, slots=True)
class CalibrationSpec:
    """Temperature by which logits are divided before softmax (Guo et al. 2017, arXiv:1706.04599)."""

    method: str
    temperature: float
    fitted_on: str
    reliability: tuple[ReliabilityBin, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageCheckLimits:
    """When a field is refused before its class matters. What each figure measures: core/trust.py.

    `min_tissue` and `max_pen` are shares of the field's area, `min_contrast` a standard deviation of
    lightness (0–255), `min_chroma` a mean Lab chroma, `min_sharpness` a share of contrast,
    `min_green_excess` lies between −1 (every stain passes) and 2 (nothing but green is absorbed). The
    defaults refuse none of 5,875 lung histology tiles of the training laboratory, nor of 365 of other
    laboratories (`benchmarks/choices.py`; ARCHITECTURE.md, "Trust").
    """

    min_tissue: float = 0.05
    min_contrast: float = 6.0
    min_sharpness: float = 0.06
    max_pen: float = 0.10
    min_chroma: float = 4.0
    min_green_excess: float = 0.15


REVIEW_ALL = 1.0
"""The `review_below` of a model that did not show in validation, at any confidence, that its calls can do
without review. A rounded probability may be 1.0: it is not let through."""


@dataclass(frozen=True, slots=True)
class TrustSpec:
    """When an answer is shown as a call.

    `score` names the out-of-distribution score (core/outliers.py, or "none"); scores above
    `refuse_above` are refused, confidences below `review_below` are marked for review; from `REVIEW_ALL` on
    every answer is. `targets` are the rates the thresholds were chosen for, as fractions, for people to read.
    """

    score: str
    refuse_above: float
    review_below: float
    targets: Mapping[str, float] = field(default_factory=dict)
    checks: ImageCheckLimits = field(default_factory=ImageCheckLimits)

    @property
    def always_review(self) -> bool:
        """Whether no answer is ever a call without review, however sure."""
        return self.review_below >= REVIEW_ALL


@dataclass(frozen=True, slots=True)
class PackProvenance:
    """Where the weights come from. `split_unit` is what was kept on one side: "group", "image", …"""

    data: str
    manifest_sha256: str
    split_unit: str
    seed: int
    code_version: str
    date: str


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Size in bytes and lower-case hexadecimal SHA-256 of one file of the pack."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A whole pack.json. `runtime` is "onnx" or "keras"; `validated` is False for imported models."""

    id: str
    version: str
    title: str
    modality: str
    organ: str
    stain: str
    classes: tuple[ClassSpec, ...]
    input: InputSpec
    architecture: str
    runtime: str
    validated: bool
    explain: ExplainSpec
    calibration: CalibrationSpec
    trust: TrustSpec
    provenance: PackProvenance
    files: Mapping[str, FileStamp]

    @property
    def class_ids(self) -> tuple[str, ...]:
        return tuple(c.id for c in self.classes)

    @property
    def standing_doubts(self) -> tuple[str, ...]:
        """Reason codes for which every call of this model asks for review, whatever the image."""
        aim = ("aim_not_met",) if self.trust.always_review else ()
        return aim if self.validated else (*aim, "not_validated")

    def class_by_id(self, class_id: str) -> ClassSpec:
        for candidate in self.classes:
            if candidate.id == class_id:
                return candidate
        raise KeyError(class_id)

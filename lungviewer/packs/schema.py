"""The schema of a classifier's pack.json (pydantic): each key's values, and how keys must agree."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lungviewer.core.model import ImageCheckLimits, Role
from lungviewer.core.preprocess import RESIZE_METHOD
from lungviewer.packs.names import MAX_FILES, MAX_PACK_BYTES, MODEL_KERAS, MODEL_ONNX, TRUST, byte_limit
from lungviewer.packs.schema_parts import (
    EntryId,
    Label,
    PackId,
    Part,
    ProvenancePart,
    StampPart,
    Title,
    Version,
    WindowPart,
    Words,
    check_distinct,
    check_files,
    listed,
    matching,
    within,
)

MAX_CLASSES = 64


# --- what a value may be ------------------------------------------------------------------------------


def _resize(value: str) -> str:
    if value != RESIZE_METHOD:
        raise ValueError(f'must be "{RESIZE_METHOD}", the only method this program implements')
    return value


def _positive(value: float) -> float:
    if not 0 < value <= 1e9:
        raise ValueError("must be larger than 0")
    return value


def _role(value: object) -> object:
    names = [role.value for role in Role]
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"must be one of {', '.join(names)}")
    return Role(value)


Share = Annotated[float, within(0, 1)]
Threshold = Annotated[float, within(-1e30, 1e30)]
Positive = Annotated[float, AfterValidator(_positive)]
TargetName = Annotated[str, matching(r"[a-z][a-z0-9_]{0,63}", "must be lower-case letters, digits and _")]


# --- the schema -----------------------------------------------------------------------------------------


class _Class(Part):
    id: EntryId
    label: Label
    colour: Annotated[str, matching(r"#[0-9a-f]{6}", "must be a colour such as #d62728, in lower case")]
    role: Annotated[Role, BeforeValidator(_role)]


class _Input(Part):
    size: Annotated[int, within(32, 1024)]
    um_per_px: Positive
    field_um: Positive
    resize: Annotated[str, AfterValidator(_resize)]
    again_below: Annotated[float, within(0, 100)] = 0.0
    window: WindowPart | None = None

    @model_validator(mode="after")
    def _field_is_size_times_scale(self) -> _Input:
        covered = self.um_per_px * self.size
        if abs(covered - self.field_um) > 0.01 * self.field_um:
            raise ValueError(
                f"size × um_per_px is {covered:g} µm, but field_um says {self.field_um:g}; "
                "they must agree within 1 %"
            )
        return self


class _Explain(Part):
    method: Literal["cam", "grad-cam"]
    layer: Words


class _Bin(Part):
    low: Share
    high: Share
    n: Annotated[int, within(0, 1e12)]
    right: Annotated[int, within(0, 1e12)]

    @model_validator(mode="after")
    def _makes_sense(self) -> _Bin:
        if self.low >= self.high or self.right > self.n:
            raise ValueError("needs low < high and right ≤ n")
        return self


class _Calibration(Part):
    method: Literal["temperature", "none"]
    temperature: Annotated[float, within(1e-3, 1e3)]
    fitted_on: Words
    reliability: Annotated[tuple[_Bin, ...], BeforeValidator(listed), Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> _Calibration:
        if self.method == "none" and self.temperature != 1.0:
            raise ValueError('method "none" needs temperature 1.0')
        for one, other in zip(self.reliability, self.reliability[1:], strict=False):
            if other.low < one.high:
                raise ValueError("reliability: bins must be in order and must not overlap")
        return self


class _Checks(Part):
    min_tissue: Share
    min_contrast: Annotated[float, within(0, 1e6)]
    min_sharpness: Annotated[float, within(0, 1e6)]
    max_pen: Share
    min_chroma: Annotated[float, within(0, 1e6)]
    # Packs from before this check do not have it.
    min_green_excess: Annotated[float, within(-1, 2)] = ImageCheckLimits().min_green_excess


class _Trust(Part):
    score: Literal["gaussian", "relative", "neighbours", "energy", "norm", "sum", "none"]
    refuse_above: Threshold
    review_below: Share
    targets: Annotated[dict[TargetName, Share], Field(max_length=32)]
    checks: _Checks


class Manifest(Part):
    schema_: Annotated[Literal["lungviewer-pack/1"], Field(alias="schema")]
    id: PackId
    version: Version
    title: Title
    modality: Literal["histology", "ct"]
    organ: Words
    stain: Words
    classes: Annotated[
        tuple[_Class, ...], BeforeValidator(listed), Field(min_length=2, max_length=MAX_CLASSES)
    ]
    input: _Input
    architecture: Words
    runtime: Literal["onnx", "keras"]
    validated: bool
    explain: _Explain
    calibration: _Calibration
    trust: _Trust
    provenance: ProvenancePart
    files: Annotated[dict[str, StampPart], Field(max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _classes_differ(self) -> Manifest:
        check_distinct("classes", self.classes)
        return self

    @model_validator(mode="after")
    def _window_is_of_ct(self) -> Manifest:
        if self.modality != "ct" and self.input.window is not None:
            raise ValueError("input.window is for CT only")
        return self

    @model_validator(mode="after")
    def _files_are_allowed(self) -> Manifest:
        check_files(self.files, byte_limit, MAX_PACK_BYTES)
        return self

    @model_validator(mode="after")
    def _files_are_complete(self) -> Manifest:
        model = MODEL_ONNX if self.runtime == "onnx" else MODEL_KERAS
        if model not in self.files:
            raise ValueError(f'files: runtime "{self.runtime}" needs {model}')
        if self.trust.score != "none" and TRUST not in self.files:
            raise ValueError(f'files: trust.score "{self.trust.score}" needs {TRUST}')
        return self

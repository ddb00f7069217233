"""The schema of pack.json (pydantic): what each key may hold, and how keys must agree with each other."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lungviewer.core.model import ImageCheckLimits, Role
from lungviewer.core.preprocess import RESIZE_METHOD
from lungviewer.packs.jsontext import showable
from lungviewer.packs.names import (
    MAX_FILES,
    MAX_PACK_BYTES,
    MODEL_KERAS,
    MODEL_ONNX,
    TRUST,
    byte_limit,
    is_device_name,
)

MAX_CLASSES = 64

_SEMVER = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    r"(?:-((?:0|[1-9]\d{0,8}|\d*[a-z-][0-9a-z-]*)(?:\.(?:0|[1-9]\d{0,8}|\d*[a-z-][0-9a-z-]*))*))?",
    re.ASCII,
)


# --- what a value may be ------------------------------------------------------------------------------


def _matching(pattern: str, expected: str) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(expected)
        return value

    return AfterValidator(check)


def _text(longest: int, *, empty: bool = True) -> AfterValidator:
    """Text for people: one line, no control, bidirectional-override or zero-width characters."""

    def check(value: str) -> str:
        if len(value) > longest or (not empty and not value.strip()):
            raise ValueError(f"must have {0 if empty else 1} to {longest} characters")
        if not value.isprintable() or unicodedata.normalize("NFC", value) != value:
            raise ValueError("must be one line of visible characters (Unicode NFC)")
        return value

    return AfterValidator(check)


def _plain(number: float) -> str:
    return f"{int(number):,}" if abs(number) < 1e18 and number == int(number) else f"{number:g}"


def _within(low: float, high: float) -> AfterValidator:
    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"must lie between {_plain(low)} and {_plain(high)}")
        return value

    return AfterValidator(check)


def _pack_id(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", value, re.ASCII) is None or is_device_name(value):
        raise ValueError("must be 2 to 64 lower-case letters, digits and hyphens, such as lung-histology")
    return value


def _version(value: str) -> str:
    if len(value) > 64 or _SEMVER.fullmatch(value) is None:
        raise ValueError("must be a semantic version in lower case, such as 1.0.0 or 1.1.0-rc.1")
    return value


def _label(value: str) -> str:
    if ":" in value:
        raise ValueError('must not contain ":", which separates fields in other programs')
    return value


def _resize(value: str) -> str:
    if value != RESIZE_METHOD:
        raise ValueError(f'must be "{RESIZE_METHOD}", the only method this program implements')
    return value


def _date(value: str) -> str:
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise ValueError("must be a date written as 2025-12-31")


def _positive(value: float) -> float:
    if not 0 < value <= 1e9:
        raise ValueError("must be larger than 0")
    return value


def _listed(value: object) -> object:
    """JSON has lists where the frozen models have tuples."""
    return tuple(value) if isinstance(value, list) else value


def _role(value: object) -> object:
    names = [role.value for role in Role]
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"must be one of {', '.join(names)}")
    return Role(value)


Sha256 = Annotated[str, _matching(r"[0-9a-f]{64}", "must be 64 lower-case hexadecimal digits")]
Share = Annotated[float, _within(0, 1)]
Threshold = Annotated[float, _within(-1e30, 1e30)]
Positive = Annotated[float, AfterValidator(_positive)]
Words = Annotated[str, _text(200)]
Name = Annotated[str, _text(80, empty=False)]
TargetName = Annotated[str, _matching(r"[a-z][a-z0-9_]{0,63}", "must be lower-case letters, digits and _")]


# --- the schema -----------------------------------------------------------------------------------------


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )


class _Class(_Part):
    id: Annotated[
        str,
        _matching(r"[a-z0-9][a-z0-9_]{0,31}", "must be 1 to 32 lower-case letters, digits and underscores"),
    ]
    label: Annotated[Name, AfterValidator(_label)]
    colour: Annotated[str, _matching(r"#[0-9a-f]{6}", "must be a colour such as #d62728, in lower case")]
    role: Annotated[Role, BeforeValidator(_role)]


class _Window(_Part):
    centre: Annotated[float, _within(-32768, 32767)]
    width: Annotated[float, _within(2, 65535)]


class _Input(_Part):
    size: Annotated[int, _within(32, 1024)]
    um_per_px: Positive
    field_um: Positive
    resize: Annotated[str, AfterValidator(_resize)]
    again_below: Annotated[float, _within(0, 100)] = 0.0
    window: _Window | None = None

    @model_validator(mode="after")
    def _field_is_size_times_scale(self) -> _Input:
        covered = self.um_per_px * self.size
        if abs(covered - self.field_um) > 0.01 * self.field_um:
            raise ValueError(
                f"size × um_per_px is {covered:g} µm, but field_um says {self.field_um:g}; "
                "they must agree within 1 %"
            )
        return self


class _Explain(_Part):
    method: Literal["cam", "grad-cam"]
    layer: Words


class _Bin(_Part):
    low: Share
    high: Share
    n: Annotated[int, _within(0, 1e12)]
    right: Annotated[int, _within(0, 1e12)]

    @model_validator(mode="after")
    def _makes_sense(self) -> _Bin:
        if self.low >= self.high or self.right > self.n:
            raise ValueError("needs low < high and right ≤ n")
        return self


class _Calibration(_Part):
    method: Literal["temperature", "none"]
    temperature: Annotated[float, _within(1e-3, 1e3)]
    fitted_on: Words
    reliability: Annotated[tuple[_Bin, ...], BeforeValidator(_listed), Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> _Calibration:
        if self.method == "none" and self.temperature != 1.0:
            raise ValueError('method "none" needs temperature 1.0')
        for one, other in zip(self.reliability, self.reliability[1:], strict=False):
            if other.low < one.high:
                raise ValueError("reliability: bins must be in order and must not overlap")
        return self


class _Checks(_Part):
    min_tissue: Share
    min_contrast: Annotated[float, _within(0, 1e6)]
    min_sharpness: Annotated[float, _within(0, 1e6)]
    max_pen: Share
    min_chroma: Annotated[float, _within(0, 1e6)]
    # Packs from before this check do not have it.
    min_green_excess: Annotated[float, _within(-1, 2)] = ImageCheckLimits().min_green_excess


class _Trust(_Part):
    score: Literal["gaussian", "relative", "neighbours", "energy", "norm", "sum", "none"]
    refuse_above: Threshold
    review_below: Share
    targets: Annotated[dict[TargetName, Share], Field(max_length=32)]
    checks: _Checks


class _Provenance(_Part):
    data: Annotated[str, _text(500)]
    manifest_sha256: Annotated[
        str, _matching(r"([0-9a-f]{64})?", "must be 64 lower-case hexadecimal digits, or empty when unknown")
    ]
    split_unit: Annotated[str, _matching(r"[a-z][a-z -]{0,31}", 'must be words such as "group" or "patient"')]
    seed: Annotated[int, _within(0, 2**53)]
    code_version: Words
    date: Annotated[str, AfterValidator(_date)]


class _Stamp(_Part):
    sha256: Sha256
    bytes: Annotated[int, _within(0, MAX_PACK_BYTES)]


class Manifest(_Part):
    schema_: Annotated[Literal["lungviewer-pack/1"], Field(alias="schema")]
    id: Annotated[str, AfterValidator(_pack_id)]
    version: Annotated[str, AfterValidator(_version)]
    title: Annotated[str, _text(120, empty=False)]
    modality: Literal["histology", "ct"]
    organ: Words
    stain: Words
    classes: Annotated[
        tuple[_Class, ...], BeforeValidator(_listed), Field(min_length=2, max_length=MAX_CLASSES)
    ]
    input: _Input
    architecture: Words
    runtime: Literal["onnx", "keras"]
    validated: bool
    explain: _Explain
    calibration: _Calibration
    trust: _Trust
    provenance: _Provenance
    files: Annotated[dict[str, _Stamp], Field(max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _classes_differ(self) -> Manifest:
        for what in ("id", "label"):
            values = [getattr(c, what).casefold() for c in self.classes]
            if len(set(values)) != len(values):
                raise ValueError(f"classes: two classes have the same {what}")
        return self

    @model_validator(mode="after")
    def _window_is_of_ct(self) -> Manifest:
        if self.modality != "ct" and self.input.window is not None:
            raise ValueError("input.window is for CT only")
        return self

    @model_validator(mode="after")
    def _files_are_allowed(self) -> Manifest:
        for name, stamp in self.files.items():
            limit = byte_limit(name)
            if limit is None:
                raise ValueError(f"files: {showable(name)} is not a file that a pack may hold")
            if stamp.bytes > limit:
                raise ValueError(f"files: {showable(name)} may have at most {limit:,} bytes")
        if sum(stamp.bytes for stamp in self.files.values()) > MAX_PACK_BYTES:
            raise ValueError(f"files: together they may have at most {MAX_PACK_BYTES:,} bytes")
        return self

    @model_validator(mode="after")
    def _files_are_complete(self) -> Manifest:
        model = MODEL_ONNX if self.runtime == "onnx" else MODEL_KERAS
        if model not in self.files:
            raise ValueError(f'files: runtime "{self.runtime}" needs {model}')
        if self.trust.score != "none" and TRUST not in self.files:
            raise ValueError(f'files: trust.score "{self.trust.score}" needs {TRUST}')
        return self

"""What keys of every kind of pack.json may hold (pydantic): identity, texts, bounds, provenance, files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict

from lungviewer.packs.jsontext import showable
from lungviewer.packs.names import MAX_PACK_BYTES, is_device_name

_SEMVER = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    r"(?:-((?:0|[1-9]\d{0,8}|\d*[a-z-][0-9a-z-]*)(?:\.(?:0|[1-9]\d{0,8}|\d*[a-z-][0-9a-z-]*))*))?",
    re.ASCII,
)


def matching(pattern: str, expected: str) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(expected)
        return value

    return AfterValidator(check)


def text(longest: int, *, empty: bool = True) -> AfterValidator:
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


def within(low: float, high: float) -> AfterValidator:
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


def _date(value: str) -> str:
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise ValueError("must be a date written as 2025-12-31")


def listed(value: object) -> object:
    """JSON has lists where the frozen models have tuples."""
    return tuple(value) if isinstance(value, list) else value


Sha256 = Annotated[str, matching(r"[0-9a-f]{64}", "must be 64 lower-case hexadecimal digits")]
Words = Annotated[str, text(200)]
Name = Annotated[str, text(80, empty=False)]
Title = Annotated[str, text(120, empty=False)]
Label = Annotated[Name, AfterValidator(_label)]
PackId = Annotated[str, AfterValidator(_pack_id)]
Version = Annotated[str, AfterValidator(_version)]
EntryId = Annotated[
    str, matching(r"[a-z0-9][a-z0-9_]{0,31}", "must be 1 to 32 lower-case letters, digits and underscores")
]
"""Of a class or a stage."""


class Part(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )


class WindowPart(Part):
    centre: Annotated[float, within(-32768, 32767)]
    width: Annotated[float, within(2, 65535)]


class ProvenancePart(Part):
    data: Annotated[str, text(500)]
    manifest_sha256: Annotated[
        str, matching(r"([0-9a-f]{64})?", "must be 64 lower-case hexadecimal digits, or empty when unknown")
    ]
    split_unit: Annotated[str, matching(r"[a-z][a-z -]{0,31}", 'must be words such as "group" or "patient"')]
    seed: Annotated[int, within(0, 2**53)]
    code_version: Words
    date: Annotated[str, AfterValidator(_date)]


class StampPart(Part):
    sha256: Sha256
    bytes: Annotated[int, within(0, MAX_PACK_BYTES)]


class _Named(Protocol):
    id: str
    label: str


def check_distinct(what: str, entries: Sequence[_Named]) -> None:
    """No two classes (or stages) have the same id or label."""
    for key in ("id", "label"):
        values = [str(getattr(entry, key)).casefold() for entry in entries]
        if len(set(values)) != len(values):
            raise ValueError(f"{what}: two {what} have the same {key}")


def check_files(files: Mapping[str, StampPart], byte_limit: Callable[[str], int | None], most: int) -> None:
    """Only files that this kind of pack may hold, none too large, all together at most `most` bytes."""
    for name, stamp in files.items():
        limit = byte_limit(name)
        if limit is None:
            raise ValueError(f"files: {showable(name)} is not a file that a pack may hold")
        if stamp.bytes > limit:
            raise ValueError(f"files: {showable(name)} may have at most {limit:,} bytes")
    if sum(stamp.bytes for stamp in files.values()) > most:
        raise ValueError(f"files: together they may have at most {most:,} bytes")

"""A sentence for the person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is "info", "warning" or "error"."""

    kind: str
    text: str

"""A sentence for the person."""

from __future__ import annotations

from dataclasses import dataclass

FILE_TOPIC = "file"
"""What happened to the file that is looked at: told until another one is."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is "info", "warning" or "error". It takes the place of an earlier one of the same `topic`;
    without a text it only takes that away."""

    kind: str
    text: str
    topic: str = ""

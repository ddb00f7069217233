"""Something the person should know, said while a job runs (through `JobContext.partial`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """One or more sentences; loud ones start in capitals."""

    text: str

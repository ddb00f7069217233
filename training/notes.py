"""Something the person should know, said while a job runs (through `JobContext.partial`)."""

from __future__ import annotations

from dataclasses import dataclass

OTHER_FOLDER_NOTE = (
    "This is not the folder that the pack was trained on. Where the two share images, slides or patients, "
    "the figures given here are too good."
)


@dataclass(frozen=True, slots=True)
class Note:
    """One or more sentences; loud ones start in capitals. `level` is "note", "warning" (figures, or what was
    done, must be read with care), "stop" (must be corrected) or "result" (the outcome in words)."""

    text: str
    level: str = "note"


@dataclass(frozen=True, slots=True)
class Stage:
    """A long job has come to stage `step` of `steps`; `text` names it."""

    step: int
    steps: int
    text: str

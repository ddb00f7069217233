"""Something the person should know, said while a job runs (through `JobContext.partial`)."""

from __future__ import annotations

from dataclasses import dataclass

OTHER_FOLDER_NOTE = (
    "This is not the folder that the pack was trained on. Where the two share images, slides or patients, "
    "the figures given here are too good."
)


@dataclass(frozen=True, slots=True)
class Note:
    """One or more sentences; loud ones start in capitals."""

    text: str

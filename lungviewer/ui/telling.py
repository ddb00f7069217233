"""What may be said of an answer while a reviewer reads blinded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from lungviewer.core.types import SLIDE, ImageRecord, Status

Hidden = Callable[[Path | None], bool]
"""Whether a blinded reviewer has not decided about an image yet."""


def told(record: ImageRecord, hidden: bool) -> ImageRecord | None:
    """The answer as it may be told; None when nothing of it may, not even how sure the model is.

    That an image is refused or cannot be read, and why, is always told: no class follows from it. What the
    model would have called a refused one is not. Of a slide without a call the reasons may speak of tumour
    tiles, or be silent about them: nothing is told once tissue was analysed.
    """
    if not hidden or record.status is Status.ERROR:
        return record
    analysed = record.kind == SLIDE and record.tumour_share is not None
    if analysed or record.status in (Status.OK, Status.REVIEW):
        return None
    return replace(record, probabilities={}, tumour_share=None, top_x=None, top_y=None)


def hidden_words() -> str:
    """What stands where an answer would."""
    return QCoreApplication.translate("telling", "answer hidden")

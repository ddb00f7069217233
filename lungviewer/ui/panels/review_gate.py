"""Why an answer cannot be accepted, or an image not be given a class, in words for the panel and its keys."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from lungviewer.core.model import ModelSpec
from lungviewer.core.types import ImageRecord
from lungviewer.ui.ct.words import is_series
from lungviewer.ui.panels.review_words import chosen_label
from lungviewer.ui.unmapped import is_unread


def _tr(text: str) -> str:
    return QCoreApplication.translate("review", text)


def no_class(record: ImageRecord | None) -> str:
    """Why the image cannot be given a class; "" when it can."""
    if record is not None and is_unread(record):
        return _tr("The image cannot be read, so nobody can say what it shows. A comment can be written.")
    return ""


def no_acceptance(record: ImageRecord | None, chosen: str, spec: ModelSpec | None) -> str:
    """Why the answer cannot be accepted; "" when it can. `chosen`: the class in the box, "" for none."""
    if record is not None and is_series(record):
        return _tr(
            "There is no call for a whole series. Choose a class and override: it is recorded for all of it."
        )
    if record is None or not record.predicted_class:
        return no_class(record) or _tr("There is no call to accept. Choose a class and override.")
    if chosen in ("", record.predicted_class):
        return ""
    return _tr(
        "You chose {chosen}, the call is {call}. Override to record your class, or set the class back to "
        "“Choose…” to accept the call."
    ).format(chosen=chosen_label(chosen, spec), call=chosen_label(record.predicted_class, spec))

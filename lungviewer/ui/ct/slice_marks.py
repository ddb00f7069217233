"""What each slice of a series was called, as marks in a row and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.types import Status
from lungviewer.services.ct_result import SeriesResult, SliceCall
from lungviewer.ui.words import class_label, percent, reason_sentence

REFUSED, UNREADABLE = "refused", "unreadable"

_HEIGHTS = {Role.NORMAL: 1 / 3, Role.BENIGN: 2 / 3, Role.TUMOUR: 1.0}
"""So that classes are told apart without their colours."""


@dataclass(frozen=True, slots=True)
class SliceMark:
    """`kind`: a class id, `REFUSED` or `UNREADABLE`; `height` 0–1; `colour` as #rrggbb, "" where it is
    hatched or crossed out; `words` for people."""

    kind: str
    words: str
    height: float = 1.0
    colour: str = ""


def marks_of(result: SeriesResult | None, spec: ModelSpec | None) -> Mapping[int, SliceMark]:
    """A mark for every slice that was looked at, by its index."""
    if result is None or spec is None:
        return {}
    marks = {index: SliceMark(UNREADABLE, why) for index, why in result.failed.items()}
    for index, call in result.calls.items():
        words, called = call_words(call, spec), call.prediction.predicted
        if called is None:
            marks[index] = SliceMark(REFUSED, words)
        else:
            known = spec.class_by_id(called)
            marks[index] = SliceMark(called, words, _HEIGHTS[known.role], known.colour)
    return marks


def call_words(call: SliceCall, spec: ModelSpec | None) -> str:
    """ "Malignant 94 %", with "needs review" where it does; of a refused slice why it was."""
    prediction = call.prediction
    if prediction.predicted is None or prediction.confidence is None:
        why = reason_sentence(prediction.reasons[0]) if prediction.reasons else ""
        return _tr("Refused. {why}").format(why=why).strip()
    said = _tr("{label} {percent}").format(
        label=class_label(prediction.predicted, spec), percent=percent(prediction.confidence)
    )
    if prediction.status is Status.REVIEW:
        return _tr("{said}, needs review").format(said=said)
    return said


def _tr(text: str) -> str:
    return QCoreApplication.translate("slice_marks", text)

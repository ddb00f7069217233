"""CT series in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.ct import CT, CtSeries
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.types import ImageRecord
from lungviewer.ui.words import count, reason_codes, reason_sentence

SERIES_CODE = "series_not_validated"
"""Among the reasons of every row of a whole series, and of no other."""

_UNFINISHED = "series_not_finished"


def _tr(text: str) -> str:
    return QCoreApplication.translate("ct", text)


def is_series(record: ImageRecord) -> bool:
    """Whether a row is about a whole series."""
    return record.kind == CT and SERIES_CODE in reason_codes(record)


def badge(record: ImageRecord, spec: ModelSpec | None) -> str:
    """Of a row of a series: how many of its slices were called tumour, by the class's name if it is one; how
    many were refused, and whether there is more to come."""
    judged, refused = record.tiles or 0, record.tiles_refused or 0
    codes = reason_codes(record)
    unfinished = _UNFINISHED in codes
    if not judged:
        return _tr("not looked at yet")
    if judged == refused:
        text = _tr("{slices} refused so far") if unfinished else _tr("every slice was refused")
        return text.format(slices=slices(judged))
    tumour = [known.label for known in spec.classes if known.role is Role.TUMOUR] if spec is not None else []
    if unfinished:
        text = _tr("{label}: {n} of {all} so far")
    elif "series_unreadable" in codes:
        text = _tr("{label}: {n} of {all}, some unreadable")
    else:
        text = _tr("{label}: {n} of {all}, {refused} refused") if refused else _tr("{label}: {n} of {slices}")
    return text.format(
        label=tumour[0] if len(tumour) == 1 else _tr("tumour"),
        n=count(round((record.tumour_share or 0.0) * (judged - refused))),
        all=count(judged),
        slices=slices(judged),
        refused=count(refused),
    )


def slices(number: int) -> str:
    """ "1 slice", "32 slices"."""
    return _tr("1 slice") if number == 1 else _tr("{n} slices").format(n=count(number))


def series_name(number: int, part: int, length: int) -> str:
    """ "Series 3 · 128 slices". `part`: from 1, where several have this number; 0: it is the only one."""
    text = _tr("Series {number} ({part}) · {slices}") if part else _tr("Series {number} · {slices}")
    # Numbers of series are names: never "3,000,566".
    return text.format(number=number, part=part, slices=slices(length))


def about(series: CtSeries) -> str:
    """ "32 slices, 2.5 mm apart."."""
    found = slices(len(series.slices))
    if series.step_mm is None:
        return _tr("{slices}.").format(slices=found)
    step = QLocale().toString(series.step_mm, "g", 3)
    return _tr("{slices}, {step} mm apart.").format(slices=found, step=step)


def notes(series: CtSeries) -> list[str]:
    """What is odd about a series, as sentences."""
    return [reason_sentence(code) for code in series.notes]

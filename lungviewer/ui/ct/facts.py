"""What is known of a series and of the slice that is looked at, by name."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.ct import CtSeries
from lungviewer.ui.words import count


def _tr(text: str) -> str:
    return QCoreApplication.translate("ct", text)


def series_facts(series: CtSeries, index: int) -> dict[str, str]:
    """For slice `index`, from 0. No field of a patient: only file names, which the person sees anyway."""
    part, number = series.slices[index], QLocale().toString
    facts = {
        _tr("Slice"): _tr("{n} of {all}").format(n=count(index + 1), all=count(len(series.slices))),
        _tr("File"): part.path.name,
    }
    if series.width:
        facts[_tr("Size")] = _tr("{width} × {height} px").format(width=series.width, height=series.height)
    unknown, mm = _tr("not stated"), _tr("{n} mm")
    spacing = series.spacing_mm
    facts[_tr("Pixels")] = (
        unknown
        if spacing is None
        else _tr("{n} × {m} mm").format(n=number(spacing[0], "g", 4), m=number(spacing[1], "g", 4))
    )
    facts[_tr("Between slices")] = (
        unknown if series.step_mm is None else mm.format(n=number(series.step_mm, "g", 4))
    )
    facts[_tr("Position")] = (
        unknown if part.position_mm is None else mm.format(n=number(part.position_mm, "f", 1))
    )
    return facts
